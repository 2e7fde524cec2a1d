package mpc

import (
	"fmt"
	"math/big"
	"math/bits"
)

// Params are the public parameters that may be chosen (protocol 2). The zero value is the default. Bucket size and chunk length
// are not: they follow from the circuit and Rho by the rule of protocol 12.2.
type Params struct {
	Rho int // statistical security in bits of the bucketing: 40 (default) or 64
	K   int // depth of the COT trees: 1, 2, 4 (default) or 8; deeper sends less and computes more
	// TwoPhase preprocesses and garbles the whole circuit before the parties commit to their inputs (order=two). The time after
	// the input is short; memory grows with the circuit. The default streams: memory is that of two chunks and the live wires.
	TwoPhase bool

	tiny *bucketing // set by tests only: a bucketing that the rule would refuse
}

// A bucketing is how AND triples are made: chunks of at most L = size gates, each from buckets of B leaky triples.
type bucketing struct {
	buckets int // B
	size    int // L
}

const (
	minBuckets = 4
	maxBuckets = 10
	minSizeLog = 16 // the first cap on L tried is 2^16
	maxSizeLog = 18
	dealerSize = 1 << 16 // the largest chunk with a dealer
)

// complete replaces zero values by defaults and refuses what is not allowed.
func (p Params) complete() (Params, error) {
	if p.Rho == 0 {
		p.Rho = 40
	}
	if p.K == 0 {
		p.K = 4
	}
	if p.Rho != 40 && p.Rho != 64 {
		return p, fmt.Errorf("statistical security %d: must be 40 or 64", p.Rho)
	}
	if p.K != 1 && p.K != 2 && p.K != 4 && p.K != 8 {
		return p, fmt.Errorf("tree depth %d: must be 1, 2, 4 or 8", p.K)
	}
	return p, nil
}

// chooseBuckets is the selection of protocol 12.2 for a circuit with the given number of AND gates.
func chooseBuckets(ands, rho int) bucketing {
	var best bucketing
	for log := minSizeLog; log <= maxSizeLog; log++ {
		limit := 1 << log
		chunks := max(1, ceilDiv(ands, limit))
		s := rho + ceilLog2(chunks)
		cost := -1
		for b := minBuckets; b <= maxBuckets; b++ {
			low := minSize(b, s)
			if low > limit {
				continue
			}
			size := roundUp(max(low, ceilDiv(ands, chunks)), 128)
			if c := b * size * chunks; cost < 0 || c < cost {
				cost, best = c, bucketing{b, size}
			}
		}
		if best.buckets == minBuckets || chunks == 1 {
			break
		}
	}
	return best
}

// sound checks a bucketing for a circuit against the bound of protocol 12.2, whatever it was chosen by.
func (b bucketing) sound(ands, rho int) error {
	if b.buckets < 3 || b.size < 128 || b.size%128 != 0 {
		return fmt.Errorf("buckets of %d triples in chunks of %d: malformed", b.buckets, b.size)
	}
	s := rho + ceilLog2(max(1, ceilDiv(ands, b.size)))
	if low := minSize(b.buckets, s); b.size < low {
		return fmt.Errorf("chunks of %d gates with buckets of %d: fewer than %d give less than %d bits of security", b.size, b.buckets, low, rho)
	}
	return nil
}

// dealerBuckets is the bucketing with a dealer: there is nothing to bucket (protocol 24).
func dealerBuckets(ands int) bucketing {
	return bucketing{1, min(roundUp(ands, 128), dealerSize)}
}

// minSize is Lmin(B, s): the smallest L with L^(B-1) * 2^(2B+1) >= (2B+1) * binom(2B+1, B) * 2^s.
func minSize(b, s int) int {
	m := int64(2*b + 1)
	need := new(big.Int).Binomial(m, int64(b))
	need.Mul(need, big.NewInt(m)).Lsh(need, uint(s))
	enough := func(l int) bool {
		v := new(big.Int).Exp(big.NewInt(int64(l)), big.NewInt(int64(b-1)), nil)
		return v.Lsh(v, uint(m)).Cmp(need) >= 0
	}
	high := 1
	for !enough(high) {
		high *= 2
	}
	low := high / 2 // not enough, or 0
	for high-low > 1 {
		if mid := (low + high) / 2; enough(mid) {
			high = mid
		} else {
			low = mid
		}
	}
	return high
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

func roundUp(a, b int) int { return ceilDiv(a, b) * b }

func ceilLog2(v int) int { return bits.Len(uint(v - 1)) }
