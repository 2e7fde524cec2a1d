// Package tacit lets organisations and people who do not trust one another compute a function of their private inputs
// together and learn nothing but its result.
//
// The programs are cmd/preprocessor (built as bin/pre, hosts a session) and cmd/party (built as bin/party, takes part). The
// libraries below them can be used alone:
//
//	garble        compiles a Garble program to a circuit, reads inputs and prints results
//	circuit       Boolean circuits: build, optimise, evaluate in the clear, read and write Bristol files
//	mpc           runs a circuit among n parties, secure against n-1 malicious ones, with abort
//	ot            base oblivious transfers and SoftSpoken correlated OT
//	channel       the interface between protocol and network; channel/mesh implements it over QUIC, channel/memory in one process
//	coord         brings the parties of a session together: tickets, roster, agreement, live state
//	identity      Ed25519 keys and the TLS configurations that check them
//	natpunch      finds and watches paths between two parties: candidates, STUN, hole punching
//	relay         a TURN server with short-lived credentials, and its client
//
// The crypto tower (circuit, garble, ot, mpc) knows nothing of sockets, the network tower (coord, natpunch, relay) nothing of
// circuits; they meet in channel.Channel. The tests of this package hold those floors.
package tacit
