package mpc

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/channel/memory"
	"github.com/tacit-mpc/tacit/circuit"
	"github.com/tacit-mpc/tacit/internal/block"
)

// TestConfigDigest writes the serialisation of protocol 6 down by hand.
func TestConfigDigest(t *testing.T) {
	c, err := circuit.New([]int{2, 0, 1}, []circuit.Gate{
		{Op: circuit.Xor, A: 0, B: 2}, {Op: circuit.And, A: 3, B: 1}, {Op: circuit.Not, A: 4}, {Op: circuit.Zero}, {Op: circuit.One},
	}, []circuit.Wire{5, 0, 7})
	if err != nil {
		t.Fatal(err)
	}
	keys := [][]byte{bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32), bytes.Repeat([]byte{3}, 32)}
	job := &Job{Circuit: c, Outputs: [][]int{{0, 0, 2}, nil, {1}}, Evaluator: 2, Identities: keys, Context: []byte("ctx")}
	p, err := newPlan(3, job, false)
	if err != nil {
		t.Fatal(err)
	}
	var ser []byte
	words := func(v ...uint64) {
		for _, x := range v {
			ser = binary.LittleEndian.AppendUint64(ser, x)
		}
	}
	words(8, 3) // wires, inputs
	for w, owner := range []byte{0, 0, 2} {
		words(uint64(w))
		ser = append(ser, owner)
	}
	words(5)
	ser = append(ser, 0)
	words(0, 2, 3)
	ser = append(ser, 1)
	words(3, 1, 4)
	ser = append(ser, 2)
	words(4, 5)
	ser = append(ser, 3)
	words(6)
	ser = append(ser, 4)
	words(7)
	words(3, 5, 5, 7) // what party 0 learns
	words(0)
	words(1, 0)
	circ, parties := block.RO("circuit", ser), block.RO("parties", keys...)
	want := block.RO("config", []byte("ag1;rho=40;k=4;B=7;L=128;chunks=1;dealer=0;order=stream"), []byte{3}, []byte{2}, circ[:], parties[:], []byte("ctx"))
	if got := p.configDigest(job); got != want {
		t.Errorf("got %x, want %x", got, want)
	}
}

// TestLargeCircuitDigest crosses the buffer of the serialisation.
func TestLargeCircuitDigest(t *testing.T) {
	gates := slices.Repeat([]circuit.Gate{{Op: circuit.Xor, A: 1, B: 0}, {Op: circuit.Not, A: 1}, {Op: circuit.One}}, 1000)
	c, err := circuit.New([]int{500, 500}, gates, nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := newPlan(2, &Job{Circuit: c}, false)
	if err != nil {
		t.Fatal(err)
	}
	var ser []byte
	words := func(v ...uint64) {
		for _, x := range v {
			ser = binary.LittleEndian.AppendUint64(ser, x)
		}
	}
	words(4000, 1000)
	for w := range 1000 {
		words(uint64(w))
		ser = append(ser, byte(w/500))
	}
	words(3000)
	for i, g := range gates {
		ser = append(ser, byte(g.Op))
		switch g.Op {
		case circuit.Xor:
			words(1, 0)
		case circuit.Not:
			words(1)
		}
		words(uint64(1000 + i))
	}
	words(0, 0)
	if got, want := p.circuitDigest(), block.RO("circuit", ser); got != want {
		t.Errorf("got %x, want %x", got, want)
	}
}

// TestDealerIsAgreed is pitfall 43: who takes randomness from a dealer cannot run with someone who does not.
func TestDealerIsAgreed(t *testing.T) {
	job := &Job{Circuit: chain(t, 2)}
	alone, err := newPlan(2, job, false)
	if err != nil {
		t.Fatal(err)
	}
	with, err := newPlan(2, job, true)
	if err != nil {
		t.Fatal(err)
	}
	if alone.configDigest(job) == with.configDigest(job) {
		t.Error("the configuration does not tell a dealer from none")
	}
	if want := "ag1;rho=40;k=4;B=1;L=128;chunks=1;dealer=1;order=stream"; with.paramString() != want {
		t.Errorf("got %s, want %s", with.paramString(), want)
	}
	if err := Deal(t.Context(), memory.NewMesh(3, memory.Options{}).Channels()[1], *job, nil); err == nil {
		t.Error("a party dealt")
	}
}

// TestCommitments is pitfall 35: every part of a commitment counts, zero bytes included.
func TestCommitments(t *testing.T) {
	sid := make([]byte, hashSize)
	s := &session{sid: sid}
	m, r := []byte{0, 1, 0, 0}, make([]byte, hashSize)
	com := s.commitment("la-d", 3, 1, m, r)
	if err := s.checkOpening("la-d", 3, 1, m, r, com[:]); err != nil {
		t.Error(err)
	}
	r2 := slices.Clone(r)
	r2[31] = 1
	com2 := com
	com2[31] ^= 1
	for what, err := range map[string]error{
		"label":      s.checkOpening("la-th", 3, 1, m, r, com[:]),
		"batch":      s.checkOpening("la-d", 2, 1, m, r, com[:]),
		"party":      s.checkOpening("la-d", 3, 0, m, r, com[:]),
		"message":    s.checkOpening("la-d", 3, 1, []byte{0, 1, 0, 1}, r, com[:]),
		"shorter":    s.checkOpening("la-d", 3, 1, m[:3], r, com[:]),
		"shifted":    s.checkOpening("la-d", 3, 1, m[:3], append([]byte{0}, r...), com[:]),
		"randomness": s.checkOpening("la-d", 3, 1, m, r2, com[:]),
		"last byte":  s.checkOpening("la-d", 3, 1, m, r, com2[:]),
		"prefix":     s.checkOpening("la-d", 3, 1, m, r, com[:31]),
		"session":    (&session{sid: append(sid[1:], 1)}).checkOpening("la-d", 3, 1, m, r, com[:]),
	} {
		if err == nil {
			t.Errorf("opening accepted with another %s", what)
		}
	}
}

// TestDealtStream is the layout of what a party grows from its dealer's seed: PRG(sd, 6, batch), bits first, then keys.
func TestDealtStream(t *testing.T) {
	seed := block.NewExpander(block.Block{Lo: 5, Hi: 6})
	var v vault
	sh := newShares(v.arena(), 3, 1, 1021)
	expandDealt(seed, 2, sh)
	want := make([]byte, 128+2*1021*block.Size)
	seed.Fill(want, 6, 2, 0)
	want[127] &= 0x1f // 1021 bits
	got := slices.Clone([]byte(sh.x))
	for _, j := range []int{0, 2} {
		got = block.Append(got, sh.key[j]...)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("got %s..., want %s...", hex.EncodeToString(got[:150]), hex.EncodeToString(want[:150]))
	}
}

func TestProgress(t *testing.T) {
	for _, dealer := range []bool{true, false} {
		p := attacked(chain(t, 2), dealer, 0, nil)
		p.job.Params.tiny.size = 2
		if dealer {
			p.job.Params.tiny.size = 8
		}
		reports := make([][]Progress, 2)
		p.config = func(i int) *Config {
			return &Config{Progress: func(now Progress) { reports[i] = append(reports[i], now) }}
		}
		p.mustAgree(t)
		for i, list := range reports {
			if len(list) == 0 || list[0] != (Progress{phaseSetup, 0, 4}) {
				t.Fatalf("party %d: begins with %v", i, list)
			}
			if last := list[len(list)-1]; last != (Progress{phaseOutput, 4, 4}) {
				t.Errorf("party %d: ends with %v", i, last)
			}
			for k := range list[1:] {
				if list[k] == list[k+1] || list[k].Done > list[k+1].Done {
					t.Errorf("party %d: %v follows %v", i, list[k+1], list[k])
				}
			}
		}
	}
}

// TestTraffic compares the announced traffic with what flows, over several chunks of which the last is smaller.
func TestTraffic(t *testing.T) {
	for _, n := range []int{2, 3} {
		c := randomCircuit(t, 2, shape{parties: n, inputs: 9, ands: 20, free: 30})
		p := &play{in: randomInputs(c, 2), job: Job{Circuit: c, Outputs: everyOutput(c, n, 1), Params: tinyParams(3, 8)}}
		sent := make([]atomic.Int64, n)
		p.mesh.Tamper = func(from, _ channel.Party, _ int, msg []byte) [][]byte {
			sent[from].Add(int64(len(msg) - headerSize))
			return [][]byte{msg}
		}
		p.mustAgree(t)
		want, err := Traffic(p.job)
		if err != nil {
			t.Fatal(err)
		}
		for i := range n {
			if sent[i].Load() != want[i] {
				t.Errorf("party %d of %d sends %d bytes, announced %d", i, n, sent[i].Load(), want[i])
			}
		}
	}
	if _, err := Traffic(Job{}); err == nil {
		t.Error("traffic of no circuit")
	}
}
