package app

import (
	"errors"
	"net"
	"syscall"
	"testing"
)

func TestListenBoth(t *testing.T) {
	socket, l, err := listenBoth("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	defer l.Close()
	if u, c := socket.LocalAddr().(*net.UDPAddr).Port, l.Addr().(*net.TCPAddr).Port; u != c {
		t.Errorf("UDP port %d, TCP port %d", u, c)
	}
	other, err := net.Listen("tcp", "127.0.0.1:0") // its UDP port may be free
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, _, err := listenBoth(other.Addr().String()); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("half a port: %v", err)
	}
}
