package mesh

import (
	"fmt"
	"sync"
	"testing"

	"github.com/tacit-mpc/tacit/channel"
)

// BenchmarkSend streams messages one way between two parties on loopback.
func BenchmarkSend(b *testing.B) {
	for _, size := range []int{1 << 10, 64 << 10, 4 << 20} {
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) {
			meshes := join(b, parties(b, 2))
			ctx := b.Context()
			b.SetBytes(int64(size))
			b.ReportAllocs()
			b.ResetTimer()
			var sender sync.WaitGroup
			sender.Go(func() {
				for range b.N {
					if err := meshes[0].SendTo(ctx, 1, make([]byte, size)); err != nil {
						b.Error(err)
						return
					}
				}
			})
			for range b.N {
				if _, err := meshes[1].RecvFrom(ctx, 0); err != nil {
					b.Fatal(err)
				}
			}
			sender.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
		})
	}
}

// BenchmarkRound is a round of a protocol: every party sends 1 KiB to every other and waits for theirs.
func BenchmarkRound(b *testing.B) {
	for _, n := range []int{2, 3, 5} {
		b.Run(fmt.Sprintf("%dparties", n), func(b *testing.B) {
			meshes := join(b, parties(b, n))
			ctx := b.Context()
			b.ResetTimer()
			var all sync.WaitGroup
			for _, m := range meshes {
				all.Go(func() {
					for range b.N {
						for _, p := range channel.Others(m) {
							if err := m.SendTo(ctx, p, make([]byte, 1<<10)); err != nil {
								b.Error(err)
								return
							}
						}
						for _, p := range channel.Others(m) {
							if _, err := m.RecvFrom(ctx, p); err != nil {
								b.Error(err)
								return
							}
						}
					}
				})
			}
			all.Wait()
		})
	}
}

// BenchmarkJoin connects and closes a mesh of three.
func BenchmarkJoin(b *testing.B) {
	all := parties(b, 3)
	for b.Loop() {
		meshes := join(b, all)
		var closing sync.WaitGroup
		for _, m := range meshes {
			closing.Go(func() { m.Close() })
		}
		closing.Wait()
	}
}
