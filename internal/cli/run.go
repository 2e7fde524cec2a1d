package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"

	"github.com/tacit-mpc/tacit/internal/app"
)

// completeCommand is the hidden command that the completion scripts call.
const completeCommand = "__complete"

// program is one of the two command line programs: its tree of commands and its streams.
type program struct {
	root    *cli.App
	streams Streams
}

// run parses args (the first is the program's name), runs the command and reports how it ended. It returns the exit code.
func (p *program) run(args []string) (code int) {
	if len(args) > 1 && args[1] == completeCommand {
		for _, candidate := range p.complete(args[2:]) {
			fmt.Fprintln(p.streams.Out, candidate)
		}
		return exitDone
	}
	if len(args) == 2 && args[1] == "--version" {
		args = []string{args[0], "version"}
	}
	defer func() {
		if r := recover(); r != nil {
			code = p.fail(wantsJSON(p.streams, args), &app.Error{Reason: app.Bug, Op: "unexpected failure", Err: bugAt(r)})
		}
	}()
	// quic-go would log about socket buffers; what matters of them is an event.
	if err := os.Setenv("QUIC_GO_DISABLE_RECEIVE_BUFFER_WARNING", "true"); err != nil {
		return p.fail(wantsJSON(p.streams, args), err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt ends the process at once

	if c, ok := p.wantsHelp(args); ok {
		p.writeHelp(c)
		return exitDone
	}
	args = p.flagsFirst(args)
	p.harden(args)
	err := p.root.RunContext(ctx, args)
	if err == nil {
		return exitDone
	}
	if errors.Is(err, noPath{}) {
		return exitNoPath
	}
	var known *app.Error
	if ctx.Err() != nil && !(errors.As(err, &known) && known.Reason != app.Interrupted) {
		err = interrupted(err)
	}
	return p.fail(wantsJSON(p.streams, args), err)
}

// harden takes from the library what it would print or exit by itself.
func (p *program) harden(args []string) {
	r := p.root
	r.Writer, r.ErrWriter = p.streams.Out, p.streams.Err
	r.HideHelp, r.HideVersion = true, true
	r.DisableSliceFlagSeparator = true
	r.ExitErrHandler = func(*cli.Context, error) {}
	r.OnUsageError = onUsageError
	r.Metadata = map[string]any{rawArgs: args}
	for _, c := range r.Commands {
		c.HideHelp = true
		c.OnUsageError = onUsageError
	}
}

// wantsJSON says whether the command line asks for JSON, also when it does not parse.
func wantsJSON(s Streams, args []string) bool {
	for _, a := range args[min(1, len(args)):] {
		switch a {
		case "--":
			return false
		case "--json", "-json", "--json=true", "-json=true":
			return true
		}
	}
	v, _ := s.env("TACIT_JSON")
	return v == "1" || v == "true"
}

func interrupted(err error) error {
	if known := (*app.Error)(nil); errors.As(err, &known) {
		return known
	}
	return &app.Error{Reason: app.Interrupted, Err: errors.New("interrupted")}
}

// bugAt describes a panic by the first line of this module in its stack, never by the stack itself.
func bugAt(r any) error {
	where := "unknown place"
	for line := range strings.SplitSeq(string(debug.Stack()), "\n") {
		if fn, ok := strings.CutPrefix(line, modulePath+"/"); ok && !strings.Contains(fn, "cli.bugAt") && !strings.Contains(fn, "cli.(*program).run") {
			where, _, _ = strings.Cut(fn, "(0x")
			break
		}
	}
	if e, ok := r.(error); ok {
		return fmt.Errorf("%T in %s", e, where)
	}
	return fmt.Errorf("panic in %s", where)
}
