package pathconn

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net"
	"net/netip"
	"testing"
)

// packetOf is a QUIC packet as far as a joiner can tell.
func packetOf(size int, seed byte) []byte {
	p := make([]byte, size)
	for i := range p {
		p[i] = seed + byte(i*7)
	}
	p[0] = 0x40 | seed&0x3f
	return p
}

// piecesOf splits packets as a peer does.
func piecesOf(p []byte, id uint32) (all [][]byte) {
	split(p, id, func(piece []byte) { all = append(all, bytes.Clone(piece)) })
	return all
}

func TestSplitAndJoin(t *testing.T) {
	var j joiner
	for size := minSplit + 1; size <= MaxPacket; size++ {
		want := packetOf(size, byte(size))
		pieces := piecesOf(want, uint32(size))
		if len(pieces) != 2 || len(pieces[0]) > pieceHeader+maxHalf || len(pieces[1]) > len(pieces[0]) {
			t.Fatalf("%d bytes: pieces of %d and %d", size, len(pieces[0]), len(pieces[1]))
		}
		if size%2 == 0 {
			pieces[0], pieces[1] = pieces[1], pieces[0]
		}
		if got := j.join(nil, pieces[0]); got != nil {
			t.Fatalf("%d bytes of half a packet", len(got))
		}
		buf := make([]byte, 1452) // of quic-go: the packet replaces its last piece
		n := copy(buf, pieces[1])
		got := j.join(buf[:0], buf[:n])
		if !bytes.Equal(got, want) || &got[0] != &buf[0] {
			t.Fatalf("%d bytes: %d came out", size, len(got))
		}
	}
}

// TestReorderedPieces lets the pieces of many packets arrive in any order, some of them twice.
func TestReorderedPieces(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var j joiner
	waiting := map[string]bool{}
	var pieces [][]byte
	for i := range pendingPieces {
		p := packetOf(1000+i, byte(i))
		waiting[string(p)] = true
		pieces = append(pieces, piecesOf(p, uint32(i))...)
	}
	for i := range 20 {
		pieces = append(pieces, pieces[2*i])
	}
	random.Shuffle(len(pieces), func(i, k int) { pieces[i], pieces[k] = pieces[k], pieces[i] })
	for _, p := range pieces {
		if got := j.join(nil, p); got != nil {
			if !waiting[string(got)] {
				t.Fatal("a packet that was not sent, or one twice")
			}
			delete(waiting, string(got))
		}
	}
	if len(waiting) > 0 {
		t.Errorf("%d packets are missing", len(waiting))
	}
}

// TestHostilePieces gives a joiner what no peer sends: nothing comes out, and what is kept is bounded.
func TestHostilePieces(t *testing.T) {
	var j joiner
	make2 := func(magic, kind byte, id uint32, size int) []byte {
		b := binary.BigEndian.AppendUint32([]byte{magic, kind}, id)
		b = append(b, make([]byte, size)...)
		if size > 0 {
			b[pieceHeader] = 0x40
		}
		return b
	}
	none := func(name string, pieces ...[]byte) {
		t.Helper()
		for _, p := range pieces {
			if got := j.join(nil, p); got != nil {
				t.Errorf("%s: %d bytes came out", name, len(got))
			}
		}
	}
	for n := range pieceHeader {
		none("a cut header", make2(pieceMagic, pieceFirst, 1, 0)[:n])
	}
	for _, size := range []int{0, 1, minHalf - 1, maxHalf + 1, 1400, 60000} {
		none("a half of a wrong size", make2(pieceMagic, pieceFirst, 2, size), make2(pieceMagic, pieceFirst+1, 2, size))
	}
	for _, kind := range []byte{0, 1, 0x12, 0x13, 0x20, 0x21, 0xff} {
		none("another version or index", make2(pieceMagic, pieceFirst, 3, 500), make2(pieceMagic, kind, 3, 500))
	}
	none("two first halves", make2(pieceMagic, pieceFirst, 4, 500), make2(pieceMagic, pieceFirst, 4, 500))
	none("two second halves", make2(pieceMagic, pieceFirst+1, 5, 500), make2(pieceMagic, pieceFirst+1, 5, 500))
	none("a second half that is longer", make2(pieceMagic, pieceFirst, 6, 500), make2(pieceMagic, pieceFirst+1, 6, 501))
	none("a second half that is too short", make2(pieceMagic, pieceFirst, 7, 502), make2(pieceMagic, pieceFirst+1, 7, 500))
	none("halves of different packets", make2(pieceMagic, pieceFirst, 8, 500), make2(pieceMagic, pieceFirst+1, 8+pendingPieces, 500))
	for first := range byte(0x40) { // a ping, a STUN message or a piece in pieces
		p := make2(pieceMagic, pieceFirst, 9, 500)
		p[pieceHeader] = first
		none("what is not QUIC's", p, make2(pieceMagic, pieceFirst+1, 9, 500))
	}
	for id := range uint32(10000) {
		none("never completed", make2(pieceMagic, pieceFirst, id*7919, maxHalf))
	}
	kept := 0
	for _, p := range j.pending {
		kept += cap(p.data)
	}
	if len(j.pending) != pendingPieces || kept > pendingPieces*1024 {
		t.Errorf("keeps %d halves of %d bytes", len(j.pending), kept)
	}
	want := packetOf(1400, 3)
	p := piecesOf(want, 1<<31)
	none("half", p[0])
	if got := j.join(nil, p[1]); !bytes.Equal(got, want) {
		t.Error("an honest packet does not pass any more")
	}
}

// TestPiecesOfStrangers holds that pieces count from addresses of peers alone, and for the peer whose address it is.
func TestPiecesOfStrangers(t *testing.T) {
	a := newNode(t, Config{Intercept: func([]byte, netip.AddrPort) { t.Error("a piece was taken for something else") }})
	x, y := a.Peer(), a.Peer()
	atX, atY := netip.MustParseAddrPort("198.51.100.1:1"), netip.MustParseAddrPort("198.51.100.2:1")
	x.Own(atX)
	y.Own(atY)
	want := packetOf(1300, 1)
	pieces := piecesOf(want, 5)
	take := func(p []byte, from string) (int, *net.UDPAddr) {
		buf := make([]byte, 1452)
		return a.sort(buf[:copy(buf, p)], net.UDPAddrFromAddrPort(netip.MustParseAddrPort(from)))
	}
	for _, open := range []bool{true, false} {
		a.Restrict(!open)
		for _, p := range pieces {
			if n, addr := take(p, "198.51.100.66:1"); n != 0 || addr != nil {
				t.Error("pieces of a stranger make a packet")
			}
		}
	}
	take(pieces[0], atX.String())
	if n, addr := take(pieces[1], atY.String()); n != 0 || addr != nil {
		t.Error("halves of two peers make a packet")
	}
	if n, addr := take(pieces[1], atX.String()); n != len(want) || addr != x.Addr() {
		t.Errorf("a packet of %d bytes of %v, want %d of %v", n, addr, len(want), x.Addr())
	}
}

// FuzzJoin gives a joiner whatever may come from an address of the peer, and then an honest packet.
func FuzzJoin(f *testing.F) {
	seeds := piecesOf(packetOf(900, 1), 1)
	f.Add(seeds[0], seeds[1], uint32(1))
	f.Add(seeds[1], seeds[1], uint32(77))
	f.Add([]byte{pieceMagic}, []byte{}, uint32(0))
	f.Fuzz(func(t *testing.T, p, q []byte, id uint32) {
		var j joiner
		for _, in := range [][]byte{p, q} {
			buf := make([]byte, max(len(in), MaxPacket))
			out := j.join(buf[:0], buf[:copy(buf, in)])
			if out == nil {
				continue
			}
			if len(out) <= minSplit || len(out) > MaxPacket || out[0]&0xc0 == 0 {
				t.Fatalf("%d bytes came out, the first %#x", len(out), out[0])
			}
			if len(p)-pieceHeader+len(q)-pieceHeader != len(out) {
				t.Fatalf("%d bytes came out of %d and %d", len(out), len(p), len(q))
			}
		}
		want := packetOf(1400, 9)
		pieces := piecesOf(want, id)
		j.join(nil, pieces[0])
		j.join(nil, pieces[0]) // in case a half of the same id waited
		if got := j.join(nil, pieces[1]); !bytes.Equal(got, want) {
			if j.join(nil, pieces[0]); !bytes.Equal(j.join(nil, pieces[1]), want) {
				t.Fatal("an honest packet does not pass")
			}
		}
	})
}
