package examples

import (
	"context"
	"fmt"
	"log"
	"os"

	"golang.org/x/sync/errgroup"

	"github.com/tacit-mpc/tacit/channel/memory"
	"github.com/tacit-mpc/tacit/garble"
	"github.com/tacit-mpc/tacit/mpc"
)

// Three parties in one process compute add3.gb with the whole protocol. Between machines each party would run its own part of
// the loop, over a channel/mesh instead of a memory.Mesh.
func Example() {
	src, err := os.ReadFile("add3.gb")
	if err != nil {
		log.Fatal(err)
	}
	checked, err := garble.Check("add3.gb", string(src))
	if err != nil {
		log.Fatal(garble.Render(string(src), err))
	}
	program, err := checked.Compile("main", nil)
	if err != nil {
		log.Fatal(garble.Render(string(src), err))
	}

	inputs := []string{"123u32", "456u32", "789u32"}
	results := make([]string, len(inputs))
	parties, ctx := errgroup.WithContext(context.Background())
	for seat, ch := range memory.NewMesh(len(inputs), memory.Options{}).Channels() {
		parties.Go(func() error {
			defer ch.Close()
			input, err := program.ParseInput(seat, inputs[seat])
			if err != nil {
				return err
			}
			output, err := mpc.Run(ctx, ch, mpc.Job{Circuit: program.Circuit}, input, nil)
			if err != nil {
				return err
			}
			results[seat], err = program.FormatOutput(output)
			return err
		})
	}
	if err := parties.Wait(); err != nil {
		log.Fatal(err)
	}
	fmt.Println(results)
	// Output: [1368 1368 1368]
}
