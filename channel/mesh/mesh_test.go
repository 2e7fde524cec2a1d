package mesh

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/identity"
)

// A party of a test: its key, its socket, and what it needs to join.
type party struct {
	key  *identity.Key
	sock *Socket
	cfg  Config
}

// All parties of the tests share one key for pings: the pairs differ by their seats.
var (
	testPunchKey   = newPunchKey()
	publicPunchKey = [32]byte(testPunchKey.PublicKey().Bytes())
)

func newPunchKey() *ecdh.PrivateKey {
	key, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

// parties makes n of them with sockets on loopback.
func parties(t testing.TB, n int) []*party {
	t.Helper()
	all := make([]*party, n)
	for i := range all {
		key, err := identity.Generate()
		if err != nil {
			t.Fatal(err)
		}
		sock, err := Listen("127.0.0.1:0", key)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { sock.Close() })
		all[i] = &party{key: key, sock: sock, cfg: Config{Self: channel.Party(i), Session: []byte("test"), PunchKey: testPunchKey, ConnectTimeout: 20 * time.Second}}
	}
	for i, p := range all {
		for j, q := range all {
			if i != j {
				p.cfg.Peers = append(p.cfg.Peers, Peer{
					Seat: channel.Party(j), ID: q.key.ID(), Name: fmt.Sprint("p", j), Addrs: []netip.AddrPort{q.sock.LocalAddr()}, PunchKey: publicPunchKey,
				})
			}
		}
	}
	return all
}

// join joins all parties, and closes their meshes with the test.
func join(t testing.TB, all []*party) []*Mesh {
	t.Helper()
	meshes := make([]*Mesh, len(all))
	errs := make([]error, len(all))
	var wg sync.WaitGroup
	for i, p := range all {
		wg.Go(func() { meshes[i], errs[i] = Join(context.Background(), p.sock, p.cfg) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		var wg sync.WaitGroup
		for _, m := range meshes {
			wg.Go(func() { m.Close() })
		}
		wg.Wait()
	})
	return meshes
}

func TestMessagesEachWay(t *testing.T) {
	for n := 2; n <= 5; n++ {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			meshes := join(t, parties(t, n))
			ctx := t.Context()
			var wg sync.WaitGroup
			sizes := []int{0, 1, 1000, pipelined, pipelined + 1, 300 << 10, 0, 5}
			for i, m := range meshes {
				if m.Self() != channel.Party(i) || m.N() != n {
					t.Errorf("seat %d of %d", m.Self(), m.N())
				}
				for j := range n {
					if i == j {
						continue
					}
					wg.Go(func() {
						for k, size := range sizes {
							if err := m.SendTo(ctx, channel.Party(j), fill2(size, byte(i*16+j+k))); err != nil {
								t.Error(err)
							}
						}
					})
					wg.Go(func() {
						for k, size := range sizes {
							msg, err := m.RecvFrom(ctx, channel.Party(j))
							if err != nil {
								t.Error(err)
								return
							}
							if !bytes.Equal(msg, fill2(size, byte(j*16+i+k))) {
								t.Errorf("message %d from %d to %d differs", k, j, i)
							}
						}
					})
				}
			}
			wg.Wait()
		})
	}
}

func fill2(size int, b byte) []byte { return bytes.Repeat([]byte{b}, size) }
