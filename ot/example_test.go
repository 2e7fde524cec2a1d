package ot_test

import (
	"crypto/rand"
	"fmt"
	"log"

	"github.com/tacit-mpc/tacit/internal/block"
	"github.com/tacit-mpc/tacit/ot"
)

// Both ends of a link in one process: set-up, then one batch of 256 correlated OTs, 128 of which are spent on the check.
func Example() {
	link := ot.Link{SID: [32]byte{1}, Key: 0, MAC: 1, Depth: 4}
	delta, err := block.Random(rand.Reader)
	must(err)

	key, err := ot.NewKeySetup(link, delta, rand.Reader)
	must(err)
	mac, err := ot.NewMACSetup(link, rand.Reader)
	must(err)
	must(key.Point(mac.Point()))
	macLink, trees, err := mac.Trees(key.Choices())
	must(err)
	keyLink, err := key.Trees(trees)
	must(err)

	macBatch, corrections, err := macLink.Extend(0, make([]block.Block, 256))
	must(err)
	keyBatch, err := keyLink.Extend(0, make([]block.Block, 256), corrections)
	must(err)
	challenge, err := keyBatch.Challenge(rand.Reader)
	must(err)
	answer, err := macBatch.Answer(challenge)
	must(err)
	must(keyBatch.Check(answer))

	u, m, err := macBatch.Take()
	must(err)
	k, err := keyBatch.Take()
	must(err)
	good := 0
	for r := range m {
		if m[r].Equal(k[r].Xor(delta.And(block.Mask(u.Get(r))))) {
			good++
		}
	}
	fmt.Println(good, "correlated OTs")
	// Output: 128 correlated OTs
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
