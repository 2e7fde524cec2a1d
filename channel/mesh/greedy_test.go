package mesh

import (
	"context"
	"math/rand/v2"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// TestThirsty is a peer that allows any number of streams and takes no data: what we hold for it stays bounded.
func TestThirsty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := simulate(t, 2, time.Millisecond)
		r := &rogue{t: t, sock: sim.socks[0], peer: sim.socks[1]}
		joined := make(chan *Mesh, 1)
		go func() {
			m, _ := Join(t.Context(), sim.socks[1], sim.pairConfig(Config{Budget: 1}, 1))
			joined <- m
		}()
		conf := r.sock.windows.config(time.Minute, -1)
		conf.MaxIncomingUniStreams, conf.InitialConnectionReceiveWindow, conf.MaxConnectionReceiveWindow = 1<<40, 1000, 1000
		if err := r.dialWith(t.Context(), conf); err != nil {
			t.Fatal(err)
		}
		if _, err := r.greet(goodHello); err != nil {
			t.Fatal(err)
		}
		m := <-joined
		defer m.Leave(Done, "")
		accepted := 0
		for {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			err := m.SendTo(ctx, 0, make([]byte, 1000))
			cancel()
			if err != nil {
				break
			}
			accepted++
		}
		if most := minQueue/1000 + flushEvery + 10; accepted > most {
			t.Errorf("%d messages are in flight, want at most %d", accepted, most)
		}
	})
}

// TestJunk throws random datagrams at a socket at work.
func TestJunk(t *testing.T) {
	all := parties(t, 2)
	meshes := join(t, all)
	to := net.UDPAddrFromAddrPort(all[1].sock.LocalAddr())
	junk, err := net.DialUDP("udp", nil, to)
	if err != nil {
		t.Fatal(err)
	}
	defer junk.Close()
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 2000 {
		b := make([]byte, random.IntN(1500))
		for j := range b {
			b[j] = byte(random.Uint32())
		}
		if len(b) > 5 && i%3 == 0 {
			copy(b, []byte{0xc0, 0, 0, 0, 1}) // a QUIC Initial, as far as its first bytes go
		}
		junk.Write(b)
	}
	for i := range 20 {
		if err := meshes[0].SendTo(t.Context(), 1, make([]byte, i*1000)); err != nil {
			t.Fatal(err)
		}
		if msg, err := meshes[1].RecvFrom(t.Context(), 0); err != nil || len(msg) != i*1000 {
			t.Fatalf("message %d: %d bytes, %v", i, len(msg), err)
		}
	}
}
