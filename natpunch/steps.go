package natpunch

import (
	"math/bits"
	"math/rand/v2"
)

// Some NATs give out ports in constant steps. A router on a little-endian machine may count in the wrong byte order (nftables
// with a computed port does): its steps are of 256, and the carry goes into the low byte.
const (
	longestStep = 1024
	shortStep   = 16 // what two observations suffice for
)

// stepOf finds the constant step between consecutive ports, or 0.
func stepOf(ports []uint16) int16 {
	longest := longestStep
	if len(ports) == 2 {
		longest = shortStep // two random ports lie that close in one of two thousand cases
	}
	if s := difference(ports); s != 0 && s > -longest && s < longest {
		return int16(s)
	}
	swapped := make([]uint16, len(ports))
	for i, p := range ports {
		swapped[i] = bits.ReverseBytes16(p)
	}
	if s := difference(swapped); s != 0 && s >= -shortStep && s <= shortStep {
		return int16(s << 8)
	}
	return 0
}

// difference is what every port has more than the one before, or 0 if that varies.
func difference(ports []uint16) int {
	if len(ports) < 2 {
		return 0
	}
	d := ports[1] - ports[0]
	for i := 2; i < len(ports); i++ {
		if ports[i]-ports[i-1] != d {
			return 0
		}
	}
	return int(int16(d))
}

// predict is the port after n more mappings.
func predict(port uint16, step int16, n int) uint16 {
	if step%256 == 0 {
		return bits.ReverseBytes16(bits.ReverseBytes16(port) + uint16(step/256)*uint16(n))
	}
	return port + uint16(step)*uint16(n)
}

// A sweep visits every port from lowestPort on once, in an order that begins anywhere.
type sweep struct{ at, stride int }

const sweepSize = 1<<16 - lowestPort // 2^10 * 3^2 * 7

func newSweep() sweep {
	for {
		stride := rand.IntN(sweepSize)
		if stride%2 != 0 && stride%3 != 0 && stride%7 != 0 {
			return sweep{rand.IntN(sweepSize), stride}
		}
	}
}

func (s *sweep) next() uint16 {
	s.at = (s.at + s.stride) % sweepSize
	return uint16(lowestPort + s.at)
}
