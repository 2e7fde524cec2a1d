package relay

import (
	"crypto/tls"
	"net"
	"net/netip"
	"testing"
	"time"
)

// BenchmarkRelay measures what one allocation carries on one machine, in packets as large as QUIC's, to a peer's plain socket (up) and
// from it (down), over UDP and over TLS (goal G11: 1.2 and 0.5 Gbit/s). A window of packets is under way at any time.
func BenchmarkRelay(b *testing.B) {
	sock := listenUDP(b, "127.0.0.1:0")
	raw, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	cert, roots := selfSigned(b)
	s, err := Serve(Config{Secret: secret, Addr: netip.MustParseAddr("127.0.0.1"), Local: true}, []*net.UDPConn{sock},
		[]net.Listener{tls.NewListener(raw, &tls.Config{Certificates: []tls.Certificate{cert}})})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	for transport, addr := range map[Transport]net.Addr{UDP: sock.LocalAddr(), TLS: raw.Addr()} {
		window := make(chan struct{}, 64)
		cfg := ClientConfig{
			Addr: addrPort(addr), Transport: transport, Credentials: mint(b, "r", "a"), TLS: &tls.Config{RootCAs: roots, ServerName: "relay"},
			Receive: func(p []byte, _ netip.AddrPort) { <-window },
		}
		a, err := Allocate(b.Context(), cfg)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { a.Close() })
		other, err := Allocate(b.Context(), clientOf(b, sock.LocalAddr().String(), "127.0.0.3", "r", "b", nil)) // admits its address
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { other.Close() })
		peer := listenUDP(b, "127.0.0.3:0")
		b.Cleanup(func() { peer.Close() })
		if err := a.Permit(netip.MustParseAddr("127.0.0.3")); err != nil {
			b.Fatal(err)
		}
		go func() {
			for buf := make([]byte, 1600); ; <-window {
				if _, err := peer.Read(buf); err != nil {
					return
				}
			}
		}()
		to := addrPort(peer.LocalAddr())
		for direction, send := range map[string]func(p []byte){
			"up":   func(p []byte) { a.Send(p, to) },
			"down": func(p []byte) { peer.WriteToUDPAddrPort(p, a.Relayed()) },
		} {
			b.Run(string(transport)+" "+direction, func(b *testing.B) {
				packet := make([]byte, 1400)
				b.SetBytes(int64(len(packet)))
				lost := time.NewTimer(time.Minute)
				defer lost.Stop()
				put := func() {
					select {
					case window <- struct{}{}:
					case <-lost.C:
						b.Fatal("packets were lost")
					}
				}
				drain := func() { // until all are there
					for range cap(window) {
						put()
					}
					for range cap(window) {
						<-window
					}
				}
				put()
				send(packet) // opens the way
				drain()
				for b.Loop() {
					put()
					send(packet)
				}
				drain()
				b.ReportMetric(float64(b.N)*float64(len(packet))*8/b.Elapsed().Seconds()/1e9, "Gbit/s")
			})
		}
	}
}
