package mpc

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/circuit"
)

const maxParties = 64

var errNoCircuit = errors.New("no circuit")

// A Job is what the parties compute. It is public and must be equal at all parties: every field goes into the session id
// (protocol 6), and a party with another Job ends the run before anything secret is sent.
type Job struct {
	Circuit    *circuit.Circuit
	Outputs    [][]int       // by party: which outputs of the circuit it learns, in this order; nil means everyone learns all
	Evaluator  channel.Party // the party that evaluates; the others garble
	Identities [][]byte      // Ed25519 public keys in seat order, as the channel authenticated them; nil if it knows none
	Context    []byte        // whatever else the application wants agreed (session, program)
	Params     Params
}

// Config is one party's own settings. Nil and the zero value are the defaults.
type Config struct {
	Pre      Preprocessor   // nil means Interactive(); TrustDealer must be spelled out by the caller
	Rand     io.Reader      // private randomness; nil means crypto/rand
	Progress func(Progress) // called whenever the phase changes or a chunk is done, one call at a time; must not block
	Patience time.Duration  // how long a peer that we wait for may be silent; zero means 10 minutes

	observe observer // tests only
}

// newPlan validates a job and derives everything public from it.
func newPlan(n int, job *Job, dealer bool) (*plan, error) {
	if n < 2 || n > maxParties {
		return nil, fmt.Errorf("%d parties: must be 2 to %d", n, maxParties)
	}
	if job.Circuit == nil {
		return nil, errNoCircuit
	}
	if got := len(job.Circuit.Inputs()); got != n {
		return nil, fmt.Errorf("the circuit has inputs of %d parties, the channel has %d", got, n)
	}
	e := int(job.Evaluator)
	if e < 0 || e >= n {
		return nil, fmt.Errorf("evaluator %d: there is no such party", e)
	}
	if err := validIdentities(n, job.Identities); err != nil {
		return nil, err
	}
	params, err := job.Params.complete()
	if err != nil {
		return nil, err
	}
	p := &plan{n: n, evaluator: e, rho: params.Rho, k: params.K, dealer: dealer, two: params.TwoPhase, circ: job.Circuit}
	if e == 0 {
		p.colour = 1
	}
	if p.outputs, err = outputWires(n, job); err != nil {
		return nil, err
	}
	ands := countAnds(job.Circuit)
	shape := chooseBuckets(ands, p.rho)
	switch {
	case params.tiny != nil:
		shape = *params.tiny
	case dealer:
		shape = dealerBuckets(ands)
	default:
		if err := shape.sound(ands, p.rho); err != nil {
			return nil, err
		}
	}
	p.buckets, p.size = shape.buckets, shape.size
	p.chunks = cut(job.Circuit, p.size)
	if ands > 0 {
		p.batches = len(p.chunks)
	}
	return p, nil
}

func countAnds(c *circuit.Circuit) int {
	ands := 0
	for i := range c.NumGates() {
		if c.Gate(i).Op == circuit.And {
			ands++
		}
	}
	return ands
}

func validIdentities(n int, keys [][]byte) error {
	if keys == nil {
		return nil
	}
	if len(keys) != n {
		return fmt.Errorf("%d identities for %d parties", len(keys), n)
	}
	for i, k := range keys {
		if len(k) != ed25519.PublicKeySize {
			return fmt.Errorf("identity of party %d has %d bytes, want %d", i, len(k), ed25519.PublicKeySize)
		}
	}
	return nil
}

// outputWires resolves the output lists to wires.
func outputWires(n int, job *Job) ([][]circuit.Wire, error) {
	wires := job.Circuit.Outputs()
	lists := make([][]circuit.Wire, n)
	if job.Outputs == nil {
		for p := range lists {
			lists[p] = wires
		}
		return lists, nil
	}
	if len(job.Outputs) != n {
		return nil, fmt.Errorf("%d output lists for %d parties", len(job.Outputs), n)
	}
	for p, list := range job.Outputs {
		for _, k := range list {
			if k < 0 || k >= len(wires) {
				return nil, fmt.Errorf("output %d of party %d: the circuit has %d outputs", k, p, len(wires))
			}
			lists[p] = append(lists[p], wires[k])
		}
	}
	return lists, nil
}
