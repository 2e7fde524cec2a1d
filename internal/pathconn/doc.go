// Package pathconn is one UDP socket under QUIC with many paths (design D1). QUIC addresses each peer by a synthetic address;
// where a packet really goes (straight to a peer, through another socket, over a relay, or several at
// once while nothing is proven) is the peer's Route, which may change at any moment without QUIC noticing more than a new
// round-trip time.
//
// Where QUIC should notice, because what it has measured of the old path is no use on the new one, it is shown a move: a QUIC
// client gets a View of the peer to make a second quic.Transport of, for its AddPath; at the QUIC server the peer gets a new
// address (Readdress).
//
// A Conn keeps quic-go's fast path: it has the methods of *net.UDPConn that carry out-of-band data, reads batches, and hands
// segmented sends (UDP_SEGMENT) to the kernel when a packet goes straight through the main socket. What it does for quic-go
// beyond that:
//
//   - A path error is a lost packet: for quic-go every failed write but EMSGSIZE ends a connection, and every failed read the
//     whole transport.
//   - Packets above MaxPacket are refused with EMSGSIZE, so that path MTU discovery cannot find a size on one path that
//     strands on the next.
//   - Over a route that packets of the size in use do not pass (Route.Narrow), each travels in two pieces, which the other end
//     puts together: QUIC never makes its packets smaller again.
//   - A packet whose first two bits are zero is not QUIC's (RFC 9443): it goes to Intercept.
//   - QUIC packets from an address that belongs to no peer and that nobody allowed are dropped: strangers get no answer, and a
//     peer's new address counts once a ping has proven it.
package pathconn
