package kem

import (
	"sync"

	"github.com/pqkx/pqkx/internal/keccak"
	"github.com/pqkx/pqkx/internal/ring"
)

// A workspace is what one operation needs besides its results. Its tasks point
// into it, which would bring a local variable to the heap anyway; a pool saves
// the allocation.
type workspace struct {
	scratch
	tasks [maxK*maxK + 2*maxK + 2]task
	n     int // of tasks
}

// A scratch has no pointers, so that the collector has no part in clearing it.
type scratch struct {
	noise  [2*maxK + 1]ring.Poly
	cached [maxK]ring.Cached
	sum    ring.Poly

	message [64]byte       // m || H(ek), or d and k
	kr      [64]byte       // K || r, or ρ || σ
	h, hc   [hashSize]byte // H(ek); J(z || c) or H(c)
	again   [maxCT]byte    // the ciphertext that decapsulation makes

	states keccak.States
	outer  keccak.Outer
	long   [keccak.MaxLanes]longNoise
}

var workspaces = sync.Pool{New: func() any { return new(workspace) }}

func newWorkspace() *workspace { return workspaces.Get().(*workspace) }

// free clears w, which has secrets, and gives it back.
func (w *workspace) free() {
	w.wipe()
	workspaces.Put(w)
}

// wipe clears array by array, for which the compiler has a faster loop than for a
// struct.
func (s *scratch) wipe() {
	clear(s.noise[:])
	clear(s.cached[:])
	clear(s.sum[:])
	clear(s.message[:])
	clear(s.kr[:])
	clear(s.h[:])
	clear(s.hc[:])
	clear(s.again[:])
	clear(s.states[:])
	clear(s.outer[:])
	clear(s.long[:])
}
