package natpunch

import (
	"context"
	"net/netip"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, c := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("2001:db8::1")
		var now atomic.Pointer[[]netip.Addr]
		now.Store(&[]netip.Addr{a})
		var seen []time.Duration
		start := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			watch(ctx, func() ([]netip.Addr, error) { return *now.Load(), nil }, func() { seen = append(seen, time.Since(start)) })
			close(done)
		}()
		set := func(at time.Duration, addrs ...netip.Addr) {
			time.Sleep(time.Until(start.Add(at)))
			now.Store(&addrs)
			synctest.Wait()
		}
		set(10200*time.Millisecond, b)    // moved: told at the next look
		set(20200*time.Millisecond, b, c) // gained: told when it has lasted
		set(30200*time.Millisecond, a)    // back
		set(40000*time.Millisecond, a)
		cancel()
		<-done
		want := []time.Duration{10500 * time.Millisecond, 21 * time.Second, 30500 * time.Millisecond}
		if !slices.Equal(seen, want) {
			t.Errorf("told at %v, want %v", seen, want)
		}
	})
}
