package natpunch

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"testing"
)

func TestPingGolden(t *testing.T) {
	tg, out, _ := keysOf([32]byte{1, 2, 3}, true)
	pong := ping{pong: true, tag: tg, transaction: transaction{9, 8, 7}, observed: netip.MustParseAddrPort("198.51.100.7:4242")}
	const want = "2a1259020e07c8ae7e8a090807000000000000000000" + "04" + "00000000000000000000ffffc6336407" + "1092"
	got := hex.EncodeToString(out.seal(pong))
	if got[:2*(pingSize-macSize)] != want {
		t.Errorf("pong is %s, want %s and a MAC", got, want)
	}
}

func TestPingRoundTrip(t *testing.T) {
	tg, up, down := keysOf([32]byte{7}, true)
	tg2, down2, up2 := keysOf([32]byte{7}, false)
	if tg != tg2 || up != up2 || down != down2 {
		t.Fatal("the two ends derive different keys")
	}
	for _, p := range []ping{
		{tag: tg, transaction: transaction{1, 2, 11: 3}},
		{tag: tg, transaction: transaction{1, 2, 11: 3}, size: pingSize + 1},
		{tag: tg, transaction: transaction{1, 2, 11: 3}, size: 200},
		{pong: true, tag: tg, transaction: transaction{1, 2, 11: 3}, observed: netip.MustParseAddrPort("1.2.3.4:5")},
		{pong: true, tag: tg, transaction: transaction{1, 2, 11: 3}, observed: netip.MustParseAddrPort("[2001:db8::1]:65535")},
	} {
		b := up.seal(p)
		if got, ok := up.open(b); !isPing(b) || !ok || got != p {
			t.Errorf("opened %+v, %v; want %+v", got, ok, p)
		}
		if _, ok := down.open(b); ok {
			t.Error("a reflected ping is accepted")
		}
		for i := range b {
			for bit := range 8 {
				c := bytes.Clone(b)
				c[i] ^= 1 << bit
				if _, ok := up.open(c); ok {
					t.Fatalf("a ping with byte %d changed is accepted", i)
				}
			}
			if !isPing(b[:i]) {
				continue
			}
			if _, ok := up.open(b[:i]); ok || i < pingSize {
				t.Fatalf("a ping cut to %d bytes is accepted", i)
			}
		}
	}
}

func FuzzPing(f *testing.F) {
	tg, out, _ := keysOf([32]byte{1}, true)
	f.Add(out.seal(ping{tag: tg})[:pingSize-macSize])
	f.Add(out.seal(ping{tag: tg, size: 300})[:300-macSize])
	f.Fuzz(func(t *testing.T, body []byte) {
		b := append(bytes.Clone(body), out.mac(body)...) // an insider who knows the key
		if !isPing(b) {
			return
		}
		if p, ok := out.open(b); ok && !bytes.Equal(out.seal(p), b) {
			t.Errorf("a second encoding of %+v is accepted", p)
		}
	})
}
