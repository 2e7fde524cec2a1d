package coord

import (
	"net/netip"

	"golang.org/x/crypto/cryptobyte"

	"github.com/tacit-mpc/tacit/identity"
)

// What the coordinator says. An end is in outcome.go.

type (
	welcome struct {
		session  SessionID
		seat     int
		seats    int
		observed netip.AddrPort
		keeps    bool             // the coordinator keeps its state over a restart, so it is worth waiting for
		stun     []netip.AddrPort // further STUN servers
		ports    []uint16         // and such at the address where we reached the coordinator
		relays   []grant
	}
	event  struct{ Event }
	nonces struct{ list [][32]byte }
	start  struct{}
	end    struct{ err error } // nil: everybody is done
	ping   struct{ number uint32 }
	pong   struct{ number uint32 }
	// rosterMessage has what a Roster has before it is sealed.
	rosterMessage struct{ *Roster }
)

func (welcome) frame() frameType       { return frameWelcome }
func (event) frame() frameType         { return frameEvent }
func (rosterMessage) frame() frameType { return frameRoster }
func (nonces) frame() frameType        { return frameNonces }
func (start) frame() frameType         { return frameStart }
func (end) frame() frameType           { return frameEnd }
func (ping) frame() frameType          { return framePing }
func (pong) frame() frameType          { return framePong }

func (start) append(*cryptobyte.Builder) {}

func (p ping) append(b *cryptobyte.Builder) { b.AddUint32(p.number) }
func (p pong) append(b *cryptobyte.Builder) { b.AddUint32(p.number) }

func (w welcome) append(b *cryptobyte.Builder) {
	b.AddUint8(wireVersion)
	b.AddBytes(w.session[:])
	addSeat(b, w.seat)
	addSeat(b, w.seats-1)
	addAddr(b, w.observed)
	addBool(b, w.keeps)
	addAddrs(b, w.stun)
	b.AddUint8(uint8(len(w.ports)))
	for _, port := range w.ports {
		b.AddUint16(port)
	}
	addGrants(b, w.relays)
}

func readWelcome(s *cryptobyte.String) (welcome, bool) {
	var w welcome
	var version uint8
	ok := s.ReadUint8(&version) && version == wireVersion && s.CopyBytes(w.session[:]) && readSeat(s, false, &w.seat) &&
		readSeat(s, false, &w.seats) && readAddr(s, &w.observed) && readBool(s, &w.keeps) && readAddrs(s, &w.stun)
	w.seats++
	var ports uint8
	ok = ok && s.ReadUint8(&ports) && ports <= maxAddrs
	for range ports {
		var port uint16
		ok = ok && s.ReadUint16(&port) && port != 0
		w.ports = append(w.ports, port)
	}
	ok = ok && readGrants(s, &w.relays)
	return w, ok && w.seats >= MinSeats && w.seat < w.seats
}

func (e event) append(b *cryptobyte.Builder) {
	addSeat(b, e.Seat)
	b.AddUint8(uint8(e.State))
	b.AddUint8(uint8(e.Cause))
	addBool(b, e.Closed)
	addText(b, e.Reason)
	b.AddBytes(e.Key[:])
	addText(b, e.Name)
}

// readEvent holds a state to its cause: only who failed or is lost has one.
func readEvent(s *cryptobyte.String) (event, bool) {
	var e event
	ok := readSeat(s, false, &e.Seat) && readState(s, &e.State) && readCause(s, &e.Cause) && readBool(s, &e.Closed) && readText(s, maxReason, &e.Reason) &&
		s.CopyBytes(e.Key[:]) && readText(s, maxName, &e.Name)
	return e, ok && (e.State == Failed || e.State == Lost) == (e.Cause != NoCause) && (e.State == Lost || !e.Closed)
}

func (n nonces) append(b *cryptobyte.Builder) {
	for _, nonce := range n.list {
		b.AddBytes(nonce[:])
	}
}

func readNonces(s *cryptobyte.String) (nonces, bool) {
	var n nonces
	for !s.Empty() {
		var nonce [32]byte
		if !s.CopyBytes(nonce[:]) {
			return n, false
		}
		n.list = append(n.list, nonce)
	}
	return n, true
}

// appendFixed writes what every party must hold equal: all of the roster but addresses. It is hashed, too.
func (r *Roster) appendFixed(b *cryptobyte.Builder) {
	b.AddBytes(r.Session[:])
	addSeat(b, r.Evaluator)
	addSeats(b, r.Outputs)
	addFields(b, r.Fields)
	addSeat(b, len(r.Members)-1)
	for _, m := range r.Members {
		b.AddBytes(m.Key[:])
		addText(b, m.Name)
		addFields(b, m.Consts)
		b.AddBytes(m.commitment[:])
		b.AddBytes(m.PunchKey[:])
	}
}

func (r rosterMessage) append(b *cryptobyte.Builder) {
	r.appendFixed(b)
	for _, m := range r.Members {
		addAddrs(b, m.Addrs)
	}
}

func readRoster(s *cryptobyte.String) (rosterMessage, bool) {
	var r Roster
	var seats int
	if !s.CopyBytes(r.Session[:]) || !readSeat(s, false, &r.Evaluator) || !readSeats(s, &r.Outputs) || !readFields(s, &r.Fields) ||
		!readSeat(s, false, &seats) {
		return rosterMessage{}, false
	}
	seats++
	keys := make(map[identity.ID]bool)
	for seat := range seats {
		m := Member{Seat: seat}
		if !s.CopyBytes(m.Key[:]) || !readText(s, maxName, &m.Name) || !readFields(s, &m.Consts) || !s.CopyBytes(m.commitment[:]) ||
			!s.CopyBytes(m.PunchKey[:]) {
			return rosterMessage{}, false
		}
		keys[m.Key] = true
		r.Members = append(r.Members, m)
	}
	for seat := range seats {
		if !readAddrs(s, &r.Members[seat].Addrs) {
			return rosterMessage{}, false
		}
	}
	inRange := r.Evaluator < seats && (len(r.Outputs) == 0 || r.Outputs[len(r.Outputs)-1] < seats)
	return rosterMessage{&r}, seats >= MinSeats && inRange && len(keys) == seats
}
