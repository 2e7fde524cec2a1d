package channeltest

import (
	"context"
	"testing"
	"time"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/channel/memory"
)

func TestMesh(t *testing.T) {
	for name, opts := range map[string]memory.Options{
		"plain":   {MaxMessage: 1 << 20},
		"tiny":    {MaxMessage: 1 << 20, Buffer: 4096},
		"latency": {MaxMessage: 1 << 20, Latency: time.Millisecond},
		"large":   {},
	} {
		t.Run(name, func(t *testing.T) {
			TestChannel(t, func(t *testing.T, n int) []channel.Channel { return memory.NewMesh(n, opts).Channels() })
		})
	}
}

func TestMeshReceiveLimit(t *testing.T) {
	m := memory.NewMesh(2, memory.Options{MaxMessage: 1000, Tamper: func(_, _ channel.Party, _ int, msg []byte) [][]byte {
		return [][]byte{append(msg, 0)}
	}})
	small := m.Channels()[1]
	TestReceiveLimit(t, roomy{m.Channels()[0]}, small)
}

// roomy has a limit one byte above its Mesh, which adds that byte by tampering.
type roomy struct{ channel.Channel }

func (r roomy) SendTo(ctx context.Context, to channel.Party, msg []byte) error {
	return r.Channel.SendTo(ctx, to, msg[:len(msg)-1])
}

func (r roomy) MaxMessage() int { return r.Channel.MaxMessage() + 1 }
