package coord_test

import (
	"context"
	"fmt"
	"net"
	"sync"

	"github.com/quic-go/quic-go"

	"github.com/tacit-mpc/tacit/coord"
	"github.com/tacit-mpc/tacit/identity"
)

// A session of two parties on one machine: each gets a ticket, sees who else is there, and says goodbye when it is done.
func Example() {
	ctx := context.Background()
	hostKey, _ := identity.Generate()
	host, err := coord.NewServer(coord.ServerConfig{Key: hostKey, Seats: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	socket := listen()
	ended := make(chan error)
	go func() { ended <- host.Serve(ctx, socket) }()

	var parties sync.WaitGroup
	for seat, name := range []string{"alice", "bob"} {
		ticket, _ := host.Ticket(seat, []string{socket.Conn.LocalAddr().String()})
		parties.Go(func() {
			key, _ := identity.Generate()
			me, err := coord.Join(ctx, listen(), coord.ClientConfig{
				Key: key, Ticket: &ticket, Name: name, Fields: []coord.Field{{Name: "program", Value: "9f86d081"}},
			})
			if err != nil {
				fmt.Println(err)
				return
			}
			defer me.Close()
			roster, err := me.Roster(ctx)
			if err != nil {
				fmt.Println(err)
				return
			}
			if me.Seat() == 0 {
				fmt.Println(roster.Members[0].Name, "and", roster.Members[1].Name, "compare", len(roster.Words), "words")
			}
			// Here the parties connect to each other.
			if err := me.Ready(ctx, nil); err != nil {
				fmt.Println(err)
				return
			}
			// Here they compute.
			me.Leave(coord.NoCause, "")
		})
	}
	parties.Wait()
	fmt.Println("ended:", <-ended)
	// Output:
	// alice and bob compare 6 words
	// ended: <nil>
}

func listen() *quic.Transport {
	socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		panic(err)
	}
	return &quic.Transport{Conn: socket}
}
