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
	// report is a party's own state; a bye is its last frame.
	report struct {
		state  State
		cause  Cause
		reason string
	}
	bye struct{ report }

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
	// rosterMessage has what a Roster has before it is sealed.
	rosterMessage struct{ *Roster }
)

func (join) frame() frameType          { return frameJoin }
func (open) frame() frameType          { return frameOpen }
func (ready) frame() frameType         { return frameReady }
func (report) frame() frameType        { return frameState }
func (bye) frame() frameType           { return frameBye }
func (welcome) frame() frameType       { return frameWelcome }
func (event) frame() frameType         { return frameEvent }
func (rosterMessage) frame() frameType { return frameRoster }
func (nonces) frame() frameType        { return frameNonces }
func (start) frame() frameType         { return frameStart }
func (end) frame() frameType           { return frameEnd }
func (ping) frame() frameType          { return framePing }

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
	case frameState:
		m, ok = readReport(&s)
	case frameBye:
		var r report
		r, ok = readReport(&s)
		m = bye{r}
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

func (r report) append(b *cryptobyte.Builder) {
	b.AddUint8(uint8(r.state))
	b.AddUint8(uint8(r.cause))
	addText(b, r.reason)
}

func readReport(s *cryptobyte.String) (report, bool) {
	var r report
	var state, cause uint8
	ok := s.ReadUint8(&state) && s.ReadUint8(&cause) && readText(s, maxReason, &r.reason) && validState(state, cause)
	r.state, r.cause = State(state), Cause(cause)
	return r, ok
}

// validState holds a state to its cause: only who failed or is lost has one.
func validState(state, cause uint8) bool {
	bad := State(state) == Failed || State(state) == Lost
	return state < uint8(states) && cause < uint8(causes) && bad == (Cause(cause) != NoCause)
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
	report{e.State, e.Cause, e.Reason}.append(b)
	b.AddBytes(e.Key[:])
	addText(b, e.Name)
}

func readEvent(s *cryptobyte.String) (event, bool) {
	var e event
	if !readSeat(s, false, &e.Seat) {
		return e, false
	}
	r, ok := readReport(s)
	e.State, e.Cause, e.Reason = r.state, r.cause, r.reason
	return e, ok && s.CopyBytes(e.Key[:]) && readText(s, maxName, &e.Name)
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
