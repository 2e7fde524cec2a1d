package mpc

import (
	"sync"

	"github.com/tacit-mpc/tacit/internal/block"
)

// A vault remembers where secrets are, so that they can be overwritten when the run ends (protocol 23; best effort, since
// the runtime may have copied them).
type vault struct {
	mu     sync.Mutex
	blocks [][]block.Block
	bytes  [][]byte
}

// newBlocks returns n zero blocks that are erased with the vault.
func (v *vault) newBlocks(n int) []block.Block {
	b := make([]block.Block, n)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.blocks = append(v.blocks, b)
	return b
}

// newBytes returns n zero bytes that are erased with the vault.
func (v *vault) newBytes(n int) []byte {
	b := make([]byte, n)
	v.keep(b)
	return b
}

// keep makes the vault erase b.
func (v *vault) keep(b []byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.bytes = append(v.bytes, b)
}

// erase overwrites everything and forgets it.
func (v *vault) erase() {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, b := range v.blocks {
		clear(b)
	}
	for _, b := range v.bytes {
		clear(b)
	}
	v.blocks, v.bytes = nil, nil
}
