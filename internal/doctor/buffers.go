package doctor

import (
	"context"
	"errors"

	"github.com/tacit-mpc/tacit/channel/mesh"
	"github.com/tacit-mpc/tacit/identity"
)

// buffersCheck opens a socket as a session does and asks whether the kernel gave it the buffers that QUIC wants.
func buffersCheck(key *identity.Key) Check {
	return Check{Code: "buffers", Run: func(context.Context) Result {
		sock, err := mesh.Listen(":0", key)
		if err != nil {
			return Result{Status: Fail, Detail: err.Error()}
		}
		defer sock.Close()
		var small *mesh.BufferWarning
		if errors.As(errors.Join(sock.Warnings()...), &small) {
			return Result{Status: Warn, Detail: small.Error(), Gloss: "bursts are lost and sent again: slower, not wrong",
				Hint: "sysctl -w net.core.rmem_max=7340032 net.core.wmem_max=7340032"}
		}
		return Result{Status: OK, Detail: "socket buffers are as large as QUIC wants"}
	}}
}
