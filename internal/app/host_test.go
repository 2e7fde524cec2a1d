package app

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/tacit-mpc/tacit/coord"
)

// TestHostWaits: whoever reads the events of a host sees a list of seats, also when the last one is taken.
func TestHostWaits(t *testing.T) {
	var got []string
	h := &host{events: func(e Event) {
		if w, ok := e.(Waiting); ok {
			list, _ := json.Marshal(w.Parties)
			got = append(got, string(list))
		}
	}}
	free := map[int]bool{0: true, 1: true}
	for _, e := range []coord.Event{{Seat: 1, State: coord.Joined}, {Seat: 1, State: coord.Connecting}, {Seat: 0, State: coord.Joined}, {Seat: 0}} {
		h.event(e, free, time.Time{})
	}
	if want := []string{"[0]", "[]", "[0]"}; !slices.Equal(got, want) {
		t.Errorf("waits for %v, want %v", got, want)
	}
}
