package coord

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"

	"github.com/tacit-mpc/tacit/identity"
)

func fill[T ~[8]byte | ~[16]byte | ~[32]byte](v byte) (out T) {
	for i := range len(out) {
		out[i] = v
	}
	return out
}

func sampleRoster() *Roster {
	r := &Roster{Session: fill[SessionID](1), Evaluator: 1, Outputs: []int{0, 1}, Fields: []Field{{"program", "ab"}}}
	for i := range 2 {
		r.Members = append(r.Members, Member{Seat: i, Key: fill[identity.ID](byte(0x10 + i)), Name: "p", commitment: fill[[32]byte](byte(0x20 + i)),
			PunchKey: fill[[32]byte](byte(0x30 + i))})
	}
	r.Members[1].Consts = []Field{{"N", "3u8"}}
	r.Members[1].Addrs = []netip.AddrPort{netip.MustParseAddrPort("192.0.2.1:4433"), netip.MustParseAddrPort("[2001:db8::1]:1")}
	return r
}

func sampleAnnouncement() Announcement {
	return Announcement{
		Candidates: []Candidate{{1, netip.MustParseAddrPort("192.0.2.1:4433")}, {2, netip.MustParseAddrPort("[2001:db8::1]:1")}},
		Mapping:    3, Step: -2,
		Relayed: []netip.AddrPort{netip.MustParseAddrPort("192.0.2.9:50000")},
	}
}

// samples has every message, with its frame in hexadecimal: the format.
var samples = []struct {
	name string
	m    message
	hex  string
}{
	{"join by ticket", join{by: byTicket, session: fill[SessionID](1), seat: 2, parties: 3, secret: Secret{b: fill[[16]byte](2)}, kept: true, name: "bob",
		fields: []Field{{"program", "ab"}}, outputs: []int{0, 2}, consts: []Field{{"N", "3u8"}},
		addrs: []netip.AddrPort{netip.MustParseAddrPort("192.0.2.1:4433")}, commitment: fill[[32]byte](3), punchKey: fill[[32]byte](4)},
		"0100008d02010101010101010101020202020202020202020202020202020203010003626f62000d000770726f6772616d00026162010000000000000005000800014e0003337538000704c0000201115103030303030303030303030303030303030303030303030303030303030303030404040404040404040404040404040404040404040404040404040404040404"},
	{"join by token", join{by: byToken, seat: AnySeat, secret: Secret{b: fill[[16]byte](2)}, commitment: fill[[32]byte](3), punchKey: fill[[32]byte](4)},
		"0100005e020202020202020202020202020202020202ff000000000000000000000003030303030303030303030303030303030303030303030303030303030303030404040404040404040404040404040404040404040404040404040404040404"},
	{"join openly", join{seat: 0, outputs: []int{}, commitment: fill[[32]byte](3), punchKey: fill[[32]byte](4)},
		"010000560200000000000000000100000000000000000000000003030303030303030303030303030303030303030303030303030303030303030404040404040404040404040404040404040404040404040404040404040404"},
	{"open", open{fill[[32]byte](4)},
		"020000200404040404040404040404040404040404040404040404040404040404040404"},
	{"ready", ready{[]Field{{"circuit", "cd"}}},
		"0300000f000d00076369726375697400026364"},
	{"bye, done", bye{},
		"04000003000000"},
	{"bye, failed", bye{Interrupted, "stopped"},
		"0400000a03000773746f70706564"},
	{"welcome", welcome{session: fill[SessionID](1), seat: 1, seats: 3, observed: netip.MustParseAddrPort("192.0.2.7:99"), keeps: true,
		stun: []netip.AddrPort{netip.MustParseAddrPort("192.0.2.8:3478")}, ports: []uint16{3478},
		relays: []grant{{"turn:192.0.2.7:3478", "1:s.1", "pw", 600}}},
		"11000044020101010101010101010204c0000207006301000704c00002080d96010d960100137475726e3a3139322e302e322e373a333437380005313a732e310002707700000258"},
	{"welcome without address", welcome{session: fill[SessionID](1), seat: 63, seats: 64},
		"110000130201010101010101013f3f0000000000000000"},
	{"event, joined", event{Event{Seat: 1, State: Joined, Key: fill[identity.ID](5), Name: "bob"}},
		"1200002b01010000000005050505050505050505050505050505050505050505050505050505050505050003626f62"},
	{"event, failed", event{Event{Seat: 1, State: Failed, Key: fill[identity.ID](5), Cause: PeerLost, Reason: "lost party 2"}},
		"1200003401050100000c6c6f7374207061727479203205050505050505050505050505050505050505050505050505050505050505050000"},
	{"event, lost", event{Event{Seat: 1, State: Lost, Key: fill[identity.ID](5), Cause: Silent, Closed: true, Reason: "gone"}},
		"1200002c010602010004676f6e6505050505050505050505050505050505050505050505050505050505050505050000"},
	{"roster", rosterMessage{sampleRoster()},
		"130001110101010101010101010000000000000003000d000770726f6772616d000261620110101010101010101010101010101010101010101010101010101010101010100001700000202020202020202020202020202020202020202020202020202020202020202030303030303030303030303030303030303030303030303030303030303030301111111111111111111111111111111111111111111111111111111111111111000170000800014e0003337538212121212121212121212121212121212121212121212121212121212121212131313131313131313131313131313131313131313131313131313131313131310000001a04c000020111511020010db80000000000000000000000010001"},
	{"nonces", nonces{[][32]byte{fill[[32]byte](6), fill[[32]byte](7)}},
		"1400004006060606060606060606060606060606060606060606060606060606060606060707070707070707070707070707070707070707070707070707070707070707"},
	{"start", start{},
		"15000000"},
	{"end, well", end{},
		"1600000100"},
	{"end, refused", end{ErrFull},
		"1600000401010000"},
	{"end, refused with a detail", end{&refusal{ErrSeatTaken, "seat 1"}},
		"1600000a01020006736561742031"},
	{"end, mismatch", end{&MismatchError{"program", [2]int{Coordinator, 1}, [2]string{"ab", "cd"}}},
		"1600001402000770726f6772616dff000261620100026364"},
	{"end, party", end{&PartyError{1, "bob", Running, Silent, "gone"}},
		"1600000f03010003626f6203020004676f6e65"},
	{"end, empty", end{&EmptyError{[]int{1, 2}}},
		"16000009040000000000000006"},
	{"announce", announce{7, sampleAnnouncement()},
		"0500002c00000007020104c00002011151021020010db8000000000000000000000001000103fffe0104c0000209c350"},
	{"announce nothing", announce{1, Announcement{}},
		"05000009000000010000000000"},
	{"repunch", repunch{3},
		"0600000103"},
	{"trouble", trouble{3, "no answer"},
		"0700000c0300096e6f20616e73776572"},
	{"update", update{3, 7, sampleAnnouncement()},
		"1700002d0300000007020104c00002011151021020010db8000000000000000000000001000103fffe0104c0000209c350"},
	{"launch", launch{3, 25 * time.Millisecond},
		"1800000503000061a8"},
	{"troubled", troubled{3, "no answer"},
		"1900000c0300096e6f20616e73776572"},
	{"offers", offers{[]grant{{"turn:192.0.2.7:3478", "1:s.1", "pw", 600}, {"turns:r.example:443", "u", "p", 0}}},
		"1a0000440200137475726e3a3139322e302e322e373a333437380005313a732e31000270770000025800137475726e733a722e6578616d706c653a34343300017500017000000000"},
	{"no offers", offers{},
		"1a00000100"},
	{"ping", ping{5},
		"2000000400000005"},
	{"pong", pong{5},
		"2100000400000005"},
}

func TestFormat(t *testing.T) {
	kinds := make(map[frameType]bool)
	for _, s := range samples {
		frame, err := encode(s.m)
		if err != nil {
			t.Errorf("%s: %v", s.name, err)
			continue
		}
		if got := hex.EncodeToString(frame); got != s.hex {
			t.Errorf("%s:\n got %s\nwant %s", s.name, got, s.hex)
		}
		kind, n, err := readHeader(bytes.NewReader(frame), func(frameType) bool { return true })
		if err != nil || kind != s.m.frame() || n != len(frame)-frameHeader {
			t.Errorf("%s: header %#x, %d, %v", s.name, kind, n, err)
		}
		kinds[kind] = true
		back, err := decode(kind, frame[frameHeader:])
		if err != nil || !reflect.DeepEqual(back, s.m) {
			t.Errorf("%s: read back as %+v, %v", s.name, back, err)
		}
		for cut := range n { // every truncation
			if m, err := decode(kind, frame[frameHeader:frameHeader+cut]); err == nil && !(kind == frameNonces && cut%32 == 0) {
				t.Errorf("%s: its first %d bytes were read as %+v", s.name, cut, m)
			}
		}
		if m, err := decode(kind, append(frame[frameHeader:], 0)); err == nil {
			t.Errorf("%s: a trailing byte was accepted: %+v", s.name, m)
		}
	}
	for v := range 256 {
		kind := frameType(v)
		if known := kind.fromParty() || kind.fromCoordinator() || kind.fromBoth(); known != kinds[kind] {
			t.Errorf("frame %#x: known %v, sampled %v", v, known, kinds[kind])
		}
	}
}

// What an end says comes out as the same error at the other side.
func TestEndKeepsErrors(t *testing.T) {
	for r := Refusal(1); r < refusals; r++ {
		back := throughEnd(t, refuse(r, "because"))
		if !errors.Is(back, r) || !strings.HasSuffix(back.Error(), ": because") || strings.HasPrefix(r.Error(), "refused with code") {
			t.Errorf("refusal %d: %v", r, back)
		}
	}
	if back := throughEnd(t, io.ErrUnexpectedEOF); !errors.Is(back, ErrStopped) || strings.Contains(back.Error(), "EOF") {
		t.Errorf("an inner error: %v", back)
	}
	for c := NoCause; c < causes; c++ {
		if strings.HasPrefix(c.String(), "cause ") {
			t.Errorf("cause %d has no name", c)
		}
	}
	for s := Empty; s < states; s++ {
		if strings.HasPrefix(s.String(), "state ") {
			t.Errorf("state %d has no name", s)
		}
	}
}

func throughEnd(t *testing.T, err error) error {
	t.Helper()
	frame, encErr := encode(end{err})
	if encErr != nil {
		t.Fatal(encErr)
	}
	m, decErr := decode(frameEnd, frame[frameHeader:])
	if decErr != nil {
		t.Fatal(decErr)
	}
	return m.(end).err
}

func TestDecodeRefuses(t *testing.T) {
	payload := func(m message) []byte {
		frame, err := encode(m)
		if err != nil {
			t.Fatal(err)
		}
		return frame[frameHeader:]
	}
	build := func(f func(*cryptobyte.Builder)) []byte {
		var b cryptobyte.Builder
		f(&b)
		return b.BytesOrPanic()
	}
	twice := sampleRoster()
	twice.Members[1].Key = twice.Members[0].Key
	one := sampleRoster()
	one.Members, one.Evaluator, one.Outputs = one.Members[:1], 0, []int{0}
	outside := sampleRoster()
	outside.Outputs = []int{2}
	evaluator := sampleRoster()
	evaluator.Evaluator = 2
	for name, tc := range map[string]struct {
		kind    frameType
		payload []byte
	}{
		"control character in a reason": {frameBye, payload(bye{Interrupted, "a\nb"})},
		"reversed text":                 {frameBye, payload(bye{Interrupted, "a\u202eb"})},
		"invalid UTF-8":                 {frameBye, payload(bye{Interrupted, "a\xffb"})},
		"unknown cause":                 {frameBye, payload(bye{causes, ""})},
		"unknown state":                 {frameEvent, payload(event{Event{Seat: 1, State: states}})},
		"joined with a cause":           {frameEvent, payload(event{Event{Seat: 1, State: Joined, Cause: PeerLost}})},
		"failed without a cause":        {frameEvent, payload(event{Event{Seat: 1, State: Failed}})},
		"joined, and closed":            {frameEvent, payload(event{Event{Seat: 1, State: Joined, Closed: true}})},
		"event of the coordinator":      {frameEvent, payload(event{Event{Seat: Coordinator, State: Joined}})},
		"seat beyond the session":       {frameWelcome, payload(welcome{seat: 3, seats: 3})},
		"a session of one":              {frameWelcome, payload(welcome{seats: 1})},
		"ticket for any seat":           {frameJoin, payload(join{by: byTicket, seat: AnySeat})},
		"unknown credential":            {frameJoin, payload(join{by: ways})},
		"mapped address":                {frameJoin, payload(join{addrs: []netip.AddrPort{netip.MustParseAddrPort("[::ffff:1.2.3.4]:5")}})},
		"port 0":                        {frameJoin, payload(join{addrs: []netip.AddrPort{netip.MustParseAddrPort("1.2.3.4:0")}})},
		"too many addresses":            {frameJoin, payload(join{addrs: make17()})},
		"field twice":                   {frameReady, payload(ready{[]Field{{"a", "1"}, {"a", "2"}}})},
		"field without a name":          {frameReady, payload(ready{[]Field{{"", "1"}}})},
		"one key in two seats":          {frameRoster, payload(rosterMessage{twice})},
		"roster of one":                 {frameRoster, payload(rosterMessage{one})},
		"output beyond the seats":       {frameRoster, payload(rosterMessage{outside})},
		"evaluator beyond the seats":    {frameRoster, payload(rosterMessage{evaluator})},
		"unknown ending":                {frameEnd, []byte{5}},
		"unknown refusal":               {frameEnd, build(func(b *cryptobyte.Builder) { b.AddUint8(1); b.AddUint8(uint8(refusals)); addText(b, "") })},
		"refusal 0":                     {frameEnd, build(func(b *cryptobyte.Builder) { b.AddUint8(1); b.AddUint8(0); addText(b, "") })},
		"no empty seat":                 {frameEnd, payload(end{&EmptyError{}})},
		"party without a cause":         {frameEnd, payload(end{&PartyError{}})},
		"announcement 0":                {frameAnnounce, payload(announce{})},
		"too many candidates":           {frameAnnounce, payload(announce{1, Announcement{Candidates: make([]Candidate, MaxCandidates+1)}})},
		"candidate without address":     {frameAnnounce, payload(announce{1, Announcement{Candidates: make([]Candidate, 1)}})},
		"too many relayed":              {frameAnnounce, payload(announce{1, Announcement{Relayed: make17()}})},
		"path to seat 64":               {frameRepunch, []byte{64}},
		"trouble without a reason":      {frameTrouble, payload(trouble{1, ""})},
		"start in an hour":              {frameLaunch, payload(launch{1, time.Hour})},
		"relay without URL":             {frameOffers, payload(offers{make([]grant, 1)})},
		"too many relays":               {frameOffers, payload(offers{make([]grant, maxOffers+1)})},
		"STUN port 0":                   {frameWelcome, payload(welcome{seats: 2, ports: []uint16{0}})},
		"unknown frame":                 {0x7f, nil},
	} {
		if m, err := decode(tc.kind, tc.payload); err == nil {
			t.Errorf("%s: read as %+v", name, m)
		}
	}
	old := payload(join{})
	old[0] = wireVersion + 1
	if _, err := decode(frameJoin, old); !errors.Is(err, ErrVersion) {
		t.Errorf("a later version: %v", err)
	}
}

func make17() []netip.AddrPort {
	var out []netip.AddrPort
	for i := range maxAddrs + 1 {
		out = append(out, netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}), 1))
	}
	return out
}

// Lengths are checked before anything is allocated, and each side takes only the other's frames.
func TestHeader(t *testing.T) {
	for v := range 256 {
		kind := frameType(v)
		for _, side := range []func(frameType) bool{frameType.fromParty, frameType.fromCoordinator} {
			_, _, err := readHeader(bytes.NewReader([]byte{byte(v), 0, 0, 0}), side)
			if want := kind.fromBoth() || side(kind); (err == nil) != want {
				t.Errorf("frame %#x: %v", v, err)
			}
		}
		n := kind.max() + 1
		if _, _, err := readHeader(bytes.NewReader([]byte{byte(v), byte(n >> 16), byte(n >> 8), byte(n)}), func(frameType) bool { return true }); err == nil {
			t.Errorf("frame %#x of %d bytes was accepted", v, n)
		}
	}
	if _, err := encode(bye{Interrupted, strings.Repeat("a", 2*maxReason)}); err == nil {
		t.Error("an oversized frame was written")
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                  "plain",
		"two\nlines\tand\x1b[2J": "two lines and [2J",
		"bad \xff byte":          "bad ? byte",
		"über \u202e":            "über  ",
	} {
		if got := clean(in, 100); got != want || !printable(got) {
			t.Errorf("clean(%q) = %q, want %q", in, got, want)
		}
	}
	if got := clean("äää", 5); got != "ää" {
		t.Errorf("cut to %q", got)
	}
}

// Whatever is accepted has one encoding.
func FuzzDecode(f *testing.F) {
	for _, s := range samples {
		frame, err := encode(s.m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(frame[0], frame[frameHeader:])
	}
	f.Fuzz(func(t *testing.T, kind byte, payload []byte) {
		m, err := decode(frameType(kind), payload)
		if err != nil || len(payload) > m.frame().max() {
			return
		}
		frame, err := encode(m)
		if err != nil || frame[0] != kind || !bytes.Equal(frame[frameHeader:], payload) {
			t.Errorf("%+v has a second encoding %x, %v", m, frame, err)
		}
	})
}
