//go:build linux

package netns

import (
	"encoding/binary"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"
)

// exchange sends numbered datagrams from x to an echo at the server, spaced by gap, and returns the numbers as the answers came and
// their round trips.
func exchange(t *testing.T, l *Lab, x *Host, network, server string, n int, gap time.Duration) (order []int, trips []time.Duration) {
	t.Helper()
	var echo, c *net.UDPConn
	if err := l.Server.Do(func() (err error) {
		echo, err = net.ListenUDP(network, net.UDPAddrFromAddrPort(netip.MustParseAddrPort(server)))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := x.Do(func() (err error) { c, err = net.ListenUDP(network, nil); return err }); err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 16)
		for {
			n, from, err := echo.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			echo.WriteToUDPAddrPort(buf[:n], from)
		}
	}()
	sent := make([]time.Time, n)
	sender := make(chan struct{})
	go func() {
		defer close(sender)
		tick := time.NewTicker(gap)
		defer tick.Stop()
		for i := range n {
			sent[i] = time.Now()
			c.WriteToUDPAddrPort(binary.BigEndian.AppendUint32(nil, uint32(i)), netip.MustParseAddrPort(server))
			<-tick.C
		}
		c.SetReadDeadline(time.Now().Add(2 * time.Second)) // for the last answers
	}()
	at := make([]time.Time, n)
	buf := make([]byte, 16)
	for len(order) < n {
		size, _, err := c.ReadFromUDPAddrPort(buf)
		if err != nil || size != 4 {
			break
		}
		i := int(binary.BigEndian.Uint32(buf))
		if i >= n || slices.Contains(order, i) {
			t.Fatalf("packet %d came back unasked", i)
		}
		order = append(order, i)
		at[i] = time.Now()
	}
	<-sender
	echo.Close()
	<-done
	for _, i := range order {
		trips = append(trips, at[i].Sub(sent[i]))
	}
	return order, trips
}

func uniform(s Shape) func(from, to netip.Addr) Shape {
	return func(_, _ netip.Addr) Shape { return s }
}

func TestWANDelays(t *testing.T) {
	l := New(t)
	h, v6 := l.Host(1, Masq), l.V6(2)
	l.WAN(1, func(from, to netip.Addr) Shape {
		if from == netip.MustParseAddr(h.Public) {
			return Shape{Delay: 40 * time.Millisecond}
		}
		return Shape{Delay: 20 * time.Millisecond}
	})
	for _, c := range []struct {
		host            *Host
		network, server string
		want            time.Duration
	}{
		{h, "udp4", ServerAddrs[0] + ":7000", 60 * time.Millisecond},
		{v6, "udp6", "[2001:db8:fff::1]:7000", 40 * time.Millisecond},
	} {
		order, trips := exchange(t, l, c.host, c.network, c.server, 50, 5*time.Millisecond)
		if len(order) != 50 || !slices.IsSorted(order) {
			t.Fatalf("%s: got %v, want 50 packets in order", c.network, order)
		}
		slices.Sort(trips)
		if trips[0] < c.want || trips[0] > c.want+40*time.Millisecond {
			t.Errorf("%s: the fastest round trip took %v, want %v and little more", c.network, trips[0], c.want)
		}
		t.Logf("%s: round trips of %v, median %v, at most %v", c.network, trips[0], trips[25], trips[49])
	}
}

func TestWANLosesAndReorders(t *testing.T) {
	l := New(t)
	h := l.Host(1, Open)
	w := l.WAN(7, uniform(Shape{Delay: 10 * time.Millisecond, Jitter: 20 * time.Millisecond, Loss: 0.1}))
	const n = 1000
	order, _ := exchange(t, l, h, "udp4", ServerAddrs[0]+":7000", n, time.Millisecond)
	// Of 1000 each way lose 10 %: 810 are expected, with a deviation of 12.
	if len(order) < 730 || len(order) > 890 {
		t.Errorf("%d of %d packets came back, want about 810", len(order), n)
	}
	late := 0
	for i := range order[1:] {
		if order[i+1] < order[i] {
			late++
		}
	}
	if late < 100 {
		t.Errorf("%d packets were overtaken, want some hundred", late)
	}
	if c := w.Count(); c.Overflowed != 0 || c.Lost == 0 {
		t.Errorf("counted %+v", c)
	}
}

// TestRate compares what passes a slow line with what is sent.
func TestRate(t *testing.T) {
	l := New(t)
	h := l.Host(1, Open)
	l.Rate(1, 64_000) // of packets of 4 and 42 bytes about 170 a second, where 1000 come
	order, _ := exchange(t, l, h, "udp4", ServerAddrs[0]+":7000", 1000, time.Millisecond)
	if len(order) == 1000 || len(order) < 50 {
		t.Errorf("%d packets of 1000 came back, want some", len(order))
	}
}
