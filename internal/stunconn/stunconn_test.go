package stunconn

import (
	"net"
	"testing"
	"time"

	"github.com/pion/stun/v3"
	"golang.org/x/net/ipv4"

	"github.com/tacit-mpc/tacit/internal/throttle"
)

// TestReadBatch answers STUN, drops what is neither STUN nor QUIC, and leaves the rest in its slots. It answers one network no more
// than its share.
func TestReadBatch(t *testing.T) {
	udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	c := New(udp)
	defer c.Close()
	c.answers = throttle.New(1, 3)
	client, err := net.Dial("udp4", udp.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	request := stun.MustBuild(stun.TransactionID, stun.BindingRequest)
	packets := []string{"\xc0long", "\x40short", string(request.Raw), "\x2aping", "\x7fend"}
	for range 10 {
		packets = append(packets, string(request.Raw))
	}
	packets = append(packets, "\xffreally")
	for _, p := range packets {
		if _, err := client.Write([]byte(p)); err != nil {
			t.Fatal(err)
		}
	}
	ms := make([]ipv4.Message, 8)
	for i := range ms {
		ms[i].Buffers, ms[i].OOB = [][]byte{make([]byte, 1500)}, make([]byte, 128)
	}
	var got []string
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	for len(got) < 4 {
		n, err := c.ReadBatch(ms, 0)
		if err != nil {
			t.Fatalf("read %q, then %v", got, err)
		}
		for _, m := range ms[:n] {
			if m.N > 0 {
				got = append(got, string(m.Buffers[0][:m.N]))
			}
		}
	}
	if got[0] != packets[0] || got[1] != packets[1] || got[2] != packets[4] || got[3] != packets[15] {
		t.Errorf("read %q", got)
	}
	udp.WriteTo([]byte("end"), client.LocalAddr())
	answers := 0
	for buf := make([]byte, 1500); ; answers++ {
		client.SetReadDeadline(time.Now().Add(10 * time.Second))
		n, err := client.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		if string(buf[:n]) == "end" {
			break
		}
	}
	if answers < 3 || answers > 5 {
		t.Errorf("%d answers to 11 requests, want about 3", answers)
	}
}
