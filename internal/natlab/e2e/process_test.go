//go:build linux

package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tacit-mpc/tacit/internal/natlab/netns"
)

// An event is a line of --events, with the fields that the tests look at.
type event struct {
	Time       time.Time
	Type, Kind string
	Party      int
	Done       int64
}

// A process is a program under test in a namespace. What it says is kept, and whoever waits for something is woken.
type process struct {
	name   string
	cmd    *exec.Cmd
	exited chan struct{}

	mu     sync.Mutex
	out    []string // lines of stdout
	log    []string // lines of stderr
	events []event
	grown  chan struct{} // closed and replaced when something came
}

// start runs a program of scratch in a namespace until the test ends.
func start(t *testing.T, ns *netns.NS, name string, args ...string) *process {
	t.Helper()
	p := &process{name: name, exited: make(chan struct{}), grown: make(chan struct{})}
	p.cmd = ns.Command(t.Context(), filepath.Join(scratch, name), append([]string{"--events=-"}, args...)...)
	p.cmd.Env = []string{"GOTRACEBACK=all", "HOME=" + scratch, "PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var reading sync.WaitGroup
	reading.Go(func() { p.read(out, &p.out) })
	reading.Go(func() { p.read(stderr, &p.log) })
	go func() {
		reading.Wait()
		p.cmd.Wait()
		close(p.exited)
	}()
	t.Cleanup(p.kill)
	return p
}

func (p *process) read(r io.Reader, into *[]string) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		p.mu.Lock()
		*into = append(*into, lines.Text())
		var e event
		if into == &p.log && bytes.HasPrefix(lines.Bytes(), []byte("{")) && json.Unmarshal(lines.Bytes(), &e) == nil {
			p.events = append(p.events, e)
		}
		close(p.grown)
		p.grown = make(chan struct{})
		p.mu.Unlock()
	}
}

// until waits until found, which is called with the lock held, says so.
func (p *process) until(what string, within time.Duration, found func() bool) error {
	limit := time.After(within)
	for {
		p.mu.Lock()
		grown, ok := p.grown, found()
		p.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-grown:
		case <-p.exited:
			return fmt.Errorf("%s ended before %s", p.name, what)
		case <-limit:
			return fmt.Errorf("%s: no %s within %v", p.name, what, within)
		}
	}
}

// await waits for the first event, not before since, that is as wanted.
func (p *process) await(what string, since time.Time, within time.Duration, want func(e event) bool) (first event, err error) {
	err = p.until(what, within, func() bool {
		for _, e := range p.events {
			if !e.Time.Before(since) && want(e) {
				first = e
				return true
			}
		}
		return false
	})
	return first, err
}

// line waits for a line of stdout that begins with prefix and returns the rest.
func (p *process) line(prefix string, within time.Duration) (rest string, err error) {
	err = p.until(prefix, within, func() bool {
		for _, l := range p.out {
			if after, ok := strings.CutPrefix(l, prefix); ok {
				rest = after
				return true
			}
		}
		return false
	})
	return rest, err
}

// end waits until the process has ended, and returns its exit code.
func (p *process) end(within time.Duration) (int, error) {
	select {
	case <-p.exited:
		return p.cmd.ProcessState.ExitCode(), nil
	case <-time.After(within):
		return 0, fmt.Errorf("%s has not ended after %v", p.name, within)
	}
}

// pauseAt stops the process for a while when it tells of an event.
func (p *process) pauseAt(typ string, pause time.Duration) error {
	if _, err := p.await(typ, time.Time{}, startWithin, func(e event) bool { return e.Type == typ }); err != nil {
		return err
	}
	p.cmd.Process.Signal(syscall.SIGSTOP)
	<-time.After(pause)
	p.cmd.Process.Signal(syscall.SIGCONT)
	return nil
}

// stacks has the process end and tell what its goroutines do.
func (p *process) stacks() {
	p.cmd.Process.Signal(syscall.SIGQUIT)
	p.end(startWithin)
}

func (p *process) kill() {
	p.cmd.Process.Signal(syscall.SIGKILL)
	<-p.exited
}

// said is everything that the process wrote but its progress and its tickets.
func (p *process) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var b strings.Builder
	for _, l := range append(p.out[:len(p.out):len(p.out)], p.log...) {
		if !strings.Contains(l, `"type":"progress"`) && !strings.HasPrefix(l, "ticket ") {
			b.WriteString(l + "\n")
		}
	}
	return b.String()
}
