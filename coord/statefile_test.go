package coord

import (
	"context"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
)

func TestStateFile(t *testing.T) {
	dir := t.TempDir()
	f := StateFile(filepath.Join(dir, "state"))
	if state, err := f.Load(); state != nil || err != nil {
		t.Errorf("no file: %q, %v", state, err)
	}
	for _, want := range []string{"first", "second, longer"} {
		os.WriteFile(string(f)+".new", []byte("left by a crash"), 0o644)
		if err := f.Save([]byte(want)); err != nil {
			t.Fatal(err)
		}
		if state, err := f.Load(); string(state) != want || err != nil {
			t.Errorf("%q, %v; want %q", state, err, want)
		}
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
	if info, err := os.Stat(string(f)); err != nil || info.Mode().Perm() != 0o600 && runtime.GOOS != "windows" {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	os.Chmod(string(f), 0o644)
	if _, err := f.Load(); err == nil && runtime.GOOS != "windows" {
		t.Error("loaded what others may read")
	}
	for range 2 {
		if err := f.Remove(); err != nil {
			t.Error(err)
		}
	}
	if err := StateFile(filepath.Join(dir, "none", "state")).Save(nil); err == nil {
		t.Error("saved to a folder that does not exist")
	}
}

// A coordinator whose process is killed in mid-run, and started again at the same address with its state file.
func TestQUICResume(t *testing.T) {
	t.Parallel() // it waits for real deadlines
	cfg := ServerConfig{Key: key(5), Seats: 2, State: StateFile(filepath.Join(t.TempDir(), "state"))}
	at := "127.0.0.1:0"
	host := func() (*Server, *quic.Transport, chan error) {
		server, err := NewServer(cfg)
		if err != nil {
			t.Fatal(err)
		}
		socket, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort(at)))
		if err != nil {
			t.Fatal(err)
		}
		at = socket.LocalAddr().String()
		reset := quic.StatelessResetKey(cfg.Key.Derive("quic stateless reset"))
		tr := &quic.Transport{Conn: socket, StatelessResetKey: &reset, ConnectionIDLength: 16}
		ended := make(chan error, 1)
		go func() { ended <- server.Serve(context.Background(), tr) }()
		return server, tr, ended
	}
	server, tr, _ := host()
	back := make(chan time.Time, 2)
	var clients []*Client
	for i := range 2 {
		ticket, _ := server.Ticket(i, []string{at})
		c, err := Join(t.Context(), transport(t), ClientConfig{Key: key(i), Ticket: &ticket, Events: func(e Event) {
			if e.Seat == Coordinator && e.State == Joined {
				back <- time.Now()
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		clients = append(clients, c)
	}
	all(clients, func(_ int, c *Client) {
		if err := c.Ready(t.Context(), nil); err != nil {
			t.Error(err)
		}
	})
	// A process cannot be killed in part; what is left of it here hears and says nothing more, and its state is out of its reach.
	tr.Conn.Close()
	state, err := cfg.State.Load()
	if err != nil {
		t.Fatal(err)
	}
	cfg.State = StateFile(filepath.Join(t.TempDir(), "state"))
	if err := cfg.State.Save(state); err != nil {
		t.Fatal(err)
	}
	_, again, ended := host()
	defer again.Conn.Close()
	restarted := time.Now()
	for range 2 {
		if took := (<-back).Sub(restarted); took > lostAfter+pingEvery+6*time.Second {
			t.Errorf("back after %v", took)
		} else {
			t.Logf("back after %v", took)
		}
	}
	all(clients, func(_ int, c *Client) { c.Leave(NoCause, "") })
	if err := <-ended; err != nil {
		t.Errorf("session: %v", err)
	}
}
