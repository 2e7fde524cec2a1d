package doctor

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func ends(r Result) func(context.Context) Result {
	return func(context.Context) Result { return r }
}

// TestConsequencesAreSuppressed: a check that a failed one explains names the first cause, through others too.
func TestConsequencesAreSuppressed(t *testing.T) {
	results := Run(t.Context(), []Check{
		{Code: "a", Run: ends(Result{Status: Fail, Detail: "cause"})},
		{Code: "b", After: []string{"a"}, Run: ends(Result{Status: Fail, Detail: "consequence"})},
		{Code: "c", After: []string{"b", "nobody"}, Run: ends(Result{Status: OK})},
		{Code: "d", Subject: "1", Run: ends(Result{Status: Fail})},
		{Code: "d", Subject: "2", Run: ends(Result{Status: Warn})},
		{Code: "e", After: []string{"d"}, Run: ends(Result{Status: Fail, Detail: "its own"})},
	})
	var because []string
	for _, r := range results {
		because = append(because, r.Because)
	}
	if want := []string{"", "a", "a", "", "", ""}; !slices.Equal(because, want) {
		t.Errorf("explained by %q, want %q", because, want)
	}
	if r := results[5]; r.Status != Fail || r.Detail != "its own" || r.Code != "e" {
		t.Errorf("a check whose cause works for one of two is %+v", r)
	}
	if r := results[2]; r.Status != Unknown {
		t.Errorf("a consequence has status %s", r.Status)
	}
}

// TestChecksRunAtTheSameTime: three checks of a second each take a second.
func TestChecksRunAtTheSameTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := func(context.Context) Result { time.Sleep(time.Second); return Result{Status: OK} }
		start := time.Now()
		Run(t.Context(), []Check{{Code: "a", Run: slow}, {Code: "b", Run: slow, After: []string{"a"}}, {Code: "c", Run: slow}})
		if took := time.Since(start); took != time.Second {
			t.Errorf("took %v", took)
		}
	})
}
