package cli

import (
	"encoding/json"
	"io"
	"os"
	"sync"
	"time"

	"github.com/tacit-mpc/tacit/internal/app"
)

// eventLog writes events as one JSON object a line: "v", "time" and "type", then the event's own fields.
type eventLog struct {
	mu sync.Mutex
	w  io.WriteCloser // nil: nobody listens
}

// openEventLog opens the file of --events; "-" is stderr. The file is truncated.
func openEventLog(name string, stderr io.Writer) (*eventLog, error) {
	switch name {
	case "":
		return &eventLog{}, nil
	case "-":
		return &eventLog{w: nopCloser{stderr}}, nil
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, &app.Error{Reason: app.BadFile, Op: "opening the events file", Err: err, Hint: "name a file that can be written: --events FILE"}
	}
	return &eventLog{w: f}, nil
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

// eventHead begins every line.
type eventHead struct {
	V    int       `json:"v"`
	Time time.Time `json:"time"`
	Type string    `json:"type"`
}

// write appends one event. A file that can no longer be written is no reason to stop a computation.
func (l *eventLog) write(typ string, event any) {
	if l.w == nil {
		return
	}
	head, err := json.Marshal(eventHead{V: 1, Time: time.Now().UTC(), Type: typ})
	if err != nil {
		return
	}
	body, err := json.Marshal(event)
	if err != nil {
		return
	}
	line := head[:len(head)-1]
	if len(body) > 2 {
		line = append(append(line, ','), body[1:]...)
	} else {
		line = append(line, '}')
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = l.w.Write(append(line, '\n'))
}

func (l *eventLog) Close() error {
	if l.w == nil {
		return nil
	}
	return l.w.Close()
}
