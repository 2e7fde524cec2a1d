package mpc

import (
	"bytes"
	"errors"
	"sync"
	"testing"

	"github.com/tacit-mpc/tacit/channel/memory"
	"github.com/tacit-mpc/tacit/circuit"
)

// TestRefusedJobs is the validation of jobs.
func TestRefusedJobs(t *testing.T) {
	c := chain(t, 2)
	key := make([]byte, 32)
	for what, job := range map[string]Job{
		"no circuit":             {},
		"more parties":           {Circuit: chain(t, 3)},
		"no such evaluator":      {Circuit: c, Evaluator: 2},
		"negative evaluator":     {Circuit: c, Evaluator: -1},
		"too few output lists":   {Circuit: c, Outputs: [][]int{{0}}},
		"no such output":         {Circuit: c, Outputs: [][]int{{0}, {1}}},
		"negative output":        {Circuit: c, Outputs: [][]int{{0}, {-1}}},
		"too few identities":     {Circuit: c, Identities: [][]byte{key}},
		"short identity":         {Circuit: c, Identities: [][]byte{key, key[1:]}},
		"unknown security level": {Circuit: c, Params: Params{Rho: 41}},
		"unknown depth":          {Circuit: c, Params: Params{K: 3}},
	} {
		chs := memory.NewMesh(2, memory.Options{}).Channels()
		if _, err := Run(t.Context(), chs[0], job, make([]bool, 2), nil); err == nil {
			t.Errorf("accepted: %s", what)
		}
	}
	for _, n := range []int{1, 65} {
		chs := memory.NewMesh(n, memory.Options{}).Channels()
		if _, err := Run(t.Context(), chs[0], Job{Circuit: chain(t, n)}, make([]bool, 2), nil); err == nil {
			t.Errorf("accepted %d parties", n)
		}
	}
	chs := memory.NewMesh(2, memory.Options{}).Channels()
	if _, err := Run(t.Context(), chs[0], Job{Circuit: c}, make([]bool, 3), nil); err == nil {
		t.Error("accepted too many input bits")
	}
	chs = memory.NewMesh(2, memory.Options{MaxMessage: maxPayload}).Channels()
	if _, err := Run(t.Context(), chs[0], Job{Circuit: c}, make([]bool, 2), nil); err == nil {
		t.Error("accepted a channel that cannot carry a frame")
	}
}

// TestDisagreement is row 1 with honest parties: every public field of a Job goes into the configuration.
func TestDisagreement(t *testing.T) {
	c := chain(t, 2)
	base := Job{Circuit: c, Context: []byte("x"), Identities: [][]byte{make([]byte, 32), bytes.Repeat([]byte{1}, 32)}}
	gates := make([]circuit.Gate, c.NumGates())
	for i := range gates {
		gates[i] = c.Gate(i)
	}
	gates[0].B = 0
	other, err := circuit.New(c.Inputs(), gates, c.Outputs())
	if err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func(*Job){
		"circuit":    func(j *Job) { j.Circuit = other },
		"outputs":    func(j *Job) { j.Outputs = [][]int{{0}, nil} },
		"evaluator":  func(j *Job) { j.Evaluator = 1 },
		"identities": func(j *Job) { j.Identities = [][]byte{base.Identities[1], base.Identities[0]} },
		"context":    func(j *Job) { j.Context = nil },
		"rho":        func(j *Job) { j.Params.Rho = 64 },
		"k":          func(j *Job) { j.Params.K = 8 },
		"order":      func(j *Job) { j.Params.TwoPhase = true },
		"buckets":    func(j *Job) { j.Params.tiny = &bucketing{8, 128} },
	} {
		chs := memory.NewMesh(2, memory.Options{}).Channels()
		job := base
		change(&job)
		var wg sync.WaitGroup
		errs := make([]error, 2)
		for i, j := range []Job{base, job} {
			wg.Go(func() { _, errs[i] = Run(t.Context(), chs[i], j, make([]bool, 2), nil) })
		}
		wg.Wait()
		found := false
		for i, err := range errs {
			var abort *AbortError
			if !errors.As(err, &abort) {
				t.Errorf("another %s: party %d: %v", what, i, err)
				continue
			}
			found = found || abort.Check == stepHello.String()+": "+errConfig.Error()
		}
		if !found {
			t.Errorf("another %s: %v", what, errs)
		}
	}
	// An equal Job that only says what is the default is no disagreement.
	p := &play{in: randomInputs(c, 1), job: base}
	p.job.Outputs = [][]int{{0}, {0}}
	p.mustAgree(t)
}
