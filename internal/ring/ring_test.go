package ring

import (
	"fmt"
	"math/big"
	"math/bits"
	"math/rand/v2"
	"testing"
)

// An implementation is one backend's functions.
type implementation struct {
	ntt, inverseNTT, reduce func(f *Poly)
	add, sub                func(f, g *Poly)
	cache                   func(c *Cached, f *Poly)
	dot                     func(f *Poly, a []Poly, stride int, b []Cached)
	encode                  func(b *[EncodedSize]byte, f *Poly)
	decode                  func(f *Poly, b *[EncodedSize]byte) bool
	compress                func(b []byte, f *Poly, d int)
	decompress              func(f *Poly, b []byte, d int)
	cbd2                    func(f *Poly, b *[CBD2Size]byte)
	cbd3                    func(f *Poly, b *[CBD3Size]byte)
	uniform                 func(f *Poly, n int, b []byte) int
}

// generic is the portable backend, selected the one that runs.
var (
	generic = implementation{
		nttGeneric, inverseNTTGeneric, reduceGeneric, addGeneric, subGeneric, cacheGeneric, dotGeneric,
		encodeGeneric, decodeGeneric, compressGeneric, decompressGeneric, cbd2Generic, cbd3Generic, uniformGeneric,
	}
	selected = implementation{
		ntt, inverseNTT, reduce, add, sub, cache, dot,
		encode, decode, compress, decompress, cbd2, cbd3, uniform,
	}
)

// each runs a test with the portable functions, and with each other backend that
// can be had.
func each(t *testing.T, test func(t *testing.T, r implementation)) {
	t.Run("generic", func(t *testing.T) { test(t, generic) })
	eachBackend(t, func(t *testing.T) { test(t, selected) })
}

// ζ returns ζ^e modulo q (FIPS 203, section 4.3: ζ = 17).
func ζ(e int) int {
	return int(new(big.Int).Exp(big.NewInt(17), big.NewInt(int64(e)), big.NewInt(Q)).Int64())
}

func bitRev7(i int) int { return int(bits.Reverse8(uint8(i)) >> 1) }

func mod(a int) int { return (a%Q + Q) % Q }

// TestTables recomputes all constants with math/big.
func TestTables(t *testing.T) {
	var two32, q = new(big.Int).Lsh(big.NewInt(1), 32), big.NewInt(Q)
	want := func(z int) int32 {
		factor := new(big.Int).Mul(big.NewInt(int64(z)), two32)
		factor.Neg(factor).Mod(factor, q)
		if factor.Int64() > Q/2 {
			factor.Sub(factor, q)
		}
		factor.Mul(factor, new(big.Int).ModInverse(q, two32)).Mod(factor, two32)
		return int32(uint32(factor.Uint64()))
	}
	for i, got := range zetas {
		if w := want(ζ(bitRev7(i))); got != w {
			t.Errorf("zetas[%d] = %d, want %d", i, got, w)
		}
	}
	inverse := int(new(big.Int).ModInverse(big.NewInt(128), q).Int64())
	if plantardOne != want(1) || plantardScale != want(inverse) || plantardScaleZeta != want(inverse*ζ(64)%Q) {
		t.Error("plantardOne, plantardScale or plantardScaleZeta")
	}
	factor := new(big.Int).Lsh(big.NewInt(1), 43)
	if factor.Add(factor, q).Div(factor, big.NewInt(2*Q)).Int64() != barrettFactor {
		t.Error("barrettFactor")
	}
}

// TestMul multiplies every 16-bit number, and the bounds of the range, by every
// constant.
func TestMul(t *testing.T) {
	constants := append([]int32{plantardOne, plantardScale, plantardScaleZeta}, zetas[:]...)
	values := []int{1, invert(128), invert(128) * ζ(64) % Q}
	for i := range zetas {
		values = append(values, ζ(bitRev7(i)))
	}
	for i, z := range constants {
		check := func(a int32) {
			got := mul(a, z)
			if mod(int(got)) != mod(int(a)*values[i]) || 2*got >= Q || 2*got <= -Q {
				t.Fatalf("%d · %d = %d", a, values[i], got)
			}
		}
		step := int32(1)
		if testing.Short() {
			step = 15
		}
		for a := int32(-1 << 15); a < 1<<15; a += step {
			check(a)
		}
		for a := int32(1<<19 - 2000); a < 1<<19; a++ {
			check(a)
			check(-a)
		}
	}
}

func invert(a int) int {
	return int(new(big.Int).ModInverse(big.NewInt(int64(a)), big.NewInt(Q)).Int64())
}

// TestBarrett reduces all products of two coefficients, and numbers at the
// bounds of 32 bits.
func TestBarrett(t *testing.T) {
	check := func(a int32) {
		got := barrett(a)
		if mod(int(got)) != mod(int(a)) || got > Q/2+1 || got < -Q/2-1 {
			t.Fatalf("barrett(%d) = %d", a, got)
		}
	}
	for a := int32(0); a < Q; a++ {
		for b := int32(0); b < Q; b++ {
			check(a * b)
			if a*b > 1<<20 && testing.Short() {
				break
			}
		}
	}
	for i := int32(0); i < 1<<16; i++ {
		check(1<<31 - 1 - i)
		check(-1<<31 + i)
		check(i - 1<<15)
	}
}

// random returns a polynomial within ±bound; some have only extremes.
func random(bound int) (f Poly) {
	kind := rand.IntN(8)
	for i := range f {
		switch {
		case kind == 0 || kind == 1 && rand.IntN(2) == 0:
			f[i] = int16(bound)
		case kind == 1 || kind == 2:
			f[i] = int16(-bound)
		default:
			f[i] = int16(rand.IntN(2*bound+1) - bound)
		}
	}
	return f
}

func within(t *testing.T, what string, f *Poly, bound int) {
	t.Helper()
	for i, a := range f {
		if int(a) > bound || int(a) < -bound {
			t.Fatalf("%s: coefficient %d is %d, beyond %d", what, i, a, bound)
		}
	}
}

func same(t *testing.T, what string, got *Poly, want *[N]int) {
	t.Helper()
	for i, a := range got {
		if mod(int(a)) != mod(want[i]) {
			t.Fatalf("%s: coefficient %d is %d, want %d", what, i, mod(int(a)), mod(want[i]))
		}
	}
}

// naiveNTT evaluates f modulo each X² - ζ^(2 BitRev7(i) + 1) (FIPS 203, section
// 4.3), by the definition.
func naiveNTT(f *Poly) (want [N]int) {
	for i := range N / 2 {
		root, power := gammas[i], 1
		for j := range N / 2 {
			want[2*i] += int(f[2*j]) * power
			want[2*i+1] += int(f[2*j+1]) * power
			power = power * root % Q
		}
	}
	return want
}

func TestNTT(t *testing.T) {
	each(t, func(t *testing.T, r implementation) {
		for range 200 {
			f := random(Q)
			g := f
			r.ntt(&g)
			want := naiveNTT(&f)
			same(t, "NTT", &g, &want)
			within(t, "NTT", &g, 8*Q)
			r.reduce(&g)
			r.inverseNTT(&g)
			var back [N]int
			for i := range f {
				back[i] = int(f[i])
			}
			same(t, "InverseNTT of NTT", &g, &back)
			within(t, "InverseNTT", &g, Q)
		}
	})
}

// TestNTTBasis transforms each monomial with each sign of q, forth and back.
func TestNTTBasis(t *testing.T) {
	each(t, func(t *testing.T, r implementation) {
		for i := range N {
			f := Poly{}
			f[i] = 1
			one := naiveNTT(&f)
			for _, c := range []int16{1, -1, Q, -Q, Q - 1, 1 - Q} {
				f[i] = c
				want := one
				for j := range want {
					want[j] *= int(c)
				}
				g := f
				r.ntt(&g)
				same(t, "NTT", &g, &want)
				h := f
				r.inverseNTT(&h)
				within(t, "InverseNTT", &h, Q)
				r.ntt(&h)
				var back [N]int
				back[i] = int(c)
				same(t, "NTT of InverseNTT", &h, &back)
			}
		}
	})
}

// TestReduce has every 16-bit number.
func TestReduce(t *testing.T) {
	each(t, func(t *testing.T, r implementation) {
		for a := -1 << 15; a < 1<<15; a += N {
			var f Poly
			for i := range f {
				f[i] = int16(a + i)
			}
			r.reduce(&f)
			for i := range f {
				if int(f[i]) != mod(a+i) {
					t.Fatalf("%d is reduced to %d", a+i, f[i])
				}
			}
		}
	})
}

func TestAddSub(t *testing.T) {
	each(t, func(t *testing.T, r implementation) {
		f, g := random(1<<14-1), random(1<<14-1)
		sum, difference := f, f
		r.add(&sum, &g)
		r.sub(&difference, &g)
		for i := range f {
			if sum[i] != f[i]+g[i] || difference[i] != f[i]-g[i] {
				t.Fatalf("coefficient %d", i)
			}
		}
	})
}

// naiveDot is the sum of MultiplyNTTs (FIPS 203, algorithms 11 and 12).
func naiveDot(a, b []Poly) (want [N]int) {
	for j := range b {
		for i := range N / 2 {
			a0, a1, b0, b1 := int(a[j][2*i]), int(a[j][2*i+1]), int(b[j][2*i]), int(b[j][2*i+1])
			want[2*i] += a0*b0 + a1*b1%Q*gammas[i]
			want[2*i+1] += a0*b1 + a1*b0
		}
	}
	return want
}

func TestDot(t *testing.T) {
	each(t, func(t *testing.T, r implementation) {
		for range 200 {
			for n := 1; n <= MaxDot; n++ {
				stride := 1 + rand.IntN(4)
				a, b, cached := make([]Poly, n*stride), make([]Poly, n), make([]Cached, n)
				strided := make([]Poly, n)
				for i := range a {
					a[i] = random(4095)
				}
				for i := range b {
					strided[i] = a[i*stride]
					b[i] = random(1<<15 - 1)
					r.cache(&cached[i], &b[i])
				}
				var f Poly
				r.dot(&f, a, stride, cached)
				want := naiveDot(strided, b)
				same(t, fmt.Sprintf("dot of %d", n), &f, &want)
				within(t, "dot", &f, Q)
			}
		}
	})
}

// TestProducts has all products of two coefficients, at both places of a pair.
func TestProducts(t *testing.T) {
	each(t, func(t *testing.T, r implementation) {
		for x := int16(0); x < Q; x++ {
			var b, f Poly
			for i := range b {
				b[i] = x
			}
			var cached [1]Cached
			r.cache(&cached[0], &b)
			step := N / 2
			if testing.Short() && x > 50 {
				step = 101 * N / 2
			}
			for y := 0; y < Q; y += step {
				var a [1]Poly
				for i := range N / 2 {
					a[0][2*i+i&1] = int16((y + i) % Q) // the first or second alone
				}
				r.dot(&f, a[:], 1, cached[:])
				for i := range N / 2 {
					direct, crossed := f[2*i+i&1], f[2*i+1-i&1]
					z := int(x) * int(a[0][2*i+i&1])
					if i&1 == 1 {
						direct, crossed = crossed, direct
						if mod(int(crossed)) != mod(z) || mod(int(direct)) != mod(z%Q*gammas[i]) {
							t.Fatalf("%d · %d at %d: %d and %d", x, a[0][2*i+1], i, crossed, direct)
						}
						continue
					}
					if mod(int(direct)) != mod(z) || mod(int(crossed)) != mod(z) {
						t.Fatalf("%d · %d at %d: %d and %d", x, a[0][2*i], i, direct, crossed)
					}
				}
			}
		}
	})
}

// gammas are ζ^(2 BitRev7(i) + 1) (FIPS 203, appendix A).
var gammas = func() (g [128]int) {
	for i := range g {
		g[i] = ζ(2*bitRev7(i) + 1)
	}
	return g
}()

func benchmarkAll(b *testing.B, r implementation) {
	f := random(Q - 1)
	f.Reduce()
	a := make([]Poly, 9)
	cached := make([]Cached, 4)
	for i := range a {
		a[i] = f
	}
	var buf [512]byte
	for i := range buf {
		buf[i] = byte(rand.Uint32())
	}
	run := func(name string, op func()) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				op()
			}
		})
	}
	run("ntt", func() { f = Poly{}; r.ntt(&f) })
	run("inverseNTT", func() { f = Poly{}; r.inverseNTT(&f) })
	run("cache", func() { r.cache(&cached[0], &f) })
	run("dot3", func() { r.dot(&f, a, 1, cached[:3]) })
	run("reduce", func() { r.reduce(&f) })
	run("add", func() { r.add(&f, &a[0]) })
	run("encode", func() { r.encode((*[EncodedSize]byte)(buf[:]), &f) })
	run("decode", func() { r.decode(&f, (*[EncodedSize]byte)(buf[:])) })
	for _, d := range []int{1, 4, 5, 10, 11} {
		run(fmt.Sprint("compress", d), func() { r.compress(buf[:], &f, d) })
		run(fmt.Sprint("decompress", d), func() { r.decompress(&f, buf[:], d) })
	}
	run("cbd2", func() { r.cbd2(&f, (*[CBD2Size]byte)(buf[:])) })
	run("cbd3", func() { r.cbd3(&f, (*[CBD3Size]byte)(buf[:])) })
	for i := range buf {
		buf[i] = byte(rand.Uint32())
	}
	run("uniform", func() { r.uniform(&f, 0, buf[:504]) })
}

func BenchmarkPortable(b *testing.B) { benchmarkAll(b, generic) }
func BenchmarkSelected(b *testing.B) { benchmarkAll(b, selected) }
