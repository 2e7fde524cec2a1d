// Package relay carries packets between parties that find no direct path: a TURN server (RFC 8656) with short-lived
// credentials and strict limits, and a TURN client as a net.PacketConn. A relay reads nothing: what it carries is QUIC,
// encrypted between the parties.
//
// Credentials are those of the TURN REST scheme (draft-uberti-behave-turn-rest-00), wire-compatible with coturn's
// use-auth-secret: the coordinator mints them from a secret that it shares with the relay, each for one party of one room (a
// session) and some minutes. SHA-1 and MD5 appear in them only as message authentication under a high-entropy secret, as the
// scheme demands.
//
// The server is no open proxy: a party may reach only the addresses of other parties of its room and the relay's own ports,
// and never a private, local or special range (Policy).
package relay
