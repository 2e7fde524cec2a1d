package natpunch

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"slices"
	"testing"
	"time"
)

// pcpAnswerTo is what a router that grants everything says to a request.
func pcpAnswerTo(request []byte, lifetime uint32, external string) []byte {
	b := slices.Clone(request)
	b[1] |= pcpAnswer
	copy(b[4:8], []byte{byte(lifetime >> 24), byte(lifetime >> 16), byte(lifetime >> 8), byte(lifetime)})
	copy(b[8:24], make([]byte, 16)) // epoch and reserved
	a := netip.MustParseAddrPort(external)
	b[42], b[43] = byte(a.Port()>>8), byte(a.Port())
	ip := a.Addr().As16()
	copy(b[44:60], ip[:])
	return b
}

func TestPCP(t *testing.T) {
	nonce := [12]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	request := appendPCP(nil, netip.MustParseAddr("192.168.1.10"), nonce, 5000, netip.MustParseAddrPort("0.0.0.0:5000"), time.Hour)
	const want = "02010000" + "00000e10" + "00000000000000000000ffffc0a8010a" + // RFC 6887 figure 2
		"0102030405060708090a0b0c" + "11000000" + "1388" + "1388" + "00000000000000000000ffff00000000" // figure 9
	if got := hex.EncodeToString(request); got != want {
		t.Errorf("request %s, want %s", got, want)
	}
	good := pcpAnswerTo(request, 1200, "198.51.100.7:6000")
	external, lifetime, err := parsePCP(good, nonce, 5000)
	if err != nil || external.String() != "198.51.100.7:6000" || lifetime != 20*time.Minute {
		t.Errorf("granted %v for %v: %v", external, lifetime, err)
	}
	if _, _, err := parsePCP(append(slices.Clone(good), 0, 0, 0, 0), nonce, 5000); err != nil {
		t.Errorf("an answer with options: %v", err)
	}
	for n := range len(good) {
		if _, _, err := parsePCP(good[:n], nonce, 5000); err == nil {
			t.Errorf("an answer cut to %d bytes is accepted", n)
		}
	}
	for name, change := range map[string]func(b []byte) []byte{
		"the request itself": func([]byte) []byte { return request },
		"NAT-PMP":            func(b []byte) []byte { b[0] = 0; return b },
		"another nonce":      func(b []byte) []byte { b[24]++; return b },
		"another port":       func(b []byte) []byte { b[41]++; return b },
		"TCP":                func(b []byte) []byte { b[36] = 6; return b },
		"another opcode":     func(b []byte) []byte { b[1] = pcpAnswer | 2; return b },
		"refused":            func(b []byte) []byte { b[3] = 2; return b },
		"oversized":          func(b []byte) []byte { return append(b, make([]byte, pcpMax)...) },
	} {
		if got, _, err := parsePCP(change(slices.Clone(good)), nonce, 5000); err == nil {
			t.Errorf("%s: accepted as %v", name, got)
		}
	}
	for _, hostile := range []string{"127.0.0.1:80", "0.0.0.0:80", "224.0.0.1:80", "198.51.100.7:0", "169.254.169.254:80"} {
		if got, err := usable(netip.MustParseAddrPort(hostile)); err == nil {
			t.Errorf("the router maps %v, and that is believed as %v", hostile, got)
		}
	}
}

func FuzzPCP(f *testing.F) {
	nonce := [12]byte{1}
	request := appendPCP(nil, netip.MustParseAddr("10.0.0.2"), nonce, 5000, netip.MustParseAddrPort("0.0.0.0:5000"), time.Hour)
	f.Add(pcpAnswerTo(request, 1200, "198.51.100.7:6000"))
	f.Add(pcpAnswerTo(request, 1200, "[2001:db8::1]:6000"))
	f.Fuzz(func(t *testing.T, p []byte) {
		external, lifetime, err := parsePCP(p, nonce, 5000)
		if err != nil {
			return
		}
		if lifetime < 0 || !bytes.Equal(p[24:36], nonce[:]) {
			t.Errorf("accepted %x as %v for %v", p, external, lifetime)
		}
	})
}
