package doctor

import (
	"context"
	"sync"
	"time"
)

// A Status is how a check ended.
type Status string

// The statuses.
const (
	OK      Status = "ok"
	Warn    Status = "warn"    // it works, with less than there could be
	Fail    Status = "fail"    // it does not work
	Unknown Status = "unknown" // it cannot be told from here, or a failed check explains it (Result.Because)
)

// A Result is what a check found. Code is stable: scripts may branch on it.
type Result struct {
	Code    string  `json:"code"`
	Subject string  `json:"subject,omitempty"` // what was checked, if there is more than one: a relay's URL, an address
	Status  Status  `json:"status"`
	Detail  string  `json:"detail"`          // what was found
	Gloss   string  `json:"gloss,omitempty"` // what that means, in plain words
	Hint    string  `json:"hint,omitempty"`  // what to do about it
	RTT     float64 `json:"rtt_ms,omitempty"`
	Because string  `json:"because,omitempty"` // the failed check that explains this one
}

func (r Result) withRTT(d time.Duration) Result {
	r.RTT = float64(d.Microseconds()) / 1000
	return r
}

// A Check finds out one thing. Run's result need not repeat Code and Subject.
type Check struct {
	Code, Subject string
	After         []string // codes of earlier checks: if all checks of one of them failed, that explains this one
	Run           func(context.Context) Result
}

// Run runs all checks at the same time and returns their results in the order of the checks. After names earlier checks only; codes
// that no check has are ignored. What came of a check that an earlier one explains is dropped. ctx bounds them all: Run of a Check
// must return when it ends.
func Run(ctx context.Context, checks []Check) []Result {
	results := make([]Result, len(checks))
	var running sync.WaitGroup
	for i, c := range checks {
		running.Go(func() { results[i] = c.Run(ctx) })
	}
	running.Wait()
	for i, c := range checks {
		if cause := failedBefore(c, checks[:i], results); cause != "" {
			results[i] = Result{Status: Unknown, Detail: "not told, since " + cause + " failed", Because: cause}
		}
		results[i].Code, results[i].Subject = c.Code, c.Subject
	}
	return results
}

// failedBefore is the first code in c.After of which every check failed or is explained by a failed one; then the first cause.
func failedBefore(c Check, earlier []Check, results []Result) string {
	for _, code := range c.After {
		some, works, cause := false, false, code
		for j, e := range earlier {
			if e.Code != code {
				continue
			}
			some = true
			works = works || results[j].Status != Fail && results[j].Because == ""
			if results[j].Because != "" {
				cause = results[j].Because
			}
		}
		if some && !works {
			return cause
		}
	}
	return ""
}
