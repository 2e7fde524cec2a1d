package mesh

import (
	"testing"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/channel/channeltest"
)

// TestChannel runs the conformance suite over real sockets, with ordinary limits and with small ones.
func TestChannel(t *testing.T) {
	for name, limits := range map[string]Config{
		"default": {},
		"small":   {MaxMessage: 100_000, Budget: 1},
	} {
		t.Run(name, func(t *testing.T) {
			channeltest.TestChannel(t, func(t *testing.T, n int) []channel.Channel {
				all := parties(t, n)
				for _, p := range all {
					p.cfg.MaxMessage, p.cfg.Budget = limits.MaxMessage, limits.Budget
				}
				return channels(join(t, all))
			})
		})
	}
}

func TestReceiveLimit(t *testing.T) {
	all := parties(t, 2)
	all[1].cfg.MaxMessage = 1000
	meshes := join(t, all)
	channeltest.TestReceiveLimit(t, meshes[0], meshes[1])
}

func channels(meshes []*Mesh) []channel.Channel {
	var all []channel.Channel
	for _, m := range meshes {
		all = append(all, m)
	}
	return all
}
