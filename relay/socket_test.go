package relay

import (
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/pion/stun/v3"

	"github.com/tacit-mpc/tacit/internal/throttle"
)

var allocateType = stun.NewType(stun.MethodAllocate, stun.ClassRequest)

// TestThrottledAnswers holds which packets count: answers to requests that prove nothing, and no others.
func TestThrottledAnswers(t *testing.T) {
	key := stun.NewLongTermIntegrity("u", Realm, "p")
	build := func(setters ...stun.Setter) []byte {
		return stun.MustBuild(append([]stun.Setter{stun.TransactionID}, setters...)...).Raw
	}
	unauthorized := &stun.ErrorCodeAttribute{Code: stun.CodeUnauthorized}
	for name, c := range map[string]struct {
		p         []byte
		throttled bool
	}{
		"binding answer":    {build(stun.BindingSuccess, stun.Fingerprint), true},
		"challenge":         {build(stun.NewType(stun.MethodAllocate, stun.ClassErrorResponse), unauthorized), true},
		"stale nonce":       {build(stun.NewType(stun.MethodRefresh, stun.ClassErrorResponse), &stun.ErrorCodeAttribute{Code: stun.CodeStaleNonce}), true},
		"permission":        {build(stun.NewType(stun.MethodCreatePermission, stun.ClassSuccessResponse), key), false},
		"refused":           {build(stun.NewType(stun.MethodCreatePermission, stun.ClassErrorResponse), key), false},
		"data indication":   {build(stun.NewType(stun.MethodData, stun.ClassIndication)), false},
		"channel data":      {[]byte("\x40\x01\x00\x04data"), false},
		"STUN-like channel": {[]byte("\x41\x01\x00\x10\x21\x12\xa4\x42............"), false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSocket(listenUDP(t, "127.0.0.1:0"), newBook(Config{}))
			defer s.Close()
			s.answers = throttle.New(1, 5)
			in := bind(t, "127.0.0.2")
			for range 20 {
				if _, err := s.WriteTo(c.p, in.LocalAddr()); err != nil {
					t.Fatal(err)
				}
			}
			s.UDPConn.WriteTo([]byte("end"), in.LocalAddr())
			got := 0
			for buf := make([]byte, 200); ; got++ {
				in.SetReadDeadline(time.Now().Add(5 * time.Second))
				n, _, err := in.ReadFrom(buf)
				if err != nil {
					t.Fatal(err)
				}
				if string(buf[:n]) == "end" {
					break
				}
			}
			if c.throttled != (got < 20) || c.throttled && got > 10 {
				t.Errorf("%d of 20 were sent", got)
			}
		})
	}
}

// TestNoReflector floods the relay with requests of one network: it answers a share of them. Whoever holds an allocation there, and
// other networks, are served as before. A crowd behind one address comes through.
func TestNoReflector(t *testing.T) {
	_, server := serve(t, Config{})
	var crowd []*Allocation
	for i := range 20 {
		crowd = append(crowd, mustAllocate(t, clientOf(t, server, "127.0.0.2", "r", fmt.Sprint("p", i), make(inbox, 8))))
	}
	victim, err := net.Dial("udp4", server)
	if err != nil {
		t.Fatal(err)
	}
	answers := 0
	var reading sync.WaitGroup
	reading.Go(func() {
		buf := make([]byte, 1000)
		for {
			n, err := victim.Read(buf)
			if err != nil {
				return
			}
			if answers++; n > 200 {
				t.Errorf("an answer of %d bytes", n)
			}
		}
	})
	begin := time.Now()
	const requests = 8000
	for i := range requests {
		setters := []stun.Setter{stun.TransactionID, stun.BindingRequest}
		switch i % 3 {
		case 1:
			setters[1] = allocateType
		case 2: // pretends to know something
			setters = append(setters[:1], allocateType, stun.NewUsername("1:r.a"), stun.NewNonce("stale"), stun.NewRealm(Realm), stun.NewShortTermIntegrity("guess"))
		}
		victim.Write(stun.MustBuild(setters...).Raw)
		if i%32 == 31 { // no more than the relay's queue holds
			if err := crowd[0].Permit(crowd[1].Relayed().Addr()); err != nil {
				t.Fatalf("a user of the flooded network, after %d requests: %v", i, err)
			}
		}
	}
	share := 1000 + 100*int(time.Since(begin).Seconds()+1)
	mustAllocate(t, clientOf(t, server, "127.0.9.2", "r", "q", make(inbox, 8)))
	victim.Close()
	reading.Wait()
	if answers == 0 || answers > share {
		t.Errorf("%d answers to %d requests, want some and at most %d", answers, requests, share)
	}
}
