package interp

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/tacit-mpc/tacit/channel/memory"
	"github.com/tacit-mpc/tacit/circuit"
	"github.com/tacit-mpc/tacit/garble/internal/check"
	"github.com/tacit-mpc/tacit/garble/internal/lower"
	"github.com/tacit-mpc/tacit/garble/internal/syntax"
	"github.com/tacit-mpc/tacit/mpc"
)

// TestProtocolAgrees runs a few random programs by the real protocol: every party must learn what the interpreter says, panic
// record and all.
func TestProtocolAgrees(t *testing.T) {
	const runs = 6
	done := 0
	for seed := uint64(1000); done < runs; seed++ {
		src := program(seed)
		in, c := build(t, src)
		if in == nil || len(in.Parties()) < 2 || len(in.Parties()) > 4 || c.Stats().And > 4000 || c.Stats().And == 0 {
			continue
		}
		done++
		rng := rand.New(rand.NewPCG(seed, 2))
		var args []Value
		var bits []bool
		for _, p := range in.Entry.Params {
			args = append(args, random(rng, in, p.Type))
			bits = append(bits, Encode(in, p.Type, args[len(args)-1])...)
		}
		want, panicked, err := Run(in, args, 1<<20)
		if err != nil {
			continue
		}
		for p, got := range play(t, c, bits) {
			if panicked != nil && fmt.Sprint(got[:lower.PanicBits]) != fmt.Sprint(panicBits(panicked)) ||
				panicked == nil && (got[0] || fmt.Sprint(got[lower.PanicBits:]) != fmt.Sprint(Encode(in, in.Entry.Result, want))) {
				t.Errorf("seed %d, arguments %v: party %d learns %v, want %v (panic %v)\n%s", seed, args, p, digits(got), want, panicked, numbered(src))
			}
		}
	}
}

// build compiles a program; a rejected one is nil.
func build(t *testing.T, src string) (*check.Instance, *circuit.Circuit) {
	t.Helper()
	f, errs := syntax.Parse(src)
	if len(errs) > 0 {
		return nil, nil
	}
	p, errs := check.Source(f)
	if len(errs) > 0 {
		return nil, nil
	}
	in, errs := p.Instantiate("main", nil)
	if len(errs) > 0 {
		return nil, nil
	}
	c, errs := lower.Compile(in)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return in, c
}

// play computes a circuit with all parties in this process.
func play(t *testing.T, c *circuit.Circuit, bits []bool) [][]bool {
	t.Helper()
	n := len(c.Inputs())
	out := make([][]bool, n)
	var parties errgroup.Group
	for i, ch := range memory.NewMesh(n, memory.Options{}).Channels() {
		own := bits[:c.Inputs()[i]]
		bits = bits[c.Inputs()[i]:]
		parties.Go(func() (err error) {
			out[i], err = mpc.Run(context.Background(), ch, mpc.Job{Circuit: c, Context: []byte("oracle")}, own, nil)
			return err
		})
	}
	if err := parties.Wait(); err != nil {
		t.Fatal(err)
	}
	return out
}
