//go:build linux

package netns

import (
	"container/heap"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// A Shape is what happens to packets on their way through the internet, in one direction.
type Shape struct {
	Delay  time.Duration // of every packet
	Jitter time.Duration // up to this much more, evenly and for each packet anew: more than the gap between packets reorders them
	Loss   float64       // of packets, 0 to 1, at random
}

// Bounds of a WAN. What does not fit is lost, and counted.
const (
	mostUnderway = 16384 // packets
	wanMTU       = 1500
)

// A WAN carries every packet that the core router forwards through this process, which delays, loses and reorders them: the kernel
// of many machines has no netem. A packet leaves within about a millisecond of its time.
//
// The router's forward chain sees each packet twice, on its way to the WAN and back: what drops at random there drops twice.
type WAN struct {
	tun     *os.File
	between func(from, to netip.Addr) Shape
	random  *rand.Rand // of read

	running sync.WaitGroup
	kick    chan struct{} // one place: the earliest packet is another, or the end
	mu      sync.Mutex
	queue   underway
	count   WANCount
	closed  bool
}

// A WANCount is what became of packets.
type WANCount struct{ Passed, Lost, Overflowed int }

// WAN puts distance between the access networks and the server, until the test ends. between tells the shape from one address to
// another as the core router sees them: hosts behind NATs have the addresses of their routers. It is called for every packet, by
// one goroutine. The same seed loses the same packets of the same traffic.
func (l *Lab) WAN(seed uint64, between func(from, to netip.Addr) Shape) *WAN {
	l.tb.Helper()
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		l.tb.Skipf("a WAN needs TUN devices: %v", err)
	}
	w := &WAN{between: between, random: rand.New(rand.NewPCG(seed, 1)), kick: make(chan struct{}, 1)}
	if err := l.Inet.Do(func() (err error) { w.tun, err = openTUN("wan"); return err }); err != nil {
		l.tb.Fatalf("open a TUN device in %s: %v", l.Inet.name, err)
	}
	w.running.Go(w.read)
	w.running.Go(w.write)
	l.tb.Cleanup(w.close)
	l.Inet.Sysctl("net.ipv4.conf.wan.rp_filter=0")
	l.Inet.IP("link", "set", "wan", "mtu", strconv.Itoa(wanMTU), "txqueuelen", strconv.Itoa(mostUnderway), "up")
	for _, family := range []string{"-4", "-6"} {
		l.Inet.IP(family, "route", "add", "default", "dev", "wan", "table", "77")
		l.Inet.IP(family, "rule", "add", "pref", "10", "iif", "lo", "lookup", "main") // what the router says itself
		l.Inet.IP(family, "rule", "add", "pref", "11", "iif", "wan", "lookup", "main")
		l.Inet.IP(family, "rule", "add", "pref", "12", "lookup", "77")
	}
	return w
}

// Rate limits what an access network receives, in bits a second; packets wait for at most 100 ms.
func (l *Lab) Rate(access int, bits int) {
	l.tb.Helper()
	burst := max(bits/8/100, 3*wanMTU) // what comes in 10 ms
	l.Inet.Run("tc", "qdisc", "replace", "dev", fmt.Sprintf("a%d", access), "root", "tbf",
		"rate", fmt.Sprintf("%dbit", bits), "burst", strconv.Itoa(burst), "latency", "100ms")
}

// Count tells what became of packets so far.
func (w *WAN) Count() WANCount {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.count
}

// openTUN makes a TUN device in the thread's namespace. It is gone when the file is closed.
func openTUN(name string) (*os.File, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open /dev/net/tun: %w", err)
	}
	req, err := unix.NewIfreq(name)
	if err == nil {
		req.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, req)
	}
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("make device %s: %w", name, err)
	}
	return os.NewFile(uintptr(fd), name), nil
}

// read takes packets from the kernel until the device is closed.
func (w *WAN) read() {
	buf := make([]byte, 1<<16)
	for {
		n, err := w.tun.Read(buf)
		if errors.Is(err, os.ErrClosed) {
			return
		}
		from, to, ok := ends(buf[:n])
		if err != nil || !ok {
			continue // the device is not up yet
		}
		s := w.between(from, to)
		lost := s.Loss > 0 && w.random.Float64() < s.Loss
		wait := s.Delay
		if s.Jitter > 0 {
			wait += time.Duration(w.random.Int64N(int64(s.Jitter)))
		}
		w.enter(lost, time.Now().Add(wait), buf[:n])
	}
}

func (w *WAN) enter(lost bool, at time.Time, packet []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case lost:
		w.count.Lost++
		return
	case len(w.queue) >= mostUnderway:
		w.count.Overflowed++
		return
	}
	w.count.Passed++
	heap.Push(&w.queue, passing{at, w.count.Passed, append([]byte(nil), packet...)})
	if w.queue[0].number == w.count.Passed {
		w.signal()
	}
}

// write gives packets back to the kernel when their time has come.
func (w *WAN) write() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		w.mu.Lock()
		var due [][]byte
		wait := time.Hour
		for len(w.queue) > 0 {
			if wait = time.Until(w.queue[0].at); wait > 0 {
				break
			}
			due = append(due, heap.Pop(&w.queue).(passing).packet)
			wait = time.Hour
		}
		closed := w.closed
		w.mu.Unlock()
		if closed {
			return
		}
		for _, p := range due {
			w.tun.Write(p) // what the router does not forward is lost
		}
		timer.Reset(wait)
		select {
		case <-timer.C:
		case <-w.kick:
		}
	}
}

func (w *WAN) signal() {
	select {
	case w.kick <- struct{}{}:
	default:
	}
}

func (w *WAN) close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.signal()
	w.tun.Close()
	w.running.Wait()
}

// ends reads source and destination of an IP packet.
func ends(p []byte) (from, to netip.Addr, ok bool) {
	switch {
	case len(p) >= 20 && p[0]>>4 == 4:
		return netip.AddrFrom4([4]byte(p[12:16])), netip.AddrFrom4([4]byte(p[16:20])), true
	case len(p) >= 40 && p[0]>>4 == 6:
		return netip.AddrFrom16([16]byte(p[8:24])), netip.AddrFrom16([16]byte(p[24:40])), true
	}
	return netip.Addr{}, netip.Addr{}, false
}

// A passing packet leaves at a time; of two at the same time the earlier one first.
type passing struct {
	at     time.Time
	number int
	packet []byte
}

// underway is a heap of packets by time.
type underway []passing

func (u underway) Len() int      { return len(u) }
func (u underway) Swap(i, j int) { u[i], u[j] = u[j], u[i] }
func (u underway) Less(i, j int) bool {
	if u[i].at.Equal(u[j].at) {
		return u[i].number < u[j].number
	}
	return u[i].at.Before(u[j].at)
}
func (u *underway) Push(x any) { *u = append(*u, x.(passing)) }
func (u *underway) Pop() any {
	old := *u
	last := old[len(old)-1]
	old[len(old)-1] = passing{}
	*u = old[:len(old)-1]
	return last
}
