package coord

import (
	"fmt"
	"net/netip"

	"golang.org/x/crypto/cryptobyte"

	"github.com/tacit-mpc/tacit/identity"
)

// A message is what one frame says.
type message interface {
	frame() frameType
	append(*cryptobyte.Builder) // the payload
}

// Credentials of a join.
const (
	byNothing = 0 // an open session
	byTicket  = 1 // the seat's secret, for this session only
	byToken   = 2 // the session's secret
	ways      = 3
)

type (
	// join asks for a seat. It must be sent again, equal, to come back after a lost connection once the roster is fixed.
	join struct {
		by         uint8
		session    SessionID // byTicket; zero otherwise
		seat       int       // AnySeat unless byTicket
		secret     Secret
		kept       bool // the key outlives the process, so the party may come back after leaving
		name       string
		fields     []Field
		outputs    []int // nil: the party does not care
		consts     []Field
		addrs      []netip.AddrPort
		commitment [32]byte
	}
	// open reveals the nonce of a join's commitment.
	open struct{ nonce [32]byte }
	// ready says that the party is connected to the others and has these further fields to agree on.
	ready struct{ fields []Field }
	// bye is a party's last frame: Done, or Failed and why.
	bye struct {
		cause  Cause // NoCause for Done
		reason string
	}

	welcome struct {
		session  SessionID
		seat     int
		seats    int
		observed netip.AddrPort
	}
	event  struct{ Event }
	nonces struct{ list [][32]byte }
	start  struct{}
	end    struct{ err error } // nil: everybody is done
	ping   struct{}
	// garbage stands for a frame that could not be read, or came at the wrong end. It is never sent.
	garbage struct{ err error }
	// rosterMessage has what a Roster has before it is sealed.
	rosterMessage struct{ *Roster }
)

func (join) frame() frameType          { return frameJoin }
func (open) frame() frameType          { return frameOpen }
func (ready) frame() frameType         { return frameReady }
func (bye) frame() frameType           { return frameBye }
func (welcome) frame() frameType       { return frameWelcome }
func (event) frame() frameType         { return frameEvent }
func (rosterMessage) frame() frameType { return frameRoster }
func (nonces) frame() frameType        { return frameNonces }
func (start) frame() frameType         { return frameStart }
func (end) frame() frameType           { return frameEnd }
func (ping) frame() frameType          { return framePing }
func (garbage) frame() frameType       { return 0 }

// decode reads the payload of a frame of type t, all of it.
func decode(t frameType, payload []byte) (message, error) {
	var m message
	var ok bool
	s := cryptobyte.String(payload)
	switch t {
	case frameJoin:
		if len(payload) > 0 && payload[0] != wireVersion {
			return nil, refuse(ErrVersion, "it speaks version %d, we speak version %d", wireVersion, payload[0])
		}
		m, ok = readJoin(&s)
	case frameOpen:
		var o open
		ok = s.CopyBytes(o.nonce[:])
		m = o
	case frameReady:
		var r ready
		ok = readFields(&s, &r.fields)
		m = r
	case frameBye:
		m, ok = readBye(&s)
	case frameWelcome:
		m, ok = readWelcome(&s)
	case frameEvent:
		m, ok = readEvent(&s)
	case frameRoster:
		m, ok = readRoster(&s)
	case frameNonces:
		m, ok = readNonces(&s)
	case frameStart:
		m, ok = start{}, true
	case frameEnd:
		m, ok = readEnd(&s)
	case framePing:
		m, ok = ping{}, true
	}
	if !ok || !s.Empty() {
		return nil, fmt.Errorf("frame %#x: %w", uint8(t), errShape)
	}
	return m, nil
}

func (j join) append(b *cryptobyte.Builder) {
	b.AddUint8(wireVersion)
	b.AddUint8(j.by)
	if j.by == byTicket {
		b.AddBytes(j.session[:])
	}
	if j.by != byNothing {
		b.AddBytes(j.secret.b[:])
	}
	addSeat(b, j.seat)
	addBool(b, j.kept)
	addText(b, j.name)
	addFields(b, j.fields)
	addBool(b, j.outputs != nil)
	if j.outputs != nil {
		addSeats(b, j.outputs)
	}
	addFields(b, j.consts)
	addAddrs(b, j.addrs)
	b.AddBytes(j.commitment[:])
}

func readJoin(s *cryptobyte.String) (join, bool) {
	var j join
	var version uint8
	if !s.ReadUint8(&version) || !s.ReadUint8(&j.by) || j.by >= ways ||
		j.by == byTicket && !s.CopyBytes(j.session[:]) ||
		j.by != byNothing && !s.CopyBytes(j.secret.b[:]) ||
		!readSeat(s, j.by != byTicket, &j.seat) || !readBool(s, &j.kept) || !readText(s, maxName, &j.name) || !readFields(s, &j.fields) {
		return j, false
	}
	var wants bool
	if !readBool(s, &wants) || wants && !readSeats(s, &j.outputs) {
		return j, false
	}
	return j, readFields(s, &j.consts) && readAddrs(s, &j.addrs) && s.CopyBytes(j.commitment[:])
}

func (o open) append(b *cryptobyte.Builder)  { b.AddBytes(o.nonce[:]) }
func (r ready) append(b *cryptobyte.Builder) { addFields(b, r.fields) }

func (m bye) append(b *cryptobyte.Builder) {
	b.AddUint8(uint8(m.cause))
	addText(b, m.reason)
}

func readBye(s *cryptobyte.String) (bye, bool) {
	var m bye
	ok := readCause(s, &m.cause) && readText(s, maxReason, &m.reason)
	return m, ok
}

func readCause(s *cryptobyte.String, out *Cause) bool {
	var v uint8
	ok := s.ReadUint8(&v) && v < uint8(causes)
	*out = Cause(v)
	return ok
}

func readState(s *cryptobyte.String, out *State) bool {
	var v uint8
	ok := s.ReadUint8(&v) && v < uint8(states)
	*out = State(v)
	return ok
}

func (w welcome) append(b *cryptobyte.Builder) {
	b.AddUint8(wireVersion)
	b.AddBytes(w.session[:])
	addSeat(b, w.seat)
	addSeat(b, w.seats-1)
	addAddr(b, w.observed)
}

func readWelcome(s *cryptobyte.String) (welcome, bool) {
	var w welcome
	var version uint8
	ok := s.ReadUint8(&version) && version == wireVersion && s.CopyBytes(w.session[:]) && readSeat(s, false, &w.seat) &&
		readSeat(s, false, &w.seats) && readAddr(s, &w.observed)
	w.seats++
	return w, ok && w.seats >= MinSeats && w.seat < w.seats
}

func (e event) append(b *cryptobyte.Builder) {
	addSeat(b, e.Seat)
	b.AddUint8(uint8(e.State))
	b.AddUint8(uint8(e.Cause))
	addText(b, e.Reason)
	b.AddBytes(e.Key[:])
	addText(b, e.Name)
}

// readEvent holds a state to its cause: only who failed or is lost has one.
func readEvent(s *cryptobyte.String) (event, bool) {
	var e event
	ok := readSeat(s, false, &e.Seat) && readState(s, &e.State) && readCause(s, &e.Cause) && readText(s, maxReason, &e.Reason) &&
		s.CopyBytes(e.Key[:]) && readText(s, maxName, &e.Name)
	return e, ok && (e.State == Failed || e.State == Lost) == (e.Cause != NoCause)
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

func (start) append(*cryptobyte.Builder) {}
func (ping) append(*cryptobyte.Builder)  {}

func (g garbage) append(b *cryptobyte.Builder) { b.SetError(g.err) }

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
		if !s.CopyBytes(m.Key[:]) || !readText(s, maxName, &m.Name) || !readFields(s, &m.Consts) || !s.CopyBytes(m.commitment[:]) {
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
