package app

import (
	"errors"
	"net"
	"strconv"
	"syscall"
)

// portTries is how many ports of the system's choice are tried that are free for UDP but not for TCP.
const portTries = 16

// listenBoth opens a UDP socket and a TCP listener on the same port. Without a port the system chooses one that is free for both.
func listenBoth(addr string) (*net.UDPConn, net.Listener, error) {
	local, err := net.ResolveUDPAddr("udp", addr)
	if err != nil {
		return nil, nil, err
	}
	host, _, _ := net.SplitHostPort(addr) // "" is any address and any port
	given := local != nil && local.Port != 0
	for try := 1; ; try++ {
		socket, err := net.ListenUDP("udp", local)
		if err != nil {
			return nil, nil, err
		}
		port := socket.LocalAddr().(*net.UDPAddr).Port
		l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err == nil {
			return socket, l, nil
		}
		socket.Close()
		if given || try == portTries || !errors.Is(err, syscall.EADDRINUSE) {
			return nil, nil, err
		}
	}
}
