package kem

import (
	"crypto/rand"
	"crypto/sha3"
	"sync"
	"sync/atomic"

	"github.com/pqkx/pqkx/internal/backend"
	"github.com/pqkx/pqkx/internal/ring"
)

// A lattice is a parameter set of ML-KEM (FIPS 203, section 8) or round-3 Kyber
// on our own arithmetic. η₂ is 2 in all of them.
type lattice struct {
	name   string
	k      int
	eta1   int
	du, dv int

	// round3 has the three differences of Kyber v3.02 (algorithms 4, 8 and 9):
	// key generation does not hash k, encapsulation hashes its randomness, and
	// the secret is KDF(K || H(c)), or KDF(z || H(c)) instead of J(z || c).
	round3 bool
}

const (
	seedSize = 32 // of d, z, ρ, σ and the randomness of an encryption
	hashSize = 32
	maxK     = ring.MaxDot
	maxEK    = ring.EncodedSize*maxK + seedSize
	maxCT    = ring.N * (11*maxK + 5) / 8
)

var latticeBackend = "pqkx " + backend.Name()

func (l *lattice) Name() string    { return l.name }
func (l *lattice) Backend() string { return latticeBackend }

func (l *lattice) Sizes() Sizes {
	vector := ring.EncodedSize * l.k
	return Sizes{
		EncapsulationKey: vector + seedSize,
		DecapsulationKey: 2*vector + 3*seedSize,
		Ciphertext:       ring.CompressedSize(l.du)*l.k + ring.CompressedSize(l.dv),
	}
}

// A latticePublic is a parsed encapsulation key with its matrix.
type latticePublic struct {
	set  *lattice
	a, t []ring.Poly // Â by rows, and t̂ in [0, q)

	encoded [maxEK]byte

	// H(ek). A key that we make has it no sooner than it is asked for: a client
	// decapsulates once, and then has another hash to compute beside it.
	hash   [hashSize]byte
	hashed atomic.Bool
	mu     sync.Mutex // for writing to hash
}

func (p *latticePublic) ek() []byte  { return p.encoded[:ring.EncodedSize*p.set.k+seedSize] }
func (p *latticePublic) rho() []byte { return p.ek()[ring.EncodedSize*p.set.k:] }

// h returns H(ek), which it computes if nobody has.
func (p *latticePublic) h() *[hashSize]byte {
	if !p.hashed.Load() {
		p.setHash(sha3.Sum256(p.ek()))
	}
	return &p.hash
}

func (p *latticePublic) setHash(h [hashSize]byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.hashed.Load() {
		p.hash = h
		p.hashed.Store(true)
	}
}

// A latticeKey is an expanded decapsulation key.
type latticeKey struct {
	public latticePublic
	s      []ring.Poly // ŝ in [0, q)
	z      [seedSize]byte
}

func (l *lattice) newKey() *latticeKey {
	polys := make([]ring.Poly, (l.k+2)*l.k)
	k := &latticeKey{s: polys[(l.k+1)*l.k:]}
	k.public.set = l
	k.public.a, k.public.t = polys[:l.k*l.k], polys[l.k*l.k:][:l.k]
	return k
}

// NewKey is ML-KEM.KeyGen_internal (FIPS 203, algorithm 16). H(ek) is left for
// later.
func (l *lattice) NewKey(seed []byte) Decapsulator {
	k := l.newKey()
	k.generate(seed[:seedSize])
	copy(k.z[:], seed[seedSize:])
	return k
}

func (l *lattice) ParseEncapsulationKey(ek []byte) (Encapsulator, bool) {
	p := new(latticePublic)
	if !p.parse(l, ek, make([]ring.Poly, (l.k+1)*l.k)) {
		return nil, false
	}
	return p, true
}

// parse expands the matrix and computes H(ek) side by side.
func (p *latticePublic) parse(l *lattice, ek []byte, polys []ring.Poly) bool {
	p.set = l
	p.a, p.t = polys[:l.k*l.k], polys[l.k*l.k:]
	copy(p.encoded[:], ek)
	if !decodeVector(p.t, ek) {
		return false
	}
	p.expandAndHash()
	return true
}

// A latticeOnce is a key that is used for one encapsulation.
type latticeOnce struct {
	latticePublic
	polys [(maxK + 1) * maxK]ring.Poly
}

var latticeOnces = sync.Pool{New: func() any { return new(latticeOnce) }}

// EncapsulateOnce takes the memory for the parsed key, which is public, from a
// pool.
func (l *lattice) EncapsulateOnce(ss, ct, ek, m []byte) bool {
	once := latticeOnces.Get().(*latticeOnce)
	defer latticeOnces.Put(once)
	once.hashed.Store(false)
	if !once.parse(l, ek, once.polys[:(l.k+1)*l.k]) {
		return false
	}
	once.EncapsulateTo(ss, ct, m)
	return true
}

func (l *lattice) ParseDecapsulationKey(dk []byte) (Decapsulator, bool) {
	k := l.newKey()
	p := &k.public
	vector := ring.EncodedSize * l.k
	ek, h, z := dk[vector:2*vector+seedSize], dk[len(dk)-2*seedSize:][:hashSize], dk[len(dk)-seedSize:]
	decodeVector(k.s, dk)
	decodeVector(p.t, ek)
	reduceVector(k.s)
	reduceVector(p.t)
	copy(k.z[:], z)
	copy(p.encoded[:], ek)
	p.expandAndHash()
	if p.hash != [hashSize]byte(h) {
		return nil, false
	}
	encodeVector(p.encoded[:], p.t)
	return k, true
}

func (l *lattice) PackDecapsulationKey(dk []byte, key Decapsulator) {
	k := key.(*latticeKey)
	vector := ring.EncodedSize * l.k
	encodeVector(dk, k.s)
	copy(dk[vector:], k.public.ek())
	copy(dk[len(dk)-2*seedSize:], k.public.h()[:])
	copy(dk[len(dk)-seedSize:], k.z[:])
}

func (p *latticePublic) Pack(ek []byte) { copy(ek, p.ek()) }

// EncapsulateTo is ML-KEM.Encaps_internal (FIPS 203, algorithm 17).
func (p *latticePublic) EncapsulateTo(ss, ct, m []byte) {
	w := newWorkspace()
	defer w.free()
	message := w.message[:MessageSize]
	if m != nil {
		copy(message, m)
	} else {
		rand.Read(message) // never fails: see its documentation
	}
	if p.set.round3 {
		hashed := sha3.Sum256(message)
		copy(message, hashed[:])
	}
	copy(w.message[MessageSize:], p.h()[:])
	w.hashLong(len(w.message))
	p.encrypt(w, ct, message, w.kr[seedSize:])
	if !p.set.round3 {
		copy(ss, w.kr[:])
		return
	}
	hc := sha3.Sum256(ct)
	kdf(ss, w.kr[:seedSize], &hc)
}

func (k *latticeKey) Encapsulator() Encapsulator { return &k.public }

// DecapsulateTo is ML-KEM.Decaps_internal (FIPS 203, algorithm 18). The hash of
// the ciphertext goes beside H(ek) if that is not known yet, and else beside the
// noise of the encryption.
func (k *latticeKey) DecapsulateTo(ss, ct []byte) {
	p := &k.public
	w := newWorkspace()
	defer w.free()
	message := w.message[:MessageSize]
	k.decrypt(w, message, ct)
	w.addCiphertextHash(k, ct)
	if !p.hashed.Load() {
		w.add(hashTask(&w.h, p.ek()))
		w.run()
		p.setHash(w.h)
	}
	copy(w.message[MessageSize:], p.hash[:])
	w.hashLong(len(w.message))
	again := w.again[:len(ct)]
	p.encrypt(w, again, message, w.kr[seedSize:])
	equal := equalMask(ct, again)

	kPrime := w.kr[:seedSize]
	if !p.set.round3 {
		choose(ss, equal, kPrime, w.hc[:])
		return
	}
	choose(kPrime, equal, kPrime, k.z[:])
	kdf(ss, kPrime, &w.hc)
}

// addCiphertextHash lists the hash of a ciphertext that the transform has: J(z
// || c), the secret of one that was not made for this key, or H(c).
func (w *workspace) addCiphertextHash(k *latticeKey, ct []byte) {
	if k.public.set.round3 {
		w.add(hashTask(&w.hc, ct))
	} else {
		w.add(prfTask(&w.hc, k.z[:], ct))
	}
}

// Destroy clears the secret vector and z.
func (k *latticeKey) Destroy() {
	clear(k.s)
	clear(k.z[:])
}

// kdf is round 3's KDF(K || H(c)), which is SHAKE256.
func kdf(ss, k []byte, hc *[hashSize]byte) {
	var in [seedSize + hashSize]byte
	defer clear(in[:])
	copy(in[:], k)
	copy(in[seedSize:], hc[:])
	var h sha3.SHAKE // SHAKE256
	h.Write(in[:])
	h.Read(ss)
}
