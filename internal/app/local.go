package app

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/channel/memory"
	"github.com/tacit-mpc/tacit/mpc"
)

// LocalConfig is a run of all parties in this process.
type LocalConfig struct {
	Source    Source
	Consts    []Const  // of all parties
	Inputs    []string // by party
	Outputs   []int    // who learns the result; nil means everybody
	Evaluator int
	Events    func(Event)
}

// Local runs all parties of a program in this process, with the real protocol over channels in memory. The result is that of
// the first party that learns it; its cost adds up all parties.
func Local(ctx context.Context, cfg LocalConfig) (*Result, error) {
	p, inputs, err := prepare(cfg.Source, cfg.Consts, cfg.Inputs)
	if err != nil {
		return nil, err
	}
	n := p.parties()
	if n < 2 {
		return nil, &Error{Reason: BadProgram, Op: "running " + cfg.Source.Name, Err: errors.New("it has one party, and the protocol needs two"),
			Hint: "evaluate it in the clear: party eval " + cfg.Source.Name}
	}
	if err := checkSeats(n, cfg.Evaluator, cfg.Outputs); err != nil {
		return nil, err
	}
	job := mpc.Job{Circuit: p.circuit, Outputs: outputsOf(p.circuit, n, cfg.Outputs), Evaluator: channel.Party(cfg.Evaluator)}
	events := listener(cfg.Events)
	watch := newStopwatch(events)
	net := memory.NewMesh(n, memory.Options{})
	meters := make([]*channel.Meter, n)
	outs := make([][]bool, n)
	group, ctx := errgroup.WithContext(ctx)
	for i, ch := range net.Channels() {
		meters[i] = channel.NewMeter(ch)
		group.Go(func() error {
			defer ch.Close()
			var config mpc.Config
			if i == cfg.Evaluator {
				config.Progress = watch.progress
			}
			out, err := mpc.Run(ctx, meters[i], job, inputs[i], &config)
			outs[i] = out
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, explain("running all parties", err)
	}
	r := &Result{Program: cfg.Source.Hash(), Paths: []Path{}}
	r.Cost = costOf(p, meters[0], watch)
	for _, m := range meters[1:] {
		sent, received := m.Total()
		r.Cost.SentBytes += sent.Bytes
		r.Cost.ReceivedBytes += received.Bytes
		r.Cost.Messages += sent.Messages + received.Messages
	}
	for len(job.Outputs[r.Party]) == 0 && r.Party < n-1 {
		r.Party++
	}
	if err := r.learn(p, job, outs[r.Party]); err != nil {
		return nil, err
	}
	events(r.Cost)
	return r, nil
}

// prepare compiles a program and reads the inputs of all its parties.
func prepare(s Source, consts []Const, literals []string) (*program, [][]bool, error) {
	p, err := compile(s, consts)
	if err != nil {
		return nil, nil, err
	}
	if len(literals) != p.parties() {
		reason, hint := BadInput, "give one input for each party: party check "+s.Name
		if len(literals) < p.parties() {
			reason = NoInput
		}
		return nil, nil, &Error{Reason: reason, Op: "reading the inputs of " + s.Name, Hint: hint,
			Err: fmt.Errorf("it takes %s, and there are %d", plural(p.parties(), "input", "inputs"), len(literals))}
	}
	inputs := make([][]bool, len(literals))
	for i, l := range literals {
		if inputs[i], err = p.input(i, l); err != nil {
			return nil, nil, err
		}
	}
	return p, inputs, nil
}

// checkSeats checks seat numbers against the number of parties.
func checkSeats(n, evaluator int, outputs []int) error {
	if evaluator < 0 || evaluator >= n {
		return usage(fmt.Sprintf("seats are 0 to %d", n-1), "no party %d can evaluate: there are %d", evaluator, n)
	}
	if outputs != nil && len(outputs) == 0 {
		return usage("use --outputs all", "nobody learns the result")
	}
	for _, p := range outputs {
		if p < 0 || p >= n {
			return usage(fmt.Sprintf("seats are 0 to %d", n-1), "no party %d can learn the result: there are %d", p, n)
		}
	}
	return nil
}

// listener makes an events function that can be called, and from several goroutines.
func listener(events func(Event)) func(Event) {
	if events == nil {
		return func(Event) {}
	}
	var mu sync.Mutex
	return func(e Event) {
		mu.Lock()
		defer mu.Unlock()
		events(e)
	}
}
