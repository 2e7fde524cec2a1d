package channel

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
)

// Others returns every party but ch.Self(), in order.
func Others(ch Channel) []Party {
	others := make([]Party, 0, ch.N()-1)
	for p := range Party(ch.N()) {
		if p != ch.Self() {
			others = append(others, p)
		}
	}
	return others
}

// Exchange sends msgs[p] to each other party p while it receives one message of each, and returns these by party. The
// element at Self is not sent, and nil in the result. It sends and receives to and from all at once, so that parties that
// all call Exchange cannot block one another, however large the messages. It takes ownership of msgs, whose elements must
// not share memory. It returns the first error, and then nothing else.
func Exchange(ctx context.Context, ch Channel, msgs [][]byte) ([][]byte, error) {
	if len(msgs) != ch.N() {
		return nil, fmt.Errorf("exchange: %d messages for %d parties", len(msgs), ch.N())
	}
	got := make([][]byte, ch.N())
	group, ctx := errgroup.WithContext(ctx)
	for _, p := range Others(ch) {
		group.Go(func() error { return ch.SendTo(ctx, p, msgs[p]) })
		group.Go(func() (err error) {
			got[p], err = ch.RecvFrom(ctx, p)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return got, nil
}
