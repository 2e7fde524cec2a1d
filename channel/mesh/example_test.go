package mesh_test

import (
	"context"
	"crypto/ecdh"
	"crypto/rand"
	"fmt"
	"net/netip"
	"sync"

	"github.com/tacit-mpc/tacit/channel"
	"github.com/tacit-mpc/tacit/channel/mesh"
	"github.com/tacit-mpc/tacit/identity"
)

// Two parties, here in one process, know each other's key and address and exchange a greeting.
func ExampleJoin() {
	var keys [2]*identity.Key
	var pings [2]*ecdh.PrivateKey
	var socks [2]*mesh.Socket
	for i := range socks {
		keys[i], _ = identity.Generate()
		pings[i], _ = ecdh.X25519().GenerateKey(rand.Reader)
		socks[i], _ = mesh.Listen("127.0.0.1:0", keys[i])
		defer socks[i].Close()
	}
	party := func(self, other channel.Party) {
		ctx := context.Background()
		m, err := mesh.Join(ctx, socks[self], mesh.Config{
			Self: self,
			Peers: []mesh.Peer{{
				Seat: other, ID: keys[other].ID(), Addrs: []netip.AddrPort{socks[other].LocalAddr()},
				PunchKey: [32]byte(pings[other].PublicKey().Bytes()),
			}},
			PunchKey: pings[self],
			Session:  []byte("example"),
		})
		if err != nil {
			fmt.Println(err)
			return
		}
		defer m.Close()
		m.SendTo(ctx, other, fmt.Appendf(nil, "hello from %d", self))
		msg, err := m.RecvFrom(ctx, other)
		fmt.Printf("%d: %s %v\n", self, msg, err)
	}
	var both sync.WaitGroup
	both.Go(func() { party(0, 1) })
	both.Go(func() { party(1, 0) })
	both.Wait()
	// Unordered output:
	// 0: hello from 1 <nil>
	// 1: hello from 0 <nil>
}
