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
	out        *[hashSize]byte // of hash and prf
	poly       *ring.Poly      // of matrix and noise

	absorbed, have int // bytes absorbed; coefficients or bytes of output so far
}

type taskKind uint8

const (
	nothing taskKind = iota
	matrix           // SampleNTT of SHAKE128 (FIPS 203, algorithm 7)
	noise            // SamplePolyCBD of SHAKE256 (FIPS 203, algorithm 8)
	hash             // SHA3-256
	prf              // SHAKE256, 32 bytes
)

func hashTask(out *[hashSize]byte, in []byte) task {
	return task{kind: hash, head: in, out: out}
}

func prfTask(out *[hashSize]byte, head, tail []byte) task {
	return task{kind: prf, head: head, tail: tail, out: out}
}

func (w *workspace) add(t task) {
	w.tasks[w.n] = t
	w.n++
}

// addMatrix lists the matrix of a key, by rows: Â[i, j] comes from ρ || j || i.
func (w *workspace) addMatrix(p *latticePublic) {
	rho, k := p.rho(), p.set.k
	for i := range p.a {
		t := &w.tasks[w.n]
		t.kind, t.head, t.poly, t.index = matrix, rho, &p.a[i], [2]byte{byte(i % k), byte(i / k)}
		w.n++
	}
}

// addNoise lists a vector of noise whose first nonce is n.
func (w *workspace) addNoise(vector []ring.Poly, seed []byte, n, eta int) {
	for i := range vector {
		t := &w.tasks[w.n]
		t.kind, t.head, t.poly, t.index, t.eta = noise, seed, &vector[i], [2]byte{byte(n + i)}, uint8(eta)
		w.n++
	}
}

// run does all tasks.
func run(tasks []task) {
	if keccak.Parallel() {
		runParallel(tasks)
	} else {
		runSequential(tasks)
	}
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
			*t.out = sha3.Sum256(t.head)
		case prf:
			prf256.Reset()
			prf256.Write(t.head)
			prf256.Write(t.tail)
			prf256.Read(t.out[:])
		}
	}
}

// runParallel gives the tasks in turn to four lanes, each a new one when it has
// finished its own. Rates are public, and so is which task runs when: that
// depends on ρ alone.
func runParallel(tasks []task) {
	var states keccak.States4
	var lanes [4]*task
	var blocks [4][2 * keccak.Rate256]byte // what a lane squeezes
	defer clear(blocks[:])
	defer clear(states[:])
	for next := 0; ; {
		busy := false
		for j := range lanes {
			if lanes[j] == nil && next < len(tasks) {
				lanes[j] = &tasks[next]
				next++
			}
			if t := lanes[j]; t != nil {
				busy = true
				if t.absorbing() {
					t.absorb(&states, j)
				}
			}
		}
		if !busy {
			return
		}
		states.Permute()
		for j, t := range lanes {
			if t != nil && !t.absorbing() && t.squeeze(&states, j, &blocks[j]) {
				lanes[j] = nil
			}
		}
	}
}

func (t *task) rate() int {
	if t.kind == matrix {
		return keccak.Rate128
	}
	return keccak.Rate256
}

// absorbing reports whether there is input left, or its padding.
func (t *task) absorbing() bool { return t.absorbed <= t.inputLen() }

func (t *task) inputLen() int {
	switch t.kind {
	case matrix:
		return len(t.head) + 2
	case noise:
		return len(t.head) + 1
	}
	return len(t.head) + len(t.tail)
}

// absorb adds the next block of the input to state j, the last one with its
// padding (FIPS 202, section 5.1 and appendix B.2).
func (t *task) absorb(states *keccak.States4, j int) {
	var block [keccak.MaxRate]byte
	rate := t.rate()
	fresh := t.absorbed == 0
	n := 0
	if t.absorbed < len(t.head) {
		n = copy(block[:rate], t.head[t.absorbed:])
	}
	tail := t.tail
	if t.poly != nil {
		tail = t.index[:t.inputLen()-len(t.head)]
	}
	if at := t.absorbed + n - len(t.head); at >= 0 {
		n += copy(block[n:rate], tail[at:])
	}
	t.absorbed += n
	if n < rate {
		block[n] = keccak.XOFDomain
		if t.kind == hash {
			block[n] = keccak.HashDomain
		}
		block[rate-1] |= 0x80
		t.absorbed++ // the padding
	}
	states.Absorb(j, block[:rate], fresh)
}

// squeeze takes a block of output from state j. It reports whether the task is
// finished. The blocks of noise are collected in b.
func (t *task) squeeze(states *keccak.States4, j int, b *[2 * keccak.Rate256]byte) bool {
	switch t.kind {
	case matrix:
		states.Extract(j, b[:keccak.Rate128])
		t.have = t.poly.Uniform(t.have, b[:keccak.Rate128])
		return t.have == ring.N
	case noise:
		states.Extract(j, b[t.have:t.have+keccak.Rate256])
		t.have += keccak.Rate256
		if size := ring.CBDSize(int(t.eta)); t.have >= size {
			t.poly.CBD(b[:size], int(t.eta))
			return true
		}
		return false
	default:
		states.Extract(j, t.out[:])
		return true
	}
}
