package kem

import (
	"github.com/pqkx/pqkx/internal/ring"
)

// generate is K-PKE.KeyGen (FIPS 203, algorithm 13).
func (k *latticeKey) generate(d []byte) {
	p, l := &k.public, k.public.set
	w := newWorkspace()
	defer w.free()
	n := copy(w.message[:], d)
	if !l.round3 {
		w.message[n] = byte(l.k)
		n++
	}
	w.hashLong(n)
	rho, sigma := w.kr[:seedSize], w.kr[seedSize:]
	copy(p.rho(), rho)

	e := w.noise[:l.k]
	w.addMatrix(p)
	w.addNoise(k.s, sigma, 0, l.eta1)
	w.addNoise(e, sigma, l.k, l.eta1)
	w.run()

	s := w.transformed(k.s)
	for i := range p.t { // t = A ∘ s + e
		e[i].NTT()
		p.t[i].Dot(p.a[i*l.k:], 1, s)
		p.t[i].Add(&e[i])
	}
	reduceVector(p.t)
	reduceVector(k.s)
	encodeVector(p.encoded[:], p.t)
}

// expandAndHash samples the matrix (FIPS 203, algorithm 14, lines 4 to 8) and
// computes H(ek), which takes about as long in one lane of four.
func (p *latticePublic) expandAndHash() {
	w := newWorkspace()
	defer w.free()
	w.add(hashTask(&w.h, p.ek()))
	w.addMatrix(p)
	w.run()
	p.setHash(w.h)
}

// encrypt is K-PKE.Encrypt (FIPS 203, algorithm 14) with the matrix that the key
// has. Tasks that w has already are done along with the noise.
func (p *latticePublic) encrypt(w *workspace, ct, m, r []byte) {
	l := p.set
	y, e1, e2 := w.noise[:l.k], w.noise[l.k:2*l.k], &w.noise[2*l.k]
	w.addNoise(y, r, 0, l.eta1)
	w.addNoise(w.noise[l.k:2*l.k+1], r, l.k, 2) // e₁ and e₂
	w.run()

	yCached := w.transformed(y)
	size := ring.CompressedSize(l.du)
	u := &w.sum
	for i := range e1 { // u = NTT⁻¹(Aᵀ ∘ y) + e₁
		u.Dot(p.a[i:], l.k, yCached)
		u.InverseNTT()
		u.Add(&e1[i])
		u.Compress(ct[size*i:], l.du)
	}
	v, μ := &w.sum, &w.noise[0] // y is not needed any more
	v.Dot(p.t, 1, yCached)
	v.InverseNTT()
	v.Add(e2)
	μ.Decompress(m, 1)
	v.Add(μ)
	v.Compress(ct[size*l.k:], l.dv)
}

// decrypt is K-PKE.Decrypt (FIPS 203, algorithm 15).
func (k *latticeKey) decrypt(w *workspace, m, ct []byte) {
	l := k.public.set
	size := ring.CompressedSize(l.du)
	u := w.noise[:l.k]
	for i := range u {
		u[i].Decompress(ct[size*i:], l.du)
	}
	w.sum.Dot(k.s, 1, w.transformed(u))
	w.sum.InverseNTT()
	v := &w.noise[0]
	v.Decompress(ct[size*l.k:], l.dv)
	v.Sub(&w.sum)
	v.Compress(m, 1)
}

// transformed transforms a vector and prepares it for products.
func (w *workspace) transformed(vector []ring.Poly) []ring.Cached {
	for i := range vector {
		vector[i].NTT()
		w.cached[i].Set(&vector[i])
	}
	return w.cached[:len(vector)]
}

func decodeVector(vector []ring.Poly, b []byte) bool {
	ok := true
	for i := range vector {
		ok = vector[i].Decode((*[ring.EncodedSize]byte)(b[ring.EncodedSize*i:])) && ok
	}
	return ok
}

func encodeVector(b []byte, vector []ring.Poly) {
	for i := range vector {
		vector[i].Encode((*[ring.EncodedSize]byte)(b[ring.EncodedSize*i:]))
	}
}

func reduceVector(vector []ring.Poly) {
	for i := range vector {
		vector[i].Reduce()
	}
}
