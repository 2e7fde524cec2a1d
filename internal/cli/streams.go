package cli

import (
	"io"
	"os"

	"golang.org/x/term"
)

// Streams is everything a command line program is connected to.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	Env      func(name string) (string, bool)
}

// Standard returns the streams and the environment of the process.
func Standard() Streams {
	return Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Env: os.LookupEnv}
}

// env returns a variable of the environment; an empty one counts as not set.
func (s Streams) env(name string) (string, bool) {
	if s.Env == nil {
		return "", false
	}
	v, ok := s.Env(name)
	return v, ok && v != ""
}

// terminal returns the descriptor of a stream that is a terminal.
func terminal(stream any) (fd int, ok bool) {
	f, ok := stream.(*os.File)
	if !ok {
		return 0, false
	}
	return int(f.Fd()), term.IsTerminal(int(f.Fd()))
}
