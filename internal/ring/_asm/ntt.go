package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// rootsFor returns the factors of a layer within vectors: each root serves 16/n
// places of a vector, and a pair of vectors has n roots.
func rootsFor(n int, index func(pair, i int) int) (values []int) {
	for pair := range 8 {
		for i := range n {
			values = append(values, repeat(16/n, root(index(pair, i)))...)
		}
	}
	return values
}

// ntt has the layers of distance 128 to 32 between eight vectors each, then
// those of 16 to 2 in pairs of vectors, which are shuffled so that both ends of a
// butterfly have the same place in two vectors. No layer reduces: each adds less
// than 0.75q.
func ntt() {
	function("ntt", "func(f *[256]int16)")
	f := pointer("f")
	qs := held(pattern(q))
	var first []int
	for i := range 16 {
		first = append(first, repeat(16, root(i))...)
	}
	between := factors("roots", first)

	for part := range 2 {
		var v [8]VecVirtual
		for i := range v {
			v[i] = YMM()
			VMOVDQU(f.Offset(row*(part+2*i)), v[i])
		}
		for layer := range 3 {
			distance := 4 >> layer
			for i := range v {
				if i&distance == 0 {
					butterfly(v[i], v[i+distance], between.at(1<<layer+i/(2*distance)), qs)
				}
			}
		}
		for i := range v {
			VMOVDQU(v[i], f.Offset(row*(part+2*i)))
		}
	}

	eights := factors("rootsEight", rootsFor(2, func(p, i int) int { return 16 + 2*p + i }))
	fours := factors("rootsFour", rootsFor(4, func(p, i int) int { return 32 + 4*p + i }))
	twos := factors("rootsTwo", rootsFor(8, func(p, i int) int { return 64 + 8*p + i }))
	for p := range 8 {
		a, b := YMM(), YMM()
		VMOVDQU(f.Offset(2*row*p), a)
		VMOVDQU(f.Offset(2*row*p+row), b)
		butterfly(a, b, between.at(8+p), qs)
		a, b = halves(a, b)
		butterfly(a, b, eights.at(p), qs)
		a, b = quarters(a, b)
		butterfly(a, b, fours.at(p), qs)
		a, b = eighths(a, b)
		butterfly(a, b, twos.at(p), qs)
		c, d := YMM(), YMM()
		VPUNPCKLDQ(b, a, c)
		VPUNPCKHDQ(b, a, d)
		c, d = halves(c, d)
		VMOVDQU(c, f.Offset(2*row*p))
		VMOVDQU(d, f.Offset(2*row*p+row))
	}
	end()
}

// butterfly sets a, b to a + bζ, a - bζ.
func butterfly(a, b VecVirtual, z factor, qs VecVirtual) {
	t := YMM()
	multiply(b, z, qs, t)
	VPSUBW(t, a, b)
	VPADDW(t, a, a)
}

// halves exchanges the high half of a with the low half of b.
func halves(a, b VecVirtual) (c, d VecVirtual) {
	c, d = YMM(), YMM()
	VPERM2I128(U8(0x20), b, a, c)
	VPERM2I128(U8(0x31), b, a, d)
	return c, d
}

// quarters does so with the quarters of each half.
func quarters(a, b VecVirtual) (c, d VecVirtual) {
	c, d = YMM(), YMM()
	VPUNPCKLQDQ(b, a, c)
	VPUNPCKHQDQ(b, a, d)
	return c, d
}

// eighths does so with the eighths of each quarter.
func eighths(a, b VecVirtual) (c, d VecVirtual) {
	c, d = YMM(), YMM()
	VPSLLQ(U8(32), b, c)
	VPBLENDD(U8(0xaa), c, a, c)
	VPSRLQ(U8(32), a, d)
	VPBLENDD(U8(0xaa), b, d, d)
	return c, d
}

// inverseNTT undoes the layers in turn. Sums double from layer to layer: from q
// they are 8q after three, where they are reduced to 0.66q; products are at most
// 0.71q. From there sums of sums reach 5.7q after the layer of distance 64, where
// they are reduced again before the last.
func inverseNTT() {
	function("inverseNTT", "func(f *[256]int16)")
	f := pointer("f")
	qs, tens := held(pattern(q)), pattern(10)
	twos := factors("inverseTwo", rootsFor(8, func(p, i int) int { return 127 - 8*p - i }))
	fours := factors("inverseFour", rootsFor(4, func(p, i int) int { return 63 - 4*p - i }))
	eights := factors("inverseEight", rootsFor(2, func(p, i int) int { return 31 - 2*p - i }))
	var later []int
	for i := range 16 {
		later = append(later, repeat(16, root(i))...)
	}
	between := factors("roots", later)

	for p := range 8 {
		a, b := YMM(), YMM()
		VMOVDQU(f.Offset(2*row*p), a)
		VMOVDQU(f.Offset(2*row*p+row), b)
		c, d := halves(a, b)
		a, b = YMM(), YMM()
		VSHUFPS(U8(0x88), d, c, a)
		VSHUFPS(U8(0xdd), d, c, b)
		inverseButterfly(a, b, twos.at(p), qs)
		a, b = eighths(a, b)
		inverseButterfly(a, b, fours.at(p), qs)
		a, b = quarters(a, b)
		inverseButterfly(a, b, eights.at(p), qs)
		nearly(a, qs, tens)
		a, b = halves(a, b)
		inverseButterfly(a, b, between.at(15-p), qs)
		VMOVDQU(a, f.Offset(2*row*p))
		VMOVDQU(b, f.Offset(2*row*p+row))
	}

	inverse128 := power(128, q-2)
	scale := factors("scale", repeat(16, inverse128))
	scaleRoot := factors("scaleRoot", repeat(16, inverse128*root(1)%q))
	for part := range 2 {
		var v [8]VecVirtual
		for i := range v {
			v[i] = YMM()
			VMOVDQU(f.Offset(row*(part+2*i)), v[i])
		}
		for i := 0; i < 8; i += 2 {
			inverseButterfly(v[i], v[i+1], between.at(7-i/2), qs)
		}
		for _, i := range []int{0, 1, 4, 5} {
			inverseButterfly(v[i], v[i+2], between.at(3-i/4), qs)
		}
		nearly(v[0], qs, tens)
		nearly(v[4], qs, tens)
		for i := range 4 {
			a, b := v[i], v[i+4]
			t := YMM()
			VPSUBW(a, b, t)
			VPADDW(a, b, a)
			multiply(a, scale, qs, b)
			VMOVDQU(b, f.Offset(row*(part+2*i)))
			multiply(t, scaleRoot, qs, a)
			VMOVDQU(a, f.Offset(row*(part+2*i+8)))
		}
	}
	end()
}

// inverseButterfly sets a, b to a + b, (b - a)ζ.
func inverseButterfly(a, b VecVirtual, z factor, qs VecVirtual) {
	t := YMM()
	VPSUBW(a, b, t)
	VPADDW(a, b, a)
	multiply(t, z, qs, b)
}

// cache multiplies all by 2¹⁶, which the reduction in dot takes away again: so
// every product is at most 0.75q in absolute value.
func cache() {
	function("cache", "func(c *int16, f *[256]int16)")
	c, f := pointer("c"), pointer("f")
	qs := held(pattern(q))
	swap := held(bytesOf("swap", 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13))
	var values []int
	for i := range 64 {
		γ := root(64+i) * montgomery % q
		values = append(values, montgomery%q, γ, montgomery%q, q-γ)
	}
	straight := factors("gammas", values)
	crossed := factors("one", repeat(16, montgomery%q))
	z, zq := GP64(), GP64()
	LEAQ(straight.z, z)
	LEAQ(straight.zq, zq)
	one := factor{crossed.z, crossed.zq}
	loop("cacheRow", rows, func() {
		x, t, u := YMM(), YMM(), YMM()
		VMOVDQU(f, x)
		multiply(x, factor{Mem{Base: z}, Mem{Base: zq}}, qs, t)
		VMOVDQU(t, c)
		multiply(x, one, qs, u)
		VPSHUFB(swap, u, u)
		VMOVDQU(u, c.Offset(polySize))
	}, map[Register]int{c.Base: row, f.Base: row, z: row, zq: row})
	end()
}

// dot adds pairs of products in 32 bits and reduces the sums by Montgomery's
// method: the even coefficients from the straight products, the odd ones from
// the crossed, which then have the halves of 32 bits where they belong.
func dot() {
	function("dot", "func(f, a *[256]int16, stride int, b *int16, n int)")
	f, a := pointer("f"), pointer("a")
	stride := Load(Param("stride"), GP64())
	b := pointer("b")
	n := Load(Param("n"), GP64())
	inverse, qs := held(pattern(inverseQ(), 0)), held(pattern(q, 0))
	as := strided(a, stride)
	at := GP64()
	XORQ(at, at)
	for i := range as {
		as[i].Index, as[i].Scale = at, 1
	}
	b.Index, b.Scale = at, 1
	f.Index, f.Scale = at, 1

	body := func(label string, products int) {
		Label(label)
		var even, odd VecVirtual
		for j := range products {
			x := YMM()
			VMOVDQU(as[j], x)
			e, o := YMM(), YMM()
			VPMADDWD(b.Offset(2*polySize*j), x, e)
			VPMADDWD(b.Offset(2*polySize*j+polySize), x, o)
			if j == 0 {
				even, odd = e, o
				continue
			}
			VPADDD(e, even, even)
			VPADDD(o, odd, odd)
		}
		for _, sum := range []VecVirtual{even, odd} {
			reduceSum(sum, inverse, qs)
		}
		VPSRLD(U8(16), even, even)
		VPOR(odd, even, even)
		VMOVDQU(even, f)
		ADDQ(U8(row), at)
		CMPQ(at, U32(polySize))
		JB(LabelRef(label))
		end()
	}
	CMPQ(n, U8(3))
	JE(LabelRef("three"))
	JA(LabelRef("four"))
	CMPQ(n, U8(1))
	JE(LabelRef("one"))
	body("two", 2)
	body("three", 3)
	body("four", 4)
	body("one", 1)
}

// reduceSum leaves the reduced sum in the upper half of each 32 bits, and zero in
// the lower.
func reduceSum(sum, inverse, qs VecVirtual) {
	t := like(sum)
	VPMULLW(inverse, sum, t)
	VPMADDWD(qs, t, t)
	VPSUBD(t, sum, sum)
}

// strided returns where four polynomials are, each so many bytes after another.
func strided(a Mem, stride Register) []Mem {
	as := []Mem{a}
	for range 3 {
		next := GP64()
		LEAQ(Mem{Base: as[len(as)-1].Base, Index: stride, Scale: 1}, next)
		as = append(as, Mem{Base: next})
	}
	return as
}

func reduce() {
	function("reduce", "func(f *[256]int16)")
	f := pointer("f")
	qs, v, round := barrettConstants()
	loop("reduceRow", rows, func() {
		x, sign := YMM(), YMM()
		VMOVDQU(f, x)
		barrett(x, qs, v, round)
		VPSRAW(U8(15), x, sign)
		VPAND(qs, sign, sign)
		VPADDW(sign, x, x)
		VMOVDQU(x, f)
	}, map[Register]int{f.Base: row})
	end()
}

func add() {
	for _, op := range []struct {
		name  string
		apply func(ops ...Op)
	}{{"add", VPADDW}, {"sub", VPSUBW}} {
		function(op.name, "func(f, h *[256]int16)")
		f, g := pointer("f"), pointer("h")
		loop(op.name+"Rows", rows/2, func() {
			x, y := YMM(), YMM()
			VMOVDQU(f, x)
			VMOVDQU(f.Offset(row), y)
			op.apply(g, x, x)
			op.apply(g.Offset(row), y, y)
			VMOVDQU(x, f)
			VMOVDQU(y, f.Offset(row))
		}, map[Register]int{f.Base: 2 * row, g.Base: 2 * row})
		end()
	}
}
