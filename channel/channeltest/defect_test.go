package channeltest

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/channel/memory"
)

// defects are Channels that break the contract, each with the test of the suite that must notice.
var defects = map[string]struct {
	noticed string
	factory func(n int) []channel.Channel
}{
	"duplicates": {"OrderAndBoundaries", tampered(func(i int, msg []byte) [][]byte {
		return [][]byte{msg, bytes.Clone(msg)}
	})},
	"splits": {"OrderAndBoundaries", tampered(func(i int, msg []byte) [][]byte {
		return [][]byte{msg[:len(msg)/2], msg[len(msg)/2:]}
	})},
	"truncates": {"OrderAndBoundaries", tampered(func(i int, msg []byte) [][]byte {
		return [][]byte{msg[:max(0, len(msg)-1)]}
	})},
	"reorders": {"OrderAndBoundaries", func(n int) []channel.Channel {
		held := make(map[[2]channel.Party][]byte)
		return memory.NewMesh(n, memory.Options{Tamper: func(from, to channel.Party, i int, msg []byte) [][]byte {
			if i%2 == 0 {
				held[[2]channel.Party{from, to}] = msg
				return nil
			}
			return [][]byte{msg, held[[2]channel.Party{from, to}]}
		}}).Channels()
	}},
	"aliases": {"Ownership", wrapped(memory.Options{}, func(ch channel.Channel) channel.Channel {
		return &aliasing{Channel: ch, buf: make([]byte, 1<<16)}
	})},
	"accepts any size": {"SizeLimit", wrapped(memory.Options{MaxMessage: 2000}, func(ch channel.Channel) channel.Channel { return modest{ch} })},
	"is unbounded":     {"BoundedInFlight", wrapped(memory.Options{MaxMessage: 1 << 20, Buffer: 1 << 40}, nil)},
	"has bare errors":  {"NoSuchParty", wrapped(memory.Options{}, func(ch channel.Channel) channel.Channel { return bare{ch} })},
	"closes once":      {"CloseTwice", wrapped(memory.Options{}, func(ch channel.Channel) channel.Channel { return &once{Channel: ch} })},
	"forgets on close": {"CloseDelivers", killed},
}

func tampered(f func(i int, msg []byte) [][]byte) func(n int) []channel.Channel {
	return wrapped(memory.Options{Tamper: func(_, _ channel.Party, i int, msg []byte) [][]byte { return f(i, msg) }}, nil)
}

func wrapped(opts memory.Options, wrap func(channel.Channel) channel.Channel) func(n int) []channel.Channel {
	return func(n int) []channel.Channel {
		chs := memory.NewMesh(n, opts).Channels()
		for i := range chs {
			if wrap != nil {
				chs[i] = wrap(chs[i])
			}
		}
		return chs
	}
}

func killed(n int) []channel.Channel {
	m := memory.NewMesh(n, memory.Options{Latency: 50 * time.Millisecond})
	var chs []channel.Channel
	for _, ch := range m.Channels() {
		chs = append(chs, mortal{ch, m})
	}
	return chs
}

type mortal struct {
	channel.Channel
	mesh *memory.Mesh
}

func (m mortal) Close() error {
	m.mesh.Kill(m.Self())
	return nil
}

type aliasing struct {
	channel.Channel
	buf []byte
}

func (a *aliasing) RecvFrom(ctx context.Context, from channel.Party) ([]byte, error) {
	msg, err := a.Channel.RecvFrom(ctx, from)
	return a.buf[:copy(a.buf, msg)], err
}

type modest struct{ channel.Channel }

func (m modest) MaxMessage() int { return 1000 }

type bare struct{ channel.Channel }

func (b bare) SendTo(ctx context.Context, to channel.Party, msg []byte) error {
	if b.Channel.SendTo(ctx, to, msg) != nil {
		return errors.New("bare")
	}
	return nil
}

type once struct {
	channel.Channel
	closed atomic.Bool
}

func (o *once) Close() error {
	if o.closed.Swap(true) {
		return errors.New("closed already")
	}
	return o.Channel.Close()
}

const defectEnv = "CHANNELTEST_DEFECT"

// TestDefective is run by TestSuiteNotices in a process of its own.
func TestDefective(t *testing.T) {
	d, ok := defects[os.Getenv(defectEnv)]
	if !ok {
		t.Skip("run by TestSuiteNotices")
	}
	TestChannel(t, func(t *testing.T, n int) []channel.Channel { return d.factory(n) })
}

// TestSuiteNotices holds that the suite fails on Channels that break the contract, where it should.
func TestSuiteNotices(t *testing.T) {
	for name, d := range defects {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestDefective$/^"+d.noticed+"$")
			cmd.Env = append(os.Environ(), defectEnv+"="+name)
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "--- FAIL: TestDefective/"+d.noticed) {
				t.Errorf("not noticed: %v\n%s", err, out)
			}
		})
	}
}
