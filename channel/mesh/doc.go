// Package mesh is a channel.Channel between real parties: one QUIC connection (RFC 9000) for each pair, all of them over one UDP
// socket per party.
//
//	sock, err := mesh.Listen(":0", key)            // also dials the coordinator: sock.Dial
//	m, err := mesh.Join(ctx, sock, mesh.Config{...}) // when the roster is known; returns when everyone is connected
//	...
//	m.Close()                                      // delivers what was sent; or m.Leave(reason, text), at once
//	sock.Close()
//
// # Connecting
//
// The lower seat of a pair dials, the higher one accepts. The dialer races all addresses of its peer, nearest first, and tries
// again with growing pauses until Config.ConnectTimeout; the error then names who is missing, what was tried and how each try
// ended.
//
//	lower seat                                higher seat
//	    QUIC and TLS 1.3 handshake: each proves its Ed25519 key
//	    check: the peer's key                  check: a key of the roster, of a lower seat
//	    hello (session, seats, parties) --->
//	                                    <---   welcome (the same, reversed)
//	    take (of several, this one)     --->
//	    one stream a message            <-->   one stream a message
//	    goodbye (count)                 --->
//	                                    <---   have (count)
//	    close (reason)                  --->
//
// A pair is thus bound to two keys of the roster, the session and both seats. A key that is not on the roster is turned down
// before anything is said to it; a party in another session or seat after its hello; one that says nothing after a deadline. None
// of them disturbs the others.
//
// # Messages
//
// A message is one unidirectional stream. Streams are sent strictly one after the other, and one goroutine for each connection
// reads them in that order, so that no message waits behind a later one: with quic-go's default round-robin many small messages
// and a slow reader stop for good (see limits.go). RecvFrom takes messages from a queue bounded in bytes; when it is full, the
// reader stops, then flow control stops the sender's connection, then its queue fills and SendTo waits.
//
// Memory: Config.Budget covers windows and queues of all peers together, in equal shares (never less than 3 MiB a peer), and one
// message for each peer comes on top while it is put together. It grows with what arrives, not with what a peer announces.
//
// # The end
//
// Close, Leave and every failure are told to the peers, whose calls then fail with a *channel.PeerError around
// a *LeftError (the peer said why), a *LostError (it is gone without a word) or a *ViolationError (it sent nonsense). Messages
// that arrived before are still received first. A peer that is silent is lost after Config.Patience; earlier, six seconds into
// the silence, if its machine answers that nobody has its port (a killed process on this machine or link), or if PeerGone was told
// that it is dead.
//
// # Socket buffers
//
// QUIC wants 7 MiB of kernel buffer in each direction. Linux grants less by default; bursts beyond it are lost and sent again,
// which costs throughput and nothing else. Socket.Warnings reports it. An administrator raises the limits with
//
//	sysctl -w net.core.rmem_max=7340032 net.core.wmem_max=7340032
package mesh
