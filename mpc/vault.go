package mpc

import (
	"sync"

	"github.com/tacit-mpc/tacit/internal/block"
)

// A vault knows where the secrets of a session are, so that they can be overwritten when the run ends (protocol 23; best
// effort, since the runtime may have copied them). It hands out arenas.
type vault struct {
	mu     sync.Mutex
	arenas map[*arena]struct{}
	spare  map[int][][]block.Block // erased slabs for reuse, by length
}

// An arena holds secrets of one lifetime: those of the whole run, or those of one batch. It has one owner.
type arena struct {
	v      *vault
	blocks [][]block.Block
	bytes  [][]byte
}

// arena returns a new arena, which is erased with the vault or before.
func (v *vault) arena() *arena {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.arenas == nil {
		v.arenas = make(map[*arena]struct{})
		v.spare = make(map[int][][]block.Block)
	}
	a := &arena{v: v}
	v.arenas[a] = struct{}{}
	return a
}

// erase overwrites everything.
func (v *vault) erase() {
	v.mu.Lock()
	defer v.mu.Unlock()
	for a := range v.arenas {
		a.clear()
	}
	v.arenas, v.spare = nil, nil
}

// newBlocks returns n zero blocks.
func (a *arena) newBlocks(n int) []block.Block {
	a.v.mu.Lock()
	defer a.v.mu.Unlock()
	var b []block.Block
	if s := a.v.spare[n]; len(s) > 0 {
		b = s[len(s)-1]
		a.v.spare[n] = s[:len(s)-1]
	} else {
		b = make([]block.Block, n)
	}
	a.blocks = append(a.blocks, b)
	return b
}

// newBytes returns n zero bytes.
func (a *arena) newBytes(n int) []byte {
	b := make([]byte, n)
	a.keep(b)
	return b
}

// newBits returns n zero bits.
func (a *arena) newBits(n int) block.Bits { return a.newBytes(block.BitsLen(n)) }

// keep makes the arena erase b too.
func (a *arena) keep(b []byte) {
	a.v.mu.Lock()
	defer a.v.mu.Unlock()
	a.bytes = append(a.bytes, b)
}

// erase overwrites the arena and gives its slabs back for reuse. They must not be used any more.
func (a *arena) erase() {
	a.v.mu.Lock()
	defer a.v.mu.Unlock()
	a.clear()
	for _, b := range a.blocks {
		a.v.spare[len(b)] = append(a.v.spare[len(b)], b)
	}
	a.blocks, a.bytes = nil, nil
	delete(a.v.arenas, a)
}

func (a *arena) clear() {
	for _, b := range a.blocks {
		clear(b)
	}
	for _, b := range a.bytes {
		clear(b)
	}
}
