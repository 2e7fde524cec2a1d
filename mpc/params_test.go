package mpc

import (
	"testing"

	"github.com/tacit-mpc/tacit/circuit"
)

// TestMinSize is the table of protocol 12.2.
func TestMinSize(t *testing.T) {
	for _, row := range []struct {
		rho, buckets int
		extra, want  []int
	}{
		{40, 3, []int{0, 1, 2, 4, 6, 8, 10, 12}, []int{1450702, 2051602, 2901403, 5802805, 11605610, 23211220, 46422439, 92844877}},
		{40, 4, []int{0, 1, 2, 4, 6, 8, 10, 12}, []int{13454, 16951, 21357, 33902, 53816, 85427, 135607, 215263}},
		{40, 5, []int{0, 1, 2, 4, 6, 8, 10, 12}, []int{1286, 1529, 1818, 2571, 3636, 5141, 7271, 10282}},
		{40, 6, []int{0, 1, 2, 4, 6, 8, 10, 12}, []int{313, 360, 413, 545, 719, 949, 1252, 1651}},
		{40, 7, []int{0, 1, 2, 4, 6, 8, 10, 12}, []int{122, 137, 154, 194, 244, 307, 387, 487}},
		{40, 8, []int{0, 1, 2, 4, 6, 8, 10, 12}, []int{62, 69, 76, 92, 113, 137, 167, 203}},
		{64, 4, []int{0, 2, 4, 8}, []int{3444194, 5467318, 8678826, 21869269}},
		{64, 5, []int{0, 2, 4, 8}, []int{82254, 116325, 164508, 329016}},
		{64, 6, []int{0, 2, 4, 8}, []int{8714, 11498, 15172, 26415}},
		{64, 7, []int{0, 2, 4, 8}, []int{1947, 2453, 3090, 4905}},
		{64, 8, []int{0, 2, 4, 8}, []int{667, 812, 990, 1471}},
	} {
		for k, extra := range row.extra {
			if got := minSize(row.buckets, row.rho+extra); got != row.want[k] {
				t.Errorf("Lmin(%d, %d+%d) = %d, want %d", row.buckets, row.rho, extra, got, row.want[k])
			}
		}
	}
}

func TestChooseBuckets(t *testing.T) {
	for _, c := range []struct{ ands, buckets, size, chunks int }{
		{100, 7, 128, 1}, {1000, 6, 1024, 1}, {6400, 5, 6400, 1}, {22573, 4, 22656, 1}, {100000, 4, 50048, 2}, {1000000, 4, 62592, 16},
	} {
		got := chooseBuckets(c.ands, 40)
		if got != (bucketing{c.buckets, c.size}) || ceilDiv(c.ands, got.size) != c.chunks {
			t.Errorf("%d ANDs: %+v in %d chunks, want %+v", c.ands, got, ceilDiv(c.ands, got.size), c)
		}
	}
}

// TestChosenBucketsAreSound asserts the bound with the chunks really made, for sizes around every limit.
func TestChosenBucketsAreSound(t *testing.T) {
	for _, rho := range []int{40, 64} {
		for log := 0; log <= 30; log++ {
			for _, ands := range []int{1<<log - 1, 1 << log, 1<<log + 1, 3 << log} {
				b := chooseBuckets(ands, rho)
				if err := b.sound(ands, rho); err != nil {
					t.Errorf("%d ANDs, rho %d: %v", ands, rho, err)
				}
				if b.buckets*b.size < 128 || b.size > 1<<maxSizeLog {
					t.Errorf("%d ANDs, rho %d: %+v", ands, rho, b)
				}
			}
		}
	}
}

// TestUnsoundBucketsAreRefused is pitfall 31.
func TestUnsoundBucketsAreRefused(t *testing.T) {
	for what, c := range map[string]struct {
		b    bucketing
		ands int
	}{
		"below the table":              {bucketing{4, 13440}, 13440},
		"enough for one chunk only":    {bucketing{4, 13568}, 2 * 13568},
		"not a multiple of 128":        {bucketing{4, 13569}, 100},
		"too few layers":               {bucketing{2, 1 << 18}, 100},
		"three layers, small chunks":   {bucketing{3, 1 << 16}, 1 << 16},
		"tiny, as tests may have them": {bucketing{3, 8}, 8},
	} {
		if c.b.sound(c.ands, 40) == nil {
			t.Errorf("accepted: %s", what)
		}
	}
	if err := (bucketing{4, 13568}).sound(13568, 40); err != nil {
		t.Error(err)
	}
}

// TestLengthsIn64Bits is pitfall 34: the largest chunk with the most parties.
func TestLengthsIn64Bits(t *testing.T) {
	p := testPlan(t, 64, 1, false, false)
	p.buckets, p.size, p.chunks[0].ands, p.k = 10, 1<<18, 1<<18, 1
	if got, want := p.length(stepGB1, 1, 2, 0), int64(16*(3*64-4))<<18; got != want {
		t.Errorf("GB1: %d, want %d", got, want)
	}
	rows := int64(31)<<18 + 128 + 128
	if got, want := p.length(stepXT1, 1, 3, 2), 127*rows/8+(rows-128)/8+3*32; got != want {
		t.Errorf("XT1: %d, want %d", got, want)
	}
}

// TestCut is pitfall 32: chunks for numbers of AND gates around L, and where the free gates go.
func TestCut(t *testing.T) {
	for _, c := range []struct {
		ops  string // a AND, x XOR
		size int
		want []chunk
	}{
		{"", 2, []chunk{{0, 0, 0}}},
		{"xx", 2, []chunk{{0, 2, 0}}},
		{"a", 2, []chunk{{0, 1, 1}}},
		{"xaxax", 2, []chunk{{0, 5, 2}}},
		{"xaxaxax", 2, []chunk{{0, 5, 2}, {5, 7, 1}}},
		{"aaaax", 2, []chunk{{0, 2, 2}, {2, 5, 2}}},
	} {
		var gates []circuit.Gate
		for _, op := range c.ops {
			g := circuit.Gate{Op: circuit.Xor}
			if op == 'a' {
				g.Op = circuit.And
			}
			gates = append(gates, g)
		}
		circ, err := circuit.New([]int{1, 0}, gates, nil)
		if err != nil {
			t.Fatal(err)
		}
		got := cut(circ, c.size)
		if len(got) != len(c.want) {
			t.Errorf("%s: %v, want %v", c.ops, got, c.want)
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s: %v, want %v", c.ops, got, c.want)
			}
		}
	}
}
