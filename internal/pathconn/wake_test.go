package pathconn

import (
	"net"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/ipv4"
)

// TestEveryDeliveryWakes has senders deliver packets, each its next one only once the last was read: a wake-up lost between a
// reader that has just been woken and the next packet leaves everybody waiting, as QUIC over a quiet socket would for minutes.
func TestEveryDeliveryWakes(t *testing.T) {
	const senders, each = 4, 20_000
	udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	c := New(udp, Config{})
	var read [senders]chan struct{}
	for i := range read {
		read[i] = make(chan struct{}, 1)
	}
	var reading, sending sync.WaitGroup
	reading.Go(func() {
		ms := make([]ipv4.Message, 8)
		for i := range ms {
			ms[i].Buffers = [][]byte{make([]byte, 16)}
		}
		for {
			n, err := c.ReadBatch(ms, 0)
			if err != nil {
				return
			}
			for _, m := range ms[:n] {
				read[m.Buffers[0][0]] <- struct{}{}
			}
		}
	})
	peer := c.Peer()
	limit := time.After(time.Minute)
	done := make(chan struct{})
	for i := range senders {
		sending.Go(func() {
			for range each {
				peer.Deliver([]byte{byte(i)})
				select {
				case <-read[i]:
				case <-done:
					return
				}
			}
		})
	}
	finished := make(chan struct{})
	go func() { sending.Wait(); close(finished) }()
	select {
	case <-finished:
	case <-limit:
		t.Error("a packet that was delivered is never read")
	}
	close(done)
	c.Close()
	sending.Wait()
	reading.Wait()
}
