package cli

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/tacit-mpc/tacit/internal/app"
)

// answer is what --json prints when a computation went well.
type answer struct {
	Result        *string         `json:"result"` // null for a party that does not learn it
	Literal       json.RawMessage `json:"literal,omitempty"`
	Type          string          `json:"type"`
	Party         int             `json:"party"`
	Session       string          `json:"session"`
	Program       string          `json:"program"`
	AndGates      int             `json:"and_gates"`
	Paths         []app.Path      `json:"paths"`
	SentBytes     int64           `json:"sent_bytes"`
	ReceivedBytes int64           `json:"received_bytes"`
	Messages      int64           `json:"messages"`
	Seconds       app.Seconds     `json:"seconds"`
}

// printResult prints the result alone, or with --json the whole answer. A result that cannot be written is a failure.
func (c *call) printResult(r *app.Result) error {
	if !c.Bool("json") {
		if !r.Learned {
			return nil
		}
		return c.printValue(r.Value, r.Literal)
	}
	a := answer{
		Literal: r.Literal, Type: r.Type, Party: r.Party, Session: r.Session, Program: r.Program, AndGates: r.Cost.AndGates, Paths: r.Paths,
		SentBytes: r.Cost.SentBytes, ReceivedBytes: r.Cost.ReceivedBytes, Messages: r.Cost.Messages, Seconds: r.Cost.Seconds,
	}
	if r.Learned {
		a.Result = &r.Value
	}
	return unwritten(writeJSON(c.streams.Out, a))
}

func unwritten(err error) error {
	if err == nil {
		return nil
	}
	return &app.Error{Reason: app.BadFile, Op: "writing the result", Err: err, Hint: "nothing else will show it: see where stdout goes"}
}

// outputs reads --outputs: nil for all, else the seats in ascending order. Nothing (a script's empty variable) is not all.
func (c *call) outputs() ([]int, error) {
	text := c.String("outputs")
	if text == "all" {
		return nil, nil
	}
	bad := usagef("--outputs all, or a list of seats: --outputs 0,2")
	var seats []int
	for word := range strings.SplitSeq(text, ",") {
		seat, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil || seat < 0 || seat > 63 {
			return nil, bad("%s is no seat in --outputs", quote(word))
		}
		if slices.Contains(seats, seat) {
			return nil, bad("seat %d stands twice in --outputs", seat)
		}
		seats = append(seats, seat)
	}
	slices.Sort(seats)
	return seats, nil
}
