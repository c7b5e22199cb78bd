// Package ring has the arithmetic of ML-KEM (FIPS 203, sections 2.4 and 4) and
// round-3 Kyber: polynomials over Z_q modulo X^256 + 1, their number-theoretic
// transform, sampling, compression and encoding.
//
// Coefficients are signed and reduced late. Each function states the range that
// it requires and the one that it ensures; the range stands at the portable
// function, fooGeneric, and binds every backend. There is no Montgomery or other
// factor in any result, and coefficients stand in the order of FIPS 203, so that
// the result of any function is the same modulo q on every backend.
//
// No function has a branch, a memory address or a division that depends on a
// coefficient, but for those on public values, which say so.
package ring

// The ring of FIPS 203, section 2.4.
const (
	N = 256
	Q = 3329
)

// A Poly is a polynomial, by its coefficients or by its transform (FIPS 203,
// sections 2.4.4 and 4.3).
type Poly [N]int16

// NTT replaces f by its transform; |f| <= q before and <= 8q after.
func (f *Poly) NTT() { ntt(f) }

// InverseNTT replaces a transform by its polynomial; |f| <= q before and after.
func (f *Poly) InverseNTT() { inverseNTT(f) }

// Reduce brings each coefficient, of any size, into [0, q).
func (f *Poly) Reduce() { reduce(f) }

// Add adds g; the sums must fit 16 bits.
func (f *Poly) Add(g *Poly) { add(f, g) }

// Sub subtracts g; the differences must fit 16 bits.
func (f *Poly) Sub(g *Poly) { sub(f, g) }

// A Cached is a transform, prepared for many multiplications. What it holds is
// the backend's own.
type Cached struct{ straight, crossed Poly }

// Set prepares a transform; coefficients may have any size.
func (c *Cached) Set(f *Poly) { cache(c, f) }

// MaxDot is the most products that one [Poly.Dot] adds up.
const MaxDot = 4

// Dot sets f to a[0]∘b[0] + a[stride]∘b[1] + a[2*stride]∘b[2] + ..., where ∘
// is the product of transforms (FIPS 203, algorithm 11). There are at most MaxDot
// products; |a| < 4096 before and |f| <= q after.
func (f *Poly) Dot(a []Poly, stride int, b []Cached) {
	if len(b) == 0 || len(b) > MaxDot || stride < 1 {
		panic("ring: Dot of too many or no products")
	}
	_ = a[(len(b)-1)*stride]
	dot(f, a, stride, b)
}
