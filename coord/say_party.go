package coord

import (
	"net/netip"

	"golang.org/x/crypto/cryptobyte"
)

// What a party says.

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
		parties    int  // that the program needs; 0 if that is not known yet
		kept       bool // the key outlives the process, so the party may come back after leaving
		name       string
		fields     []Field
		outputs    []int // nil: the party does not care
		consts     []Field
		addrs      []netip.AddrPort
		commitment [32]byte
		punchKey   [32]byte
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
)

func (join) frame() frameType  { return frameJoin }
func (open) frame() frameType  { return frameOpen }
func (ready) frame() frameType { return frameReady }
func (bye) frame() frameType   { return frameBye }

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
	b.AddUint8(uint8(j.parties))
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
	b.AddBytes(j.punchKey[:])
}

func readJoin(s *cryptobyte.String) (join, bool) {
	var j join
	var version, parties uint8
	if !s.ReadUint8(&version) || !s.ReadUint8(&j.by) || j.by >= ways ||
		j.by == byTicket && !s.CopyBytes(j.session[:]) ||
		j.by != byNothing && !s.CopyBytes(j.secret.b[:]) ||
		!readSeat(s, j.by != byTicket, &j.seat) || !s.ReadUint8(&parties) || parties > MaxSeats || !readBool(s, &j.kept) || !readText(s, maxName, &j.name) || !readFields(s, &j.fields) {
		return j, false
	}
	j.parties = int(parties)
	var wants bool
	if !readBool(s, &wants) || wants && !readSeats(s, &j.outputs) {
		return j, false
	}
	return j, readFields(s, &j.consts) && readAddrs(s, &j.addrs) && s.CopyBytes(j.commitment[:]) && s.CopyBytes(j.punchKey[:])
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
