package mesh

import (
	"sync"
	"time"

	"github.com/quic-go/quic-go"
)

// share is what one of the connections to `peers` peers may hold: the window beyond connWindow, and each of its two queues.
func share(budget, peers int) (window uint64, queue int) {
	each := budget / peers
	window = uint64(min(max(each/2-connWindow, 0), maxConnWindow-connWindow))
	return window, min(max(each/4, minQueue), maxQueue)
}

// windows grants growth of connection windows out of equal shares, so that all peers together stay within the budget.
type windows struct {
	mu      sync.Mutex
	share   uint64
	granted map[*quic.Conn]uint64
}

// setShare states the share of each connection. Growth already granted stays.
func (w *windows) setShare(share uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.share = share
}

// allow is quic.Config.AllowConnectionWindowIncrease. It must not call into conn.
func (w *windows) allow(conn *quic.Conn, delta uint64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.granted == nil {
		w.granted = make(map[*quic.Conn]uint64)
	}
	if w.granted[conn]+delta > w.share {
		return false
	}
	w.granted[conn] += delta
	return true
}

func (w *windows) forget(conn *quic.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.granted, conn)
}

// config is the QUIC configuration of a connection between parties. A listener takes idle timeouts up to longestPatience; the
// smaller one of both sides holds, and each Mesh watches its own patience besides.
func (w *windows) config(idle time.Duration, controlStreams int64) *quic.Config {
	return &quic.Config{
		InitialPacketSize:              firstPacket,
		HandshakeIdleTimeout:           handshakeTimeout,
		MaxIdleTimeout:                 idle,
		KeepAlivePeriod:                keepAlive,
		InitialStreamReceiveWindow:     streamWindow,
		MaxStreamReceiveWindow:         maxStreamWindow,
		InitialConnectionReceiveWindow: connWindow,
		MaxConnectionReceiveWindow:     maxConnWindow,
		AllowConnectionWindowIncrease:  w.allow,
		MaxIncomingStreams:             controlStreams,
		MaxIncomingUniStreams:          maxStreams,
	}
}
