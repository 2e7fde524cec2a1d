package mesh

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quic-go/quic-go/testutils/simnet"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/identity"
	"github.com/tacit-mpc/tacit/internal/pathconn"
)

// A simulation is a network in virtual time with sockets on it. Its user is in a synctest bubble.
type simulation struct {
	simnet.PerfectRouter
	cut   atomic.Bool  // loses every packet
	most  atomic.Int64 // loses larger packets, unless zero
	socks []*Socket
}

func (s *simulation) SendPacket(p simnet.Packet) error {
	if most := s.most.Load(); s.cut.Load() || most > 0 && len(p.Data) > int(most) {
		return nil
	}
	return s.PerfectRouter.SendPacket(p)
}

// timely is a SimConn whose timeouts are such.
type timely struct{ *simnet.SimConn }

func (c timely) ReadFrom(p []byte) (int, net.Addr, error) {
	n, from, err := c.SimConn.ReadFrom(p)
	if err == simnet.ErrDeadlineExceeded {
		err = os.ErrDeadlineExceeded
	}
	return n, from, err
}

// simulate makes n sockets whose packets take latency.
func simulate(t *testing.T, n int, latency time.Duration) *simulation {
	t.Helper()
	sim := &simulation{}
	network := &simnet.Simnet{Router: sim}
	var conns []*simnet.SimConn
	for i := range n {
		conns = append(conns, network.NewEndpoint(&net.UDPAddr{IP: net.IP{192, 0, 2, byte(1 + i)}, Port: 9}, simnet.NodeBiDiLinkSettings{
			Latency: latency, Downlink: simnet.LinkSettings{MTU: 1500}, Uplink: simnet.LinkSettings{MTU: 1500},
		}))
	}
	if err := network.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { network.Close() })
	for _, conn := range conns {
		key, err := identity.Generate()
		if err != nil {
			t.Fatal(err)
		}
		sock := &Socket{key: key}
		if err := sock.start(pathconn.NewPlain(timely{conn}, pathconn.Config{Intercept: sock.intercept})); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { sock.Close() })
		sim.socks = append(sim.socks, sock)
	}
	return sim
}

// pairConfig is the configuration of one of the two parties on the first two sockets.
func (s *simulation) pairConfig(cfg Config, self channel.Party) Config {
	other := s.socks[1-self]
	cfg.PunchKey = testPunchKey
	cfg.Self, cfg.Session = self, []byte("test")
	cfg.Peers = []Peer{{Seat: 1 - self, ID: other.key.ID(), Addrs: []netip.AddrPort{other.LocalAddr()}, PunchKey: publicPunchKey}}
	return cfg
}

// joinTwo makes a mesh of two parties on the first two sockets, closed with the test.
func (s *simulation) joinTwo(t *testing.T, cfg Config) [2]*Mesh {
	t.Helper()
	var meshes [2]*Mesh
	errs := make(chan error)
	for i := range meshes {
		go func() {
			var err error
			meshes[i], err = Join(context.Background(), s.socks[i], s.pairConfig(cfg, channel.Party(i)))
			errs <- err
		}()
	}
	if err := errors.Join(<-errs, <-errs); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		go meshes[0].Close()
		meshes[1].Close()
		meshes[0].Close()
	})
	return meshes
}
