package natpunch

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/stun/v3"
)

var (
	stunServer = netip.MustParseAddrPort("203.0.113.1:3478")
	stunMapped = netip.MustParseAddrPort("198.51.100.7:4242")
)

// ask runs a Query whose requests go to answer.
func ask(t *testing.T, answer func(s *STUN, request []byte)) (netip.AddrPort, error) {
	t.Helper()
	var s *STUN
	s = NewSTUN(func(p []byte, _ netip.AddrPort) { answer(s, p) })
	return s.Query(t.Context(), stunServer)
}

func TestQuery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got, err := ask(t, func(s *STUN, p []byte) { s.Handle(Respond(p, stunMapped), stunServer) })
		if err != nil || got != stunMapped {
			t.Errorf("Query = %v, %v; want %v", got, err, stunMapped)
		}
		lost := 0
		got, err = ask(t, func(s *STUN, p []byte) {
			if lost++; lost == 4 {
				s.Handle(Respond(p, stunMapped), stunServer)
			}
		})
		if err != nil || got != stunMapped {
			t.Errorf("after three losses: %v, %v", got, err)
		}
		start := time.Now()
		if _, err := ask(t, func(*STUN, []byte) {}); !errors.Is(err, errNoAnswer) || time.Since(start) > 3*time.Second {
			t.Errorf("a mute server: %v after %v", err, time.Since(start))
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if _, err := NewSTUN(func([]byte, netip.AddrPort) {}).Query(ctx, stunServer); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a cancelled query: %v", err)
		}
	})
}

// TestQueryIgnores feeds wrong answers before the right one.
func TestQueryIgnores(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		other := netip.MustParseAddrPort("192.0.2.1:3478")
		got, err := ask(t, func(s *STUN, p []byte) {
			good := Respond(p, stunMapped)
			s.Handle(Respond(p, other), other) // another server
			for i := range len(good) {
				s.Handle(good[:i], stunServer) // truncated
			}
			s.Handle(append(good, make([]byte, maxSTUN)...), stunServer) // oversized
			foreign := append([]byte(nil), good...)
			foreign[8] ^= 1 // another transaction
			s.Handle(foreign, stunServer)
			failure := stun.MustBuild(stun.NewTransactionIDSetter([12]byte(p[8:20])), stun.BindingError)
			s.Handle(failure.Raw, stunServer)
			bare := stun.MustBuild(stun.NewTransactionIDSetter([12]byte(p[8:20])), stun.BindingSuccess)
			s.Handle(bare.Raw, stunServer)
			s.Handle(good, stunServer)
			s.Handle(Respond(p, other), stunServer) // a second answer
		})
		if err != nil || got != stunMapped {
			t.Errorf("Query = %v, %v; want %v", got, err, stunMapped)
		}
	})
}

func TestRespond(t *testing.T) {
	req := stun.MustBuild(stun.TransactionID, stun.BindingRequest)
	mapped := netip.AddrPortFrom(netip.MustParseAddr("::ffff:198.51.100.7"), 4242)
	var m stun.Message
	var got stun.XORMappedAddress
	if err := stun.Decode(Respond(req.Raw, mapped), &m); err != nil || got.GetFrom(&m) != nil {
		t.Fatal("no answer")
	}
	if got.Port != 4242 || !got.IP.Equal(net.ParseIP("198.51.100.7")) || m.TransactionID != req.TransactionID {
		t.Errorf("answered %v", got)
	}
	for name, p := range map[string][]byte{
		"empty": nil, "garbage": []byte("hello, this is no STUN message"), "answer": stun.MustBuild(stun.TransactionID, stun.BindingSuccess).Raw,
		"indication": stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodBinding, stun.ClassIndication)).Raw,
		"truncated":  req.Raw[:19],
	} {
		if r := Respond(p, mapped); r != nil {
			t.Errorf("%s: answered %x", name, r)
		}
	}
}

func FuzzSTUN(f *testing.F) {
	f.Add(stun.MustBuild(stun.TransactionID, stun.BindingRequest).Raw)
	f.Add(Respond(stun.MustBuild(stun.TransactionID, stun.BindingRequest).Raw, stunMapped))
	f.Fuzz(func(t *testing.T, p []byte) {
		Respond(p, stunMapped)
		s := NewSTUN(func([]byte, netip.AddrPort) {})
		s.pending[[12]byte{}] = &question{server: stunServer, answer: make(chan netip.AddrPort, 1)}
		s.Handle(p, stunServer)
	})
}

func TestBehaviourOf(t *testing.T) {
	own := []netip.AddrPort{netip.MustParseAddrPort("10.0.0.2:5000")}
	obs := func(pairs ...string) (seen []Observation) {
		for i := 0; i < len(pairs); i += 2 {
			seen = append(seen, Observation{netip.MustParseAddrPort(pairs[i]), netip.MustParseAddrPort(pairs[i+1])})
		}
		return seen
	}
	for name, tc := range map[string]struct {
		seen []Observation
		want Behaviour
	}{
		"silence":           {nil, Behaviour{Mapping: NoUDP}},
		"open":              {obs("1.1.1.1:1", "10.0.0.2:5000"), Behaviour{Mapping: NoNAT}},
		"one":               {obs("1.1.1.1:1", "9.9.9.9:1"), Behaviour{}},
		"server of the lan": {obs("10.0.0.9:1", "10.0.0.2:5000", "1.1.1.1:1", "9.9.9.9:1", "1.1.1.1:2", "9.9.9.9:1"), Behaviour{Mapping: EndpointIndependent}},
		"server halfway":    {obs("10.7.0.9:1", "10.7.0.2:5000", "1.1.1.1:1", "9.9.9.9:1", "1.1.1.1:2", "9.9.9.9:1"), Behaviour{Mapping: EndpointIndependent}},
		"cone":              {obs("1.1.1.1:1", "9.9.9.9:1", "1.1.1.1:2", "9.9.9.9:1"), Behaviour{Mapping: EndpointIndependent}},
		"random":            {obs("1.1.1.1:1", "9.9.9.9:1", "1.1.1.1:2", "9.9.9.9:9", "2.2.2.2:1", "9.9.9.9:3"), Behaviour{Mapping: EndpointDependent}},
		"two ports":         {obs("1.1.1.1:1", "9.9.9.9:1", "1.1.1.1:2", "9.9.9.9:99"), Behaviour{Mapping: EndpointDependent}},
		"two steps":         {obs("1.1.1.1:1", "9.9.9.9:3", "1.1.1.1:2", "9.9.9.9:1"), Behaviour{EndpointDependent, -2}},
		"swapped":           {obs("1.1.1.1:1", "9.9.9.9:65000", "1.1.1.1:2", "9.9.9.9:65256", "2.2.2.2:1", "9.9.9.9:233"), Behaviour{EndpointDependent, 0}},
		"carry":             {obs("1.1.1.1:1", "9.9.9.9:65185", "1.1.1.1:2", "9.9.9.9:65441", "2.2.2.2:1", "9.9.9.9:162"), Behaviour{EndpointDependent, 256}},
		"descends":          {obs("1.1.1.1:1", "9.9.9.9:700", "1.1.1.1:2", "9.9.9.9:690", "2.2.2.2:1", "9.9.9.9:680"), Behaviour{EndpointDependent, -10}},
		"steps":             {obs("1.1.1.1:1", "9.9.9.9:1000", "1.1.1.1:2", "9.9.9.9:1256", "2.2.2.2:1", "9.9.9.9:1512"), Behaviour{EndpointDependent, 256}},
		"adm":               {obs("1.1.1.1:1", "9.9.9.9:1", "1.1.1.1:2", "9.9.9.9:1", "2.2.2.2:1", "9.9.9.9:7"), Behaviour{Mapping: EndpointDependent}},
	} {
		if got := BehaviourOf(own, tc.seen); got != tc.want {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
	}
}
