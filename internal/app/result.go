package app

import (
	"slices"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/circuit"
	"github.com/tacit-mpc/tacit/mpc"
)

// A Result is what a party has at the end.
type Result struct {
	Learned bool   // whether this party learns the result at all
	Value   string // the result in text form
	Literal []byte // the result in the JSON form of literals, if Source.Values asks for it
	Type    string
	Party   int
	Session string // empty in a run within one process
	Program string // SHA-256 of the program, hex
	Paths   []Path
	Cost    Cost
}

// outputsOf spreads the list of who learns the result over the parties; nil means everybody.
func outputsOf(c *circuit.Circuit, n int, learners []int) [][]int {
	all := make([]int, len(c.Outputs()))
	for i := range all {
		all[i] = i
	}
	lists := make([][]int, n)
	for p := range lists {
		lists[p] = []int{}
		if learners == nil || slices.Contains(learners, p) {
			lists[p] = all
		}
	}
	return lists
}

// costOf reads the meter and the watch of a run that ended.
func costOf(p *program, meter *channel.Meter, watch *stopwatch) Cost {
	sent, received := meter.Total()
	return Cost{
		AndGates:  p.circuit.Stats().And,
		SentBytes: sent.Bytes, ReceivedBytes: received.Bytes, Messages: sent.Messages + received.Messages,
		Seconds: watch.seconds(),
	}
}

// learn puts the output bits of a party into its result.
func (r *Result) learn(p *program, job mpc.Job, out []bool) error {
	r.Type = p.result
	if len(job.Outputs[r.Party]) == 0 {
		return nil
	}
	value, literal, err := p.show(out)
	if err != nil {
		return err
	}
	r.Learned, r.Value, r.Literal = true, value, literal
	return nil
}
