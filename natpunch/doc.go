// Package natpunch finds direct UDP paths between parties behind NATs and firewalls, proves them, and watches them. It knows
// nothing of QUIC, relays' protocols or the coordinator; relayed addresses are to it just more addresses, of last resort.
//
// A party has one UDP socket. Whoever owns it passes what arrives to STUN.Handle and Puncher.Handle, and keeps the rest.
//
//	Gather   what addresses do we have? The machine's own, what STUN servers saw (RFC 8489), a port mapped by the router (PCP,
//	         NAT-PMP, UPnP), those that the user gave. Candidates and the Behaviour of the NAT go to the peers as they are found.
//	Pair     what address of the peer answers? Both parties ping all of the other's candidates at the same time, so that each
//	         opens its own NAT; every authentic ping is answered, and answered by a ping (a triggered check of RFC 8445); the
//	         source of a ping is a candidate as well (peer-reflexive).
//	Watch    did the machine's addresses change? Then Gatherer.Again and Pair.Repunch.
//
//	lower seat                                        higher seat
//	    | ping --------------------> X (NAT: unknown)      |
//	    | <------------------------------------------ ping |   passes: the lower one has opened its NAT
//	    | pong ------------------------------------------> |
//	    | ping (triggered) ------------------------------> |
//	    | <------------------------------------------ pong |   both have had a ping and a pong: proven
//
// A path is direct unless one party's NAT picks a new port for every destination and the other's lets only in what it wrote to
// by address and port. Then ports are predicted, and if that fails both try many at once (birthday punching), for a bounded time
// and at most once a minute.
//
// Security. Pings carry a MAC under keys of the two parties alone, one for each direction, and pass once: a stranger, the
// coordinator, a reflector or a replayer proves nothing and learns nothing but that somebody is there. Who sits on the wire can
// forward pings from an address of its own and so become the path; what runs over the path must be encrypted and authenticated
// end to end, as it must be anyway. Addresses that others name are pinged, at a bounded rate, unless no party can have them
// (Usable). STUN answers are believed only from the server asked; port mappings only from the router before this machine.
package natpunch
