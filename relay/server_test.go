package relay

import (
	"bytes"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/turn/v4"
)

var secret = []byte("0123456789abcdef")

const short = 300 * time.Millisecond // what should not arrive has not arrived by then; nothing waits for it to pass a test

// serve starts a relay on loopback and returns its address.
func serve(t *testing.T, cfg Config) (*Server, string) {
	t.Helper()
	cfg.Secret, cfg.Addr, cfg.Local = secret, netip.MustParseAddr("127.0.0.1"), true
	c := listenUDP(t, "127.0.0.1:0")
	s, err := Serve(cfg, []*net.UDPConn{c}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, c.LocalAddr().String()
}

func listenUDP(t testing.TB, addr string) *net.UDPConn {
	t.Helper()
	c, err := net.ListenUDP("udp", udp(addr))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// dial makes a TURN client of the library, from a loopback address, as the user whose credentials are given.
func dial(t *testing.T, server, from string, c Credentials) *turn.Client {
	t.Helper()
	conn, err := net.ListenPacket("udp4", from+":0")
	if err != nil {
		t.Fatal(err)
	}
	client, err := turn.NewClient(&turn.ClientConfig{TURNServerAddr: server, Conn: conn, Username: c.Username, Password: c.Password,
		Realm: Realm, LoggerFactory: silent{}, RTO: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Listen(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); conn.Close() })
	return client
}

func mint(t testing.TB, room, node string) Credentials {
	t.Helper()
	c, err := Mint(secret, User{room, node, time.Now().Add(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func allocate(t *testing.T, server, from, room, node string) (*turn.Client, net.PacketConn) {
	t.Helper()
	c := dial(t, server, from, mint(t, room, node))
	p, err := c.Allocate()
	if err != nil {
		t.Fatalf("allocate as %s.%s: %v", room, node, err)
	}
	t.Cleanup(func() { p.Close() })
	return c, p
}

func udp(addr string) *net.UDPAddr { return net.UDPAddrFromAddrPort(netip.MustParseAddrPort(addr)) }

// expect reads one packet and compares it.
func expect(t *testing.T, c net.PacketConn, want string) net.Addr {
	t.Helper()
	buf := make([]byte, 1600)
	c.SetReadDeadline(time.Now().Add(5 * time.Second))
	n, from, err := c.ReadFrom(buf)
	if err != nil || string(buf[:n]) != want {
		t.Fatalf("read %q, %v; want %q", buf[:n], err, want)
	}
	return from
}

func TestRelaysWithinARoom(t *testing.T) {
	s, server := serve(t, Config{})
	ca, a := allocate(t, server, "127.0.0.2", "r", "a")
	_, b := allocate(t, server, "127.0.0.3", "r", "b")

	// Relay to relay.
	if err := ca.CreatePermission(b.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	if _, err := b.WriteTo([]byte("hello"), a.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	if from := expect(t, a, "hello"); from.String() != b.LocalAddr().String() {
		t.Errorf("from %v, want %v", from, b.LocalAddr())
	}
	if _, err := a.WriteTo([]byte("and back"), b.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	expect(t, b, "and back")

	// From a plain socket of a party straight to the other's relayed address (design 3.6).
	plain, err := net.ListenPacket("udp4", "127.0.0.3:0")
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	if err := ca.CreatePermission(udp("127.0.0.3:1")); err != nil {
		t.Fatal(err)
	}
	if _, err := plain.WriteTo([]byte("straight"), a.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	from := expect(t, a, "straight")
	if _, err := a.WriteTo([]byte("answer"), from); err != nil {
		t.Fatal(err)
	}
	expect(t, plain, "answer")
	if st := s.Stats(); st.Allocations != 2 || st.Bytes == 0 || st.Refused != 0 {
		t.Errorf("stats %+v", st)
	}
}

func TestRefusesOtherDestinations(t *testing.T) {
	s, server := serve(t, Config{})
	ca, a := allocate(t, server, "127.0.0.2", "r", "a")
	allocate(t, server, "127.0.0.4", "other", "x") // a party, but of another room
	for _, peer := range []string{"127.0.0.4:9", "127.0.0.9:9", "10.0.0.1:53", "169.254.169.254:80", "8.8.8.8:53", "0.0.0.0:9", "224.0.0.1:9", "255.255.255.255:9"} {
		if err := ca.CreatePermission(udp(peer)); err == nil {
			t.Errorf("permission towards %s granted", peer)
		}
	}
	// The relay's own address is permitted for its relayed ports alone: no other service of this machine is reachable.
	service, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer service.Close()
	if _, err := a.WriteTo([]byte("get"), service.LocalAddr()); err != nil {
		t.Fatal(err) // the client cannot know
	}
	service.SetReadDeadline(time.Now().Add(short))
	if n, _, err := service.ReadFrom(make([]byte, 16)); err == nil {
		t.Errorf("a service on the relay's machine received %d bytes", n)
	}
	if st := s.Stats(); st.Refused != 1 {
		t.Errorf("%d packets refused, want 1", st.Refused)
	}
}

func TestRefusesCredentials(t *testing.T) {
	_, server := serve(t, Config{Open: func(room string) bool { return room == "r" }})
	good := mint(t, "r", "a")
	expired, _ := Mint(secret, User{"r", "a", time.Now().Add(-time.Second)})
	foreign, _ := Mint([]byte("another secret of 16"), User{"r", "a", time.Now().Add(time.Minute)})
	for name, c := range map[string]Credentials{
		"none":           {},
		"expired":        expired,
		"foreign secret": foreign,
		"other user":     {mint(t, "r", "b").Username, good.Password},
		"unknown room":   mint(t, "q", "a"),
		"no room":        {"9999999999", password(secret, "9999999999")},
	} {
		if p, err := dial(t, server, "127.0.0.2", c).Allocate(); err == nil {
			p.Close()
			t.Errorf("%s: allocation granted", name)
		}
	}
}

func TestQuotas(t *testing.T) {
	_, server := serve(t, Config{PerUser: 1, PerRoom: 2, Total: 3})
	allocate(t, server, "127.0.0.2", "r", "a")
	refused := func(room, node string) {
		t.Helper()
		if p, err := dial(t, server, "127.0.0.3", mint(t, room, node)).Allocate(); err == nil {
			p.Close()
			t.Errorf("%s.%s: allocation beyond the quota", room, node)
		}
	}
	_, b := allocate(t, server, "127.0.0.2", "r", "b")
	refused("r", "c")
	allocate(t, server, "127.0.0.2", "s", "a")
	refused("t", "a")
	b.Close()
	allocate(t, server, "127.0.0.2", "r", "c")
}

// TestReplaced holds that a user who has lost the way to its allocations is not locked out by them: the oldest makes room.
func TestReplaced(t *testing.T) {
	s, server := serve(t, Config{PerUser: 2})
	for range 6 {
		allocate(t, server, "127.0.0.2", "r", "a")
	}
	for limit := time.Now().Add(10 * time.Second); s.Stats().Allocations > 2; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("%d allocations of one user", s.Stats().Allocations)
		}
	}
}

func TestRoomEnds(t *testing.T) {
	s, server := serve(t, Config{})
	ca, a := allocate(t, server, "127.0.0.2", "r", "a")
	_, b := allocate(t, server, "127.0.0.3", "r", "b")
	allocate(t, server, "127.0.0.2", "other", "a")
	if err := ca.CreatePermission(b.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	s.CloseRoom("r")
	b.WriteTo([]byte("late"), a.LocalAddr())
	a.SetReadDeadline(time.Now().Add(short))
	if n, _, err := a.ReadFrom(make([]byte, 16)); err == nil {
		t.Errorf("%d bytes relayed in a closed room", n)
	}
	if p, err := dial(t, server, "127.0.0.2", mint(t, "r", "c")).Allocate(); err == nil {
		p.Close()
		t.Error("allocation in a closed room")
	}
	if _, err := dial(t, server, "127.0.0.2", mint(t, "other", "b")).Allocate(); err != nil {
		t.Errorf("another room is hit: %v", err)
	}
}

func TestRoomCap(t *testing.T) {
	s, server := serve(t, Config{RoomCap: 5000})
	ca, a := allocate(t, server, "127.0.0.2", "r", "a")
	_, b := allocate(t, server, "127.0.0.3", "r", "b")
	if err := ca.CreatePermission(b.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	packet := string(bytes.Repeat([]byte("x"), 1000))
	got := 0
	for range 10 {
		b.WriteTo([]byte(packet), a.LocalAddr())
		a.SetReadDeadline(time.Now().Add(short))
		if _, _, err := a.ReadFrom(make([]byte, 1600)); err != nil {
			break
		}
		got++
	}
	// Each packet counts twice, at the relay sockets of b and of a.
	if got != 2 || s.Stats().Bytes > 5000 {
		t.Errorf("%d packets, %d bytes passed a cap of 5000", got, s.Stats().Bytes)
	}
}

func TestConfig(t *testing.T) {
	ip := netip.MustParseAddr("127.0.0.1")
	for name, cfg := range map[string]Config{"no secret": {Addr: ip}, "short secret": {Secret: []byte("abc"), Addr: ip}, "no address": {Secret: secret}} {
		if s, err := Serve(cfg, nil, nil); err == nil {
			s.Close()
			t.Errorf("%s: served", name)
		}
	}
}
