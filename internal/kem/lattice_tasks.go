package kem

import (
	"crypto/sha3"

	"github.com/pqkx/pqkx/internal/keccak"
	"github.com/pqkx/pqkx/internal/ring"
)

// A task is one sponge: what it absorbs, head || tail, and what becomes of its
// output. An operation lists its tasks, the longest first, and runs them side by
// side where the machine has lanes for them.
type task struct {
	kind       taskKind
	eta        uint8
	index      [2]byte // ends the input of matrix and noise
	head, tail []byte
	out        []byte     // of hash, longHash and prf
	poly       *ring.Poly // of matrix and noise

	absorbing      bool // there is input left, or its padding
	absorbed, have int  // bytes absorbed; coefficients or bytes of output so far
}

type taskKind uint8

const (
	nothing  taskKind = iota
	matrix            // SampleNTT of SHAKE128 (FIPS 203, algorithm 7)
	noise             // SamplePolyCBD of SHAKE256 (FIPS 203, algorithm 8)
	hash              // SHA3-256
	longHash          // SHA3-512 of less than a block
	prf               // SHAKE256
)

// rates are in bytes.
var rates = [...]int{
	matrix:   keccak.Rate128,
	noise:    keccak.Rate256,
	hash:     keccak.Rate256,
	longHash: keccak.Rate512,
	prf:      keccak.Rate256,
}

func (t *task) rate() int { return rates[t.kind] }

func hashTask(out *[hashSize]byte, in []byte) task {
	return task{kind: hash, head: in, out: out[:]}
}

func prfTask(out *[hashSize]byte, head, tail []byte) task {
	return task{kind: prf, head: head, tail: tail, out: out[:]}
}

// hashLong sets w.kr to the SHA3-512 of the first n bytes of w.message.
func (w *workspace) hashLong(n int) {
	w.add(task{kind: longHash, head: w.message[:n], out: w.kr[:]})
	w.run()
}

func (w *workspace) add(t task) {
	t.absorbing = true
	w.tasks[w.n] = t
	w.n++
}

// addSample lists a polynomial to sample from a seed and an index.
func (w *workspace) addSample(kind taskKind, seed []byte, index [2]byte, poly *ring.Poly) *task {
	t := &w.tasks[w.n]
	t.kind, t.absorbing, t.head, t.index, t.poly = kind, true, seed, index, poly
	w.n++
	return t
}

// addMatrix lists the matrix of a key, by rows: Â[i, j] comes from ρ || j || i.
func (w *workspace) addMatrix(p *latticePublic) {
	rho, k := p.rho(), p.set.k
	for i := range p.a {
		w.addSample(matrix, rho, [2]byte{byte(i % k), byte(i / k)}, &p.a[i])
	}
}

// addNoise lists a vector of noise whose first nonce is n.
func (w *workspace) addNoise(vector []ring.Poly, seed []byte, n, eta int) {
	for i := range vector {
		t := w.addSample(noise, seed, [2]byte{byte(n + i)}, &vector[i])
		t.eta = uint8(eta)
	}
}

// run does the tasks, and leaves none.
func (w *workspace) run() {
	tasks := w.tasks[:w.n]
	if lanes := keccak.Lanes(); lanes > 1 {
		w.runParallel(tasks, lanes)
	} else {
		runSequential(tasks)
	}
	clear(tasks)
	w.n = 0
}

// runSequential leaves each task to crypto/sha3.
func runSequential(tasks []task) {
	xof, prf256 := sha3.NewSHAKE128(), sha3.NewSHAKE256()
	var b [3 * keccak.Rate128]byte
	defer clear(b[:])
	for i := range tasks {
		t := &tasks[i]
		switch t.kind {
		case matrix:
			xof.Reset()
			xof.Write(t.head)
			xof.Write(t.index[:])
			xof.Read(b[:])
			n := t.poly.Uniform(0, b[:])
			for n < ring.N {
				xof.Read(b[:keccak.Rate128])
				n = t.poly.Uniform(n, b[:keccak.Rate128])
			}
		case noise:
			prf256.Reset()
			prf256.Write(t.head)
			prf256.Write(t.index[:1])
			in := b[:ring.CBDSize(int(t.eta))]
			prf256.Read(in)
			t.poly.CBD(in, int(t.eta))
		case hash:
			sum := sha3.Sum256(t.head)
			copy(t.out, sum[:])
		case longHash:
			sum := sha3.Sum512(t.head)
			copy(t.out, sum[:])
			clear(sum[:])
		case prf:
			prf256.Reset()
			prf256.Write(t.head)
			prf256.Write(t.tail)
			prf256.Read(t.out)
		}
	}
}

// runParallel gives the tasks in turn to the lanes, each a new one when it has
// finished its own. Rates are public, and so is which task runs when: that
// depends on ρ alone.
func (w *workspace) runParallel(tasks []task, lanes int) {
	var all [keccak.MaxLanes]*task
	running := all[:lanes]
	for next := 0; ; {
		busy, ready := false, false
		for j := range running {
			if running[j] == nil && next < len(tasks) {
				running[j] = &tasks[next]
				next++
			}
			if t := running[j]; t != nil {
				if t.absorbing {
					t.absorb(&w.states, j)
				}
				busy, ready = true, ready || !t.absorbing
			}
		}
		if !busy {
			return
		}
		w.states.Permute()
		if !ready {
			continue
		}
		w.states.Outer(&w.outer)
		for j, t := range running {
			if t != nil && !t.absorbing && t.squeeze(w.outer[j][:t.rate()], &w.long[j]) {
				running[j] = nil
			}
		}
	}
}

// absorb adds the next block of the input to state j.
func (t *task) absorb(states *keccak.States, j int) {
	const block = keccak.Rate256
	from, inTail := t.absorbed, t.absorbed-len(t.head)
	switch {
	case t.poly != nil:
		t.absorbing = false
		states.Start(j, (*[seedSize]byte)(t.head), t.end(), t.rate())
	case from+block <= len(t.head):
		t.absorbed += block
		states.Absorb(j, (*[block]byte)(t.head[from:]), from == 0)
	case inTail >= 0 && inTail+block <= len(t.tail):
		t.absorbed += block
		states.Absorb(j, (*[block]byte)(t.tail[inTail:]), from == 0)
	default:
		t.absorbPieces(states, j)
	}
}

// end is what follows the seed of a sample, with the first bit of padding.
func (t *task) end() uint64 {
	if t.kind == matrix {
		return uint64(t.index[0]) | uint64(t.index[1])<<8 | keccak.XOFDomain<<16
	}
	return uint64(t.index[0]) | keccak.XOFDomain<<8
}

// absorbPieces is absorb for a block that is not all in one place: of head and
// tail, or the last, with padding (FIPS 202, section 5.1 and appendix B.2).
func (t *task) absorbPieces(states *keccak.States, j int) {
	var b [keccak.Rate256]byte
	defer clear(b[:])
	fresh, inTail := t.absorbed == 0, t.absorbed-len(t.head)
	n := 0
	if inTail < 0 {
		n = copy(b[:], t.head[t.absorbed:])
	}
	n += copy(b[n:], t.tail[max(inTail, 0):])
	t.absorbed += n
	if rate := t.rate(); n < rate {
		b[n] = keccak.HashDomain
		if t.kind == prf {
			b[n] = keccak.XOFDomain
		}
		b[rate-1] |= 0x80
		t.absorbing = false
	}
	states.Absorb(j, &b, fresh)
}

// A longNoise is what a task of noise with η = 3 squeezes, in two blocks.
type longNoise [ring.CBD3Size]byte

// squeeze takes a block of output. It reports whether the task is finished.
func (t *task) squeeze(block []byte, long *longNoise) bool {
	switch {
	case t.kind == matrix:
		t.have = t.poly.Uniform(t.have, block)
		return t.have == ring.N
	case t.kind == noise && t.eta == 2:
		t.poly.CBD(block, 2)
	case t.kind == noise:
		t.have += copy(long[t.have:], block)
		if t.have < len(long) {
			return false
		}
		t.poly.CBD(long[:], 3)
	default:
		copy(t.out, block)
	}
	return true
}
