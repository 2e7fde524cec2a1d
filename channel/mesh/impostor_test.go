package mesh

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/tacit-mpc/tacit/identity"
)

// TestImpostor has a coordinator name the address of somebody else as that of a peer. Even if he can answer pings he gets nothing: the
// handshake ends at his key, before a byte of ours, and the error names the peer and the key that answered.
func TestImpostor(t *testing.T) {
	t.Parallel()
	all := parties(t, 2)
	key, err := identity.Generate()
	if err != nil {
		t.Fatal(err)
	}
	udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	impostor := &quic.Transport{Conn: udp}
	server := key.ServerTLS(alpn, func(identity.ID) error { return nil })
	listener, err := impostor.Listen(server, &quic.Config{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var accepting sync.WaitGroup
	accepting.Go(func() {
		if conn, err := listener.Accept(ctx); err == nil {
			t.Errorf("the impostor got a connection from %v", conn.RemoteAddr())
		}
	})
	defer accepting.Wait()
	defer func() { cancel(); impostor.Close(); udp.Close() }()

	all[0].cfg.Peers[0].Addrs = []netip.AddrPort{addrPort(udp.LocalAddr())}
	all[0].cfg.ConnectTimeout = 6 * time.Second
	_, err = Join(t.Context(), all[0].sock, all[0].cfg)
	var missing *ConnectError
	if !errors.As(err, &missing) || len(missing.Missing) != 1 || missing.Missing[0].Peer.Seat != 1 {
		t.Fatalf("join: %v", err)
	}
	if want := "party 1 (p1) is missing: another key answered: " + key.ID().Short(); !strings.Contains(err.Error(), want) {
		t.Errorf("%v: does not say %q", err, want)
	}
}
