package natpunch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/stun/v3"
)

// maxSTUN bounds the STUN messages that are looked at; a Binding response is far smaller.
const maxSTUN = 548 // RFC 8489 section 6.1

// Respond answers a STUN Binding request (RFC 8489) with the address that it came from. It returns nil for anything else.
func Respond(packet []byte, from netip.AddrPort) []byte {
	if len(packet) > maxSTUN || !stun.IsMessage(packet) {
		return nil
	}
	var m stun.Message
	if stun.Decode(packet, &m) != nil || m.Type != stun.BindingRequest {
		return nil
	}
	from = unmap(from)
	r, err := stun.Build(stun.NewTransactionIDSetter(m.TransactionID), stun.BindingSuccess,
		&stun.XORMappedAddress{IP: net.IP(from.Addr().AsSlice()), Port: int(from.Port())}, stun.Fingerprint)
	if err != nil {
		return nil
	}
	return r.Raw
}

func unmap(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }

// A STUN asks STUN servers from a socket that others use too: whoever reads the socket passes what arrives to Handle.
type STUN struct {
	send func(p []byte, to netip.AddrPort)

	mu      sync.Mutex
	pending map[[stun.TransactionIDSize]byte]*question
}

// NewSTUN returns a client that sends with send, which must not block.
func NewSTUN(send func(p []byte, to netip.AddrPort)) *STUN {
	return &STUN{send: send, pending: map[[stun.TransactionIDSize]byte]*question{}}
}

// stunWait are the pauses before each repetition (RFC 8489 section 6.2.1, with a shorter first one), and before giving up.
var stunWait = []time.Duration{
	100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond, 800 * time.Millisecond, 1500 * time.Millisecond,
}

var errNoAnswer = errors.New("no answer")

// Query returns our address as the server sees it. It takes three seconds at most.
func (s *STUN) Query(ctx context.Context, server netip.AddrPort) (netip.AddrPort, error) {
	return s.ask(server).wait(ctx)
}

// A question has been sent to a server once; wait repeats it, and must be called.
type question struct {
	stun   *STUN
	server netip.AddrPort
	m      *stun.Message
	answer chan netip.AddrPort // holds one
	err    error
}

func (s *STUN) ask(server netip.AddrPort) *question {
	q := &question{stun: s, server: unmap(server), answer: make(chan netip.AddrPort, 1)}
	if q.m, q.err = stun.Build(stun.TransactionID, stun.BindingRequest, stun.Fingerprint); q.err != nil {
		return q
	}
	s.mu.Lock()
	s.pending[q.m.TransactionID] = q
	s.mu.Unlock()
	s.send(q.m.Raw, q.server)
	return q
}

func (q *question) wait(ctx context.Context) (netip.AddrPort, error) {
	a, err := q.repeat(ctx)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("ask STUN server %v: %w", q.server, err)
	}
	return a, nil
}

func (q *question) repeat(ctx context.Context) (netip.AddrPort, error) {
	if q.err != nil {
		return netip.AddrPort{}, q.err
	}
	defer func() {
		q.stun.mu.Lock()
		delete(q.stun.pending, q.m.TransactionID)
		q.stun.mu.Unlock()
	}()
	for i, wait := range stunWait {
		if i > 0 {
			q.stun.send(q.m.Raw, q.server)
		}
		timer := time.NewTimer(wait)
		select {
		case a := <-q.answer:
			timer.Stop()
			return a, nil
		case <-ctx.Done():
			timer.Stop()
			return netip.AddrPort{}, context.Cause(ctx)
		case <-timer.C:
		}
	}
	return netip.AddrPort{}, errNoAnswer
}

// Handle takes a packet if it is a STUN message, which nothing but an answer to Query should be. Only the server that was asked
// may answer, once. It never blocks and does not keep the packet.
func (s *STUN) Handle(packet []byte, from netip.AddrPort) bool {
	if !stun.IsMessage(packet) {
		return false
	}
	if len(packet) > maxSTUN {
		return true
	}
	var m stun.Message
	if stun.Decode(packet, &m) != nil || m.Type != stun.BindingSuccess {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q, ok := s.pending[m.TransactionID]
	if !ok || q.server != unmap(from) {
		return true
	}
	var mapped stun.XORMappedAddress
	if mapped.GetFrom(&m) != nil || mapped.Port < 1 || mapped.Port > 65535 {
		return true
	}
	ip, ok := netip.AddrFromSlice(mapped.IP)
	if !ok {
		return true
	}
	delete(s.pending, m.TransactionID)
	q.answer <- netip.AddrPortFrom(ip.Unmap(), uint16(mapped.Port))
	return true
}
