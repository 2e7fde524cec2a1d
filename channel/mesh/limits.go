package mesh

import "time"

// Limits of one connection. Message streams are non-incremental (RFC 9218): quic-go sends them in the order of their ids, so
// what fills the connection window is always a prefix of the messages, and a reader that takes them in order can go on. With
// the default round-robin the tail of an early message waits behind later ones that have eaten the window: a deadlock.
const (
	maxStreams = 64      // message streams open at once
	pipelined  = 8 << 10 // bytes; a larger message has left for the wire before the next one starts
	flushEvery = 32      // so has every 32nd, whatever its size: what waits in memory has a bound that the peer cannot move

	streamWindow     = 4 << 20 // a fragment of the engine, so that its stream never waits for credit
	maxStreamWindow  = 8 << 20
	connWindow       = 1 << 20 // granted to whoever finishes a handshake; it grows as we read
	maxConnWindow    = 32 << 20
	minQueue         = 1 << 20
	maxQueue         = 16 << 20
	messageOverhead  = 64      // bytes that a queued message counts beside its own
	defaultBudget    = 1 << 29 // bytes, all peers together
	defaultMaxSize   = 64 << 20
	largestMaxSize   = 1 << 30
	mostSeats        = 64
	mostAddrs        = 32 // candidate addresses of a peer that are tried
	mostHandshakes   = 128
	busyPackets      = 4 // sends within checkEvery that mean traffic, not keep-alives
	mostProbes       = 4
	mostMoves        = 5 // that fail in a row, after which QUIC is left in peace
	connectionIDSize = 8
	firstPacket      = 1200 // bytes of UDP payload, fits where the MTU is 1280; path MTU discovery finds more
)

// The invariants that keep pipelined messages from filling a window: they fail to compile if broken.
const (
	_ = uint(connWindow - maxStreams*(pipelined+prefixSize) - 1)
	_ = uint(streamWindow - pipelined - prefixSize)
	_ = uint(maxStreams - flushEvery)
)

// Times.
const (
	defaultPatience  = 60 * time.Second
	longestPatience  = 10 * time.Minute
	defaultConnect   = 60 * time.Second
	defaultLinger    = 10 * time.Second
	keepAlive        = 4 * time.Second // a living peer is heard from at least this often
	quietAfter       = 6 * time.Second // silence after which other proof of death is believed
	checkEvery       = time.Second
	handshakeTimeout = 5 * time.Second
	helloTimeout     = 10 * time.Second // that the dialer waits for a welcome
	silenceTimeout   = 15 * time.Second // after which one who dialed must have said everything
	unreachedEvery   = 5 * time.Second  // that Join tells whom it looks for
	firstBackoff     = 100 * time.Millisecond
	longestBackoff   = 2 * time.Second
	longOutage       = 2 * time.Second        // over a relay, after which QUIC is to notice the next direct path
	firstProbe       = 50 * time.Millisecond  // wait for the answer to a probe, at least; then twice that, and so on
	longestProbe     = time.Second            // the same, at most
	firstMove        = time.Second            // after a move that failed; then twice that, and so on
	moveEvery        = 500 * time.Millisecond // moves of a peer that are let in
)
