package mpc_test

import (
	"context"
	"fmt"
	"sync"

	"github.com/tacit-mpc/tacit/channel/memory"
	"github.com/tacit-mpc/tacit/circuit"
	"github.com/tacit-mpc/tacit/mpc"
)

// Three parties vote. Everyone learns whether there is a majority, and nobody how the others voted.
func Example() {
	b := circuit.NewBuilder([]int{1, 1, 1})
	x, y, z := b.Input(0, 0), b.Input(1, 0), b.Input(2, 0)
	majority := b.Xor(x, b.And(b.Xor(x, y), b.Xor(x, z)))
	c, err := b.Build([]circuit.Wire{majority})
	if err != nil {
		fmt.Println(err)
		return
	}
	job := mpc.Job{Circuit: c, Context: []byte("vote on supper")}

	votes := []bool{true, false, true}
	channels := memory.NewMesh(3, memory.Options{}).Channels()
	results := make([][]bool, 3)
	var parties sync.WaitGroup
	for i, ch := range channels {
		parties.Go(func() { // each party runs this in its own process
			out, err := mpc.Run(context.Background(), ch, job, votes[i:i+1], nil)
			if err != nil {
				fmt.Println(err)
			}
			results[i] = out
		})
	}
	parties.Wait()
	fmt.Println(results)
	// Output: [[true] [true] [true]]
}
