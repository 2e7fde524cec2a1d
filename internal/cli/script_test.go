package cli

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the test binary be both programs: scripts run the real mains in processes of their own.
func TestMain(m *testing.M) {
	testscript.Main(crowd{m}, map[string]func(){
		"party": func() { os.Exit(Party(os.Args, Standard())) },
		"pre":   func() { os.Exit(Pre(os.Args, Standard())) },
	})
}

// crowd runs more tests at a time than there are processors: scripts mostly wait for their processes.
type crowd struct{ *testing.M }

func (c crowd) Run() int {
	flag.Parse()
	if err := flag.Set("test.parallel", "6"); err != nil {
		panic(err)
	}
	return c.M.Run()
}

// TestScript runs testdata/script/*.txtar. Besides testscript's own commands there are
//
//	code N PROGRAM ARG...          run, and end with exit code N
//	start NAME PROGRAM ARG...      run in the background, with --events on its stderr
//	await NAME REGEXP [VAR]        wait for a line of its stdout or stderr; VAR becomes the first group
//	crash, interrupt, freeze NAME  SIGKILL, SIGINT, SIGSTOP
//	finish NAME N [DURATION]       wait for its end with exit code N; stdout and stderr are in NAME.out and NAME.err
func TestScript(t *testing.T) {
	examples, err := filepath.Abs("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:      "testdata/script",
		Deadline: time.Now().Add(2 * patience),
		Setup: func(e *testscript.Env) error {
			e.Setenv("EXAMPLES", examples)
			e.Setenv("TACIT_RELAY_LISTEN", "127.0.0.1:0") // scripts run side by side
			e.Values[procsKey{}] = &procs{byName: map[string]*proc{}}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code":      cmdCode,
			"start":     cmdStart,
			"await":     cmdAwait,
			"crash":     cmdSignal(syscall.SIGKILL),
			"interrupt": cmdSignal(syscall.SIGINT),
			"freeze":    cmdSignal(syscall.SIGSTOP),
			"finish":    cmdFinish,
		},
	})
}

func cmdCode(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("%s ended with exit code %d, want %d", args[1], got, want)
	}
}

// patience is how long a script waits for anything. It is far above what anything takes.
const patience = 60 * time.Second

type procsKey struct{}

// procs are the background processes of one script.
type procs struct{ byName map[string]*proc }

// A proc is one background process; its output is kept, and whoever waits for a line is woken by it.
type proc struct {
	cmd    *exec.Cmd
	exited chan struct{}

	mu    sync.Mutex
	out   bytes.Buffer
	err   bytes.Buffer
	grown chan struct{} // closed and replaced when output came
}

// sink is one output stream of a proc.
type sink struct {
	p   *proc
	buf *bytes.Buffer
}

func (s sink) Write(b []byte) (int, error) {
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	s.buf.Write(b)
	close(s.p.grown)
	s.p.grown = make(chan struct{})
	return len(b), nil
}

func cmdStart(ts *testscript.TestScript, _ bool, args []string) {
	all := ts.Value(procsKey{}).(*procs)
	name := args[0]
	p := &proc{exited: make(chan struct{}), grown: make(chan struct{})}
	path, err := exec.LookPath(args[1])
	if err != nil {
		path = filepath.Join(ts.Getenv("PATH")[:bytes.IndexByte([]byte(ts.Getenv("PATH")+":"), ':')], args[1])
	}
	p.cmd = exec.Command(path, append([]string{"--events=-"}, args[2:]...)...)
	if len(args) > 2 && args[2] == "local" {
		p.cmd = exec.Command(path, append([]string{"local", "--events=-"}, args[3:]...)...)
	}
	p.cmd.Dir = ts.MkAbs(".")
	for _, v := range []string{"PATH", "HOME", "TMPDIR", "TACIT_TICKET", "TACIT_TOKEN", "TACIT_INPUT_FILE", "TACIT_TIMEOUT", "TACIT_RELAY_LISTEN"} {
		if s := ts.Getenv(v); s != "" {
			p.cmd.Env = append(p.cmd.Env, v+"="+s)
		}
	}
	p.cmd.Stdout, p.cmd.Stderr = sink{p, &p.out}, sink{p, &p.err}
	ts.Check(p.cmd.Start())
	all.byName[name] = p
	go func() {
		_ = p.cmd.Wait()
		close(p.exited)
	}()
	ts.Defer(func() {
		_ = p.cmd.Process.Kill()
		<-p.exited
		ts.Logf("%s", p.transcript(name))
	})
}

// transcript is everything a process wrote.
func (p *proc) transcript(name string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return fmt.Sprintf("--- %s\n[stdout]\n%s[stderr]\n%s", name, p.out.Bytes(), p.err.Bytes())
}

func (ps *procs) named(ts *testscript.TestScript, name string) *proc {
	p := ps.byName[name]
	if p == nil {
		ts.Fatalf("no process %s was started", name)
	}
	return p
}

func cmdAwait(ts *testscript.TestScript, _ bool, args []string) {
	p := ts.Value(procsKey{}).(*procs).named(ts, args[0])
	re, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	deadline := time.After(patience)
	for ended := false; ; {
		p.mu.Lock()
		text, grown := p.out.String()+p.err.String(), p.grown
		p.mu.Unlock()
		if m := re.FindStringSubmatch(text); m != nil {
			if len(args) > 2 {
				ts.Setenv(args[2], m[1])
			}
			return
		}
		if ended {
			ts.Fatalf("%s ended without a line like %s", args[0], args[1])
		}
		select {
		case <-grown:
		case <-p.exited:
			ended = true
		case <-deadline:
			ts.Fatalf("%s wrote no line like %s", args[0], args[1])
		}
	}
}

func cmdSignal(sig syscall.Signal) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, _ bool, args []string) {
		for _, name := range args {
			ts.Check(ts.Value(procsKey{}).(*procs).named(ts, name).cmd.Process.Signal(sig))
		}
	}
}

func cmdFinish(ts *testscript.TestScript, _ bool, args []string) {
	p := ts.Value(procsKey{}).(*procs).named(ts, args[0])
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	limit := patience
	if len(args) > 2 {
		limit, err = time.ParseDuration(args[2])
		ts.Check(err)
	}
	select {
	case <-p.exited:
	case <-time.After(limit):
		ts.Fatalf("%s did not end within %s", args[0], limit)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".out"), p.out.Bytes(), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".err"), p.err.Bytes(), 0o600))
	if got := p.cmd.ProcessState.ExitCode(); got != want {
		ts.Fatalf("%s ended with exit code %d, want %d", args[0], got, want)
	}
}

var _ io.Writer = sink{}
