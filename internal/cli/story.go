package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/tacit-mpc/tacit/internal/app"
)

// story puts events into words: one line a phase, and on a terminal a live block with what goes on now.
type story struct {
	screen  *screen
	verbose bool
	hosts   bool // this is pre: the parties' phases are all it sees

	phase   string
	started time.Time // of the phase

	computing time.Time // since when AND gates are counted
}

// tell must be called from one goroutine at a time.
func (t *story) tell(e app.Event) {
	say := t.screen.line
	switch e := e.(type) {
	case app.Listening:
		if e.Resumed {
			say("session %s goes on, for %d parties at %s", e.Session, e.Parties, strings.Join(e.Addrs, ";"))
			return
		}
		say("session %s is open for %d parties at %s until %s", e.Session, e.Parties, strings.Join(e.Addrs, ";"), clock(e.Until))
	case app.Joining:
		say("looking for the coordinator %s at %s until %s", short(e.NodeID), strings.Join(e.Addrs, ";"), clock(e.Until))
	case app.Warning:
		say("warning: %s", e.Message)
		if e.Hint != "" && t.verbose {
			say("hint: %s", e.Hint)
		}
	case app.Seated:
		say("seat %d of %d in session %s is ours, with key %s", e.Party, e.Parties, e.Session, e.Key)
	case app.Waiting:
		t.wait(e)
	case app.Roster:
		t.roster(e)
	case app.Path:
		t.path(e)
	case app.Phase:
		t.begin(e.Phase)
		if e.Phase != "connect" && t.computing.IsZero() {
			t.computing = t.started
		}
	case app.Progress:
		t.progress(e)
	case app.PartyState:
		t.party(e)
	case app.CoordinatorState:
		if e.State == "lost" {
			say("the coordinator is not heard of; trying to reach it again")
		} else {
			say("the coordinator is back")
		}
	case app.Cost:
		t.screen.show(nil)
		say("%d AND gates in %s: connect %s, preprocess %s, garble %s, evaluate %s", e.AndGates, seconds(e.Seconds.Total),
			seconds(e.Seconds.Connect), seconds(e.Seconds.Preprocess), seconds(e.Seconds.Garble), seconds(e.Seconds.Evaluate))
		say("sent %s, received %s, %d messages", bytesText(e.SentBytes), bytesText(e.ReceivedBytes), e.Messages)
	case app.Ended:
		t.screen.show(nil)
		if e.Reason == "" {
			say("session %s ended well", e.Session)
		} else {
			say("session %s ended: %s", e.Session, e.Why)
		}
	}
}

func (t *story) wait(e app.Waiting) {
	if len(e.Parties) == 0 {
		t.showPhase()
		return
	}
	text := "waiting for " + parties(e.Parties)
	if !e.Until.IsZero() {
		text += " until " + clock(e.Until)
	}
	if !t.screen.live {
		t.screen.line("%s", text)
		return
	}
	t.screen.show(func(now time.Time) []string {
		if e.Until.IsZero() {
			return []string{text}
		}
		return []string{fmt.Sprintf("%s (%s left)", text, max(0, e.Until.Sub(now)).Round(time.Second))}
	})
}

func (t *story) roster(e app.Roster) {
	say := t.screen.line
	t.screen.show(nil)
	say("program %s (SHA-256)", e.Program)
	for _, m := range e.Parties {
		notes := ""
		if m.Self {
			notes += ", this is us"
		}
		if m.Party == e.Evaluator {
			notes += ", evaluates"
		}
		say("party %d has key %s%s", m.Party, m.Key, notes)
		for _, c := range m.Consts {
			say("party %d supplies %s = %s", m.Party, c.Name, c.Value)
		}
	}
	if len(e.Outputs) == len(e.Parties) {
		say("every party learns the result")
	} else if len(e.Outputs) == 1 {
		say("party %d alone learns the result", e.Outputs[0])
	} else {
		say("%s learn the result", parties(e.Outputs))
	}
	say("words: %s (equal at all parties; compare them over another channel)", e.Words)
}

func (t *story) path(e app.Path) {
	text := fmt.Sprintf("path to party %d: %s, %s, %.1f ms", e.Party, e.Kind, e.Remote, e.RTTms)
	if e.Why != "" {
		text += ", because " + e.Why
	}
	t.screen.line("%s", text)
}

// The phases in words.
func phaseText(phase string) string {
	switch phase {
	case "connect":
		return "connecting to the other parties"
	case "preprocess":
		return "preprocessing"
	case "garble":
		return "garbling"
	case "evaluate":
		return "evaluating"
	case "connecting":
		return "the parties connect to each other"
	case "running":
		return "the parties compute"
	}
	return phase
}

func (t *story) begin(phase string) {
	if phase == t.phase {
		return
	}
	t.phase, t.started = phase, time.Now()
	if !t.screen.live {
		t.screen.line("%s", phaseText(phase))
	}
	t.showPhase()
}

// showPhase makes the phase the live block.
func (t *story) showPhase() {
	if t.phase == "" {
		t.screen.show(nil)
		return
	}
	text, started := phaseText(t.phase), t.started
	t.screen.show(func(now time.Time) []string {
		return []string{fmt.Sprintf("%s (%s)", text, now.Sub(started).Round(time.Second))}
	})
}

// progress draws a bar. The phases of a large circuit take turns, so it runs from the first to the last.
func (t *story) progress(e app.Progress) {
	if t.computing.IsZero() {
		t.computing = time.Now()
	}
	if e.Total == 0 {
		return
	}
	text, started := phaseText(e.Phase), t.computing
	t.screen.show(func(now time.Time) []string {
		return []string{fmt.Sprintf("%-14s %s", text, bar(e.Done, e.Total, now.Sub(started)))}
	})
}

func (t *story) party(e app.PartyState) {
	text := fmt.Sprintf("party %d %s", e.Party, stateText(e.State))
	if e.State == "joined" && e.Key != "" {
		text += " with key " + e.Key
	}
	if e.Why != "" {
		text += ": " + e.Why
	}
	if t.hosts && (e.State == "connecting" || e.State == "running") {
		t.begin(e.State)
	}
	if t.verbose || e.State != "connecting" && e.State != "running" && e.State != "done" {
		t.screen.line("%s", text)
	}
}

func stateText(state string) string {
	switch state {
	case "empty":
		return "gave its seat back"
	case "joined":
		return "took its seat"
	case "connecting":
		return "is connecting"
	case "running":
		return "is computing"
	case "done":
		return "is done"
	case "unreached":
		return "is not reached yet"
	case "lost", "quiet":
		return "is not heard of"
	case "heard":
		return "is heard again"
	}
	return state
}

// parties names seats: "party 2", "parties 0, 1 and 4".
func parties(seats []int) string {
	if len(seats) == 1 {
		return fmt.Sprintf("party %d", seats[0])
	}
	var s strings.Builder
	s.WriteString("parties ")
	for i, p := range seats {
		switch {
		case i == 0:
		case i == len(seats)-1:
			s.WriteString(" and ")
		default:
			s.WriteString(", ")
		}
		fmt.Fprint(&s, p)
	}
	return s.String()
}

func short(key string) string {
	if len(key) > 8 {
		return key[:8]
	}
	return key
}

func clock(t time.Time) string { return t.Local().Format("15:04:05") }

func seconds(s float64) string {
	return time.Duration(s * float64(time.Second)).Round(time.Millisecond).String()
}
