package ot

import (
	"crypto/rand"
	"fmt"
	"testing"

	"github.com/tacit-mpc/tacit/internal/block"
)

func BenchmarkSetup(b *testing.B) {
	b.Run("key side S2", func(b *testing.B) {
		for b.Loop() {
			s, err := NewKeySetup(testLink(4), randomBlock(b), rand.Reader)
			if err != nil {
				b.Fatal(err)
			}
			if err := s.Point(newBenchMAC(b).Point()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("MAC side S2, S3", func(b *testing.B) {
		k, err := NewKeySetup(testLink(4), randomBlock(b), rand.Reader)
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if _, _, err := newBenchMAC(b).Trees(k.Choices()); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func newBenchMAC(b *testing.B) *MACSetup {
	s, err := NewMACSetup(testLink(4), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// BenchmarkCOT measures both ends of an extension with its check, per COT.
func BenchmarkCOT(b *testing.B) {
	const rows = 1 << 17
	for _, depth := range []int{1, 2, 4, 8} {
		b.Run(fmt.Sprintf("k=%d", depth), func(b *testing.B) {
			k, m, _ := dealLinks(b, testLink(depth))
			batch, sent := uint32(0), 0
			for b.Loop() {
				mb, d, err := m.Extend(batch, make([]block.Block, rows))
				if err != nil {
					b.Fatal(err)
				}
				kb, err := k.Extend(batch, make([]block.Block, rows), d)
				if err != nil {
					b.Fatal(err)
				}
				if err := prove(b, kb, mb); err != nil {
					b.Fatal(err)
				}
				batch++
				sent += len(d) + ChallengeSize + AnswerSize
			}
			cots := float64(batch) * (rows - 128)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/cots, "ns/COT")
			b.ReportMetric(float64(sent)/cots, "bytes/COT")
		})
	}
}
