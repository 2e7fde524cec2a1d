package coord

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"

	"github.com/tacit-mpc/tacit/identity"
)

// sampleState is a session in each phase, made without chance.
func sampleState(step phase) *session {
	s := &session{cfg: ServerConfig{Key: key(5), Seats: 3, Evaluator: 1, Outputs: []int{0, 2}, Require: []Field{{"program", "ab"}}},
		id: fill[SessionID](1), token: Secret{b: fill[[16]byte](2)}, phase: step, seats: make([]seat, 3), troubles: 2}
	for i := range s.seats {
		me := &s.seats[i]
		me.secret.b = fill[[16]byte](byte(0x10 + i))
		if step == gathering && i == 2 {
			continue
		}
		nonce := fill[[32]byte](byte(0x30 + i))
		me.owner, me.state, me.link = fill[identity.ID](byte(0x20+i)), Joined, &link{}
		me.join = join{seat: i, name: fmt.Sprint("p", i), fields: []Field{{"program", "ab"}}, commitment: commitmentTo(me.owner, nonce),
			addrs: []netip.AddrPort{netip.MustParseAddrPort("192.0.2.1:4433")}, punchKey: fill[[32]byte](byte(0x40 + i))}
		switch step {
		case gathering:
			s.deadline = time.UnixMilli(1700000000123)
		case connecting:
			me.state, me.opened, me.nonce, me.ready = Connecting, true, nonce, i == 1
		case running:
			me.state, me.opened, me.nonce, me.ready, me.agreed = Running, true, nonce, true, []Field{{"circuit", "cd"}}
		}
	}
	if step == running { // one is away, one failed
		s.seats[1].link, s.seats[1].cause, s.seats[1].reason, s.seats[1].trouble = nil, Silent, "nothing was heard", 1
		s.seats[2].state, s.seats[2].cause, s.seats[2].reason, s.seats[2].during, s.seats[2].trouble = Failed, Interrupted, "stopped", Running, 2
	}
	return s
}

func stateOf(t testing.TB, s *session) []byte {
	t.Helper()
	b := cryptobyte.NewBuilder(nil)
	s.appendState(b)
	state, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return state
}

func emptySession() *session {
	return &session{cfg: sampleState(gathering).cfg, seats: make([]seat, 3)}
}

// goldenState is the state of sampleState(running) after the coordinator's key.
const goldenState = "0101010101010101020202020202020202020202020202020201000000000000000500000d000770726f6772616d000261620300000000000000000000000210101010101010101010101010101010032020202020202020202020202020202020202020202020202020202020202020000064020000000000027030000d000770726f6772616d00026162000000000704c0000201115135244dec00c45ba24e27935c5256aa1073d01d8c927b9efa097b16a989dcd52240404040404040404040404040404040404040404040404040404040404040400001303030303030303030303030303030303030303030303030303030303030303001000d0007636972637569740002636411111111111111111111111111111111032121212121212121212121212121212121212121212121212121212121212121000064020001000000027031000d000770726f6772616d00026162000000000704c00002011151d627065a849bb00c876cb7068eb1e3a7309131902def1663b28a8881d7c85fe141414141414141414141414141414141414141414141414141414141414141410101313131313131313131313131313131313131313131313131313131313131313101000d000763697263756974000263640200116e6f7468696e6720776173206865617264000000000112121212121212121212121212121212052222222222222222222222222222222222222222222222222222222222222222000064020002000000027032000d000770726f6772616d00026162000000000704c00002011151a277f6e17a7e60696c6251576fb3324b2a6cc6e003af120786c861f3d27bbae142424242424242424242424242424242424242424242424242424242424242420001323232323232323232323232323232323232323232323232323232323232323201000d0007636972637569740002636403000773746f707065640300000002"

func TestStateFormat(t *testing.T) {
	for _, step := range []phase{gathering, opening, connecting, running} {
		state := stateOf(t, sampleState(step))
		s := emptySession()
		if err := s.restore(state); err != nil {
			t.Errorf("phase %d: %v", step, err)
			continue
		}
		if again := stateOf(t, s); !bytes.Equal(again, state) {
			t.Errorf("phase %d:\n got %x\nwant %x", step, again, state)
		}
		for cut := range state {
			if err := emptySession().restore(state[:cut]); err == nil {
				t.Errorf("phase %d: its first %d bytes were taken", step, cut)
			}
		}
		if err := emptySession().restore(append(state, 0)); err == nil {
			t.Errorf("phase %d: a trailing byte was taken", step)
		}
	}
	state := stateOf(t, sampleState(running))
	if got := hex.EncodeToString(state[len(stateMagic)+1+32:]); got != goldenState {
		t.Errorf("the format changed: %s", got)
	}
}

// State of another coordinator or of a session with other settings is refused, and so is what no session can come to.
func TestStateRefused(t *testing.T) {
	for name, change := range map[string]func(*ServerConfig){
		"another key":     func(c *ServerConfig) { c.Key = key(4) },
		"more seats":      func(c *ServerConfig) { c.Seats = 4 },
		"other evaluator": func(c *ServerConfig) { c.Evaluator = 0 },
		"other outputs":   func(c *ServerConfig) { c.Outputs = nil },
		"open":            func(c *ServerConfig) { c.Open = true },
		"another program": func(c *ServerConfig) { c.Require = []Field{{"program", "xy"}} },
	} {
		store := &shelf{state: stateOf(t, sampleState(connecting))}
		cfg := sampleState(connecting).cfg
		cfg.State = store
		if _, err := NewServer(cfg); err != nil {
			t.Fatal(err)
		}
		change(&cfg)
		if _, err := NewServer(cfg); err == nil || !strings.Contains(err.Error(), "resume the saved session") {
			t.Errorf("%s: %v", name, err)
		}
		if store.state == nil {
			t.Errorf("%s: the state was removed", name)
		}
	}
	for name, change := range map[string]func(*session){
		"one key in two seats": func(s *session) {
			s.seats[1].owner, s.seats[1].join = s.seats[0].owner, s.seats[0].join
			s.seats[1].nonce = s.seats[0].nonce
		},
		"another nonce":            func(s *session) { s.seats[1].nonce[0]++ },
		"an empty seat":            func(s *session) { s.seats[1].state = Empty },
		"lost":                     func(s *session) { s.seats[1].state = Lost },
		"running before the start": func(s *session) { s.seats[1].state = Running },
		"done before the start":    func(s *session) { s.seats[1].state = Done },
		"nobody":                   func(s *session) { s.seats[1].owner = identity.ID{} },
		"failed without a cause":   func(s *session) { s.phase, s.seats[1].state = running, Failed },
		"over":                     func(s *session) { s.phase = over },
	} {
		s := sampleState(connecting)
		change(s)
		if err := emptySession().restore(stateOf(t, s)); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// Any bytes as a state: no panic, and what is taken has one encoding.
func FuzzState(f *testing.F) {
	for _, step := range []phase{gathering, opening, connecting, running} {
		f.Add(stateOf(f, sampleState(step))[len(stateMagic)+1+32:])
	}
	head := stateOf(f, sampleState(gathering))[:len(stateMagic)+1+32]
	f.Fuzz(func(t *testing.T, data []byte) {
		state := append(bytes.Clone(head), data...)
		s := emptySession()
		if s.restore(state) != nil {
			return
		}
		if again := stateOf(t, s); !bytes.Equal(again, state) {
			t.Errorf("second encoding:\n got %x\nwant %x", again, state)
		}
	})
}
