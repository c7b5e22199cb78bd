package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// A layout tells which coefficient is where in some vectors.
type layout [][]int

func naturalLayout() layout {
	l := make(layout, wideRows)
	for i := range l {
		for j := range wideRow / 2 {
			l[i] = append(l[i], wideRow/2*i+j)
		}
	}
	return l
}

// exchange shuffles the coefficients of vectors i and j such that those with and
// without distance in their index are at the same places of two vectors, in
// their order.
func (l layout) exchange(v []VecVirtual, i, j, distance int) {
	place := map[int]int{}
	for n, c := range append(append([]int{}, l[i]...), l[j]...) {
		place[c] = n
	}
	var sides [2][]int
	for c := range wideRow / 2 * wideRows {
		if _, ok := place[c]; ok {
			side := c / distance & 1
			sides[side] = append(sides[side], c)
		}
	}
	var out [2]VecVirtual
	for side, coefficients := range sides {
		var dwords []int
		for n := 0; n < len(coefficients); n += 2 {
			at := place[coefficients[n]]
			if at%2 != 0 || place[coefficients[n+1]] != at+1 {
				panic("a pair of coefficients is apart")
			}
			dwords = append(dwords, at/2)
		}
		out[side] = wideHeld(wideDwords(dwords...))
		VPERMI2D(v[j], v[i], out[side])
	}
	v[i], v[j] = out[0], out[1]
	l[i], l[j] = sides[0], sides[1]
}

// roots returns a factor for each coefficient of vector i.
func (l layout) roots(i int, root func(coefficient int) int) factor {
	var values []int
	for _, c := range l[i] {
		values = append(values, root(c))
	}
	return wideFactors(values...)
}

func wideLoad(f Mem) []VecVirtual {
	v := make([]VecVirtual, wideRows)
	for i := range v {
		v[i] = ZMM()
		VMOVDQU64(f.Offset(wideRow*i), v[i])
	}
	return v
}

func wideStore(v []VecVirtual, f Mem) {
	for i := range v {
		VMOVDQU64(v[i], f.Offset(wideRow*i))
	}
}

// wideNTT has the polynomial in eight registers, all the time: see ntt, whose
// bounds are the same.
func wideNTT() {
	wideFunction("ntt", "func(f *[256]int16)")
	f := pointer("f")
	qs := wideHeld(widePlace(q))
	v, l := wideLoad(f), naturalLayout()
	for distance := 128; distance >= 2; distance /= 2 {
		eachPair(v, l, distance, func(i, j int) {
			z := l.roots(i, func(c int) int { return root(128/distance + c/(2*distance)) })
			t := ZMM()
			multiply(v[j], z, qs, t)
			VPSUBW(t, v[i], v[j])
			VPADDW(t, v[i], v[i])
		})
	}
	restore(v, l)
	wideStore(v, f)
	end()
}

// eachPair calls op for the pairs of vectors whose coefficients are distance
// apart, which it brings there.
func eachPair(v []VecVirtual, l layout, distance int, op func(i, j int)) {
	apart := max(1, distance/(wideRow/2))
	for i := range v {
		if i&apart != 0 {
			continue
		}
		if distance < wideRow/2 {
			l.exchange(v, i, i+1, distance)
		}
		op(i, i+apart)
	}
}

// restore brings the coefficients into their order.
func restore(v []VecVirtual, l layout) {
	for i := 0; i < len(v); i += 2 {
		l.exchange(v, i, i+1, wideRow/2)
	}
}

// wideInverseNTT is inverseNTT, with the same reductions and bounds.
func wideInverseNTT() {
	wideFunction("inverseNTT", "func(f *[256]int16)")
	f := pointer("f")
	qs, tens := wideHeld(widePlace(q)), wideHeld(widePlace(10))
	v, l := wideLoad(f), naturalLayout()
	for distance := 2; distance <= 64; distance *= 2 {
		if distance == wideRow/2 {
			restore(v, l)
		}
		eachPair(v, l, distance, func(i, j int) {
			z := l.roots(i, func(c int) int { return root(256/distance - 1 - c/(2*distance)) })
			t := ZMM()
			VPSUBW(v[i], v[j], t)
			VPADDW(v[i], v[j], v[i])
			multiply(t, z, qs, v[j])
			if distance == 8 || distance == 64 && i&1 == 0 {
				nearly(v[i], qs, tens)
			}
		})
	}
	inverse128 := power(128, q-2)
	scale, scaleRoot := wideFactors(inverse128), wideFactors(inverse128*root(1)%q)
	for i := range wideRows / 2 {
		a, b := v[i], v[i+wideRows/2]
		t := ZMM()
		VPSUBW(a, b, t)
		VPADDW(a, b, a)
		multiply(a, scale, qs, b)
		VMOVDQU64(b, f.Offset(wideRow*i))
		multiply(t, scaleRoot, qs, a)
		VMOVDQU64(a, f.Offset(wideRow*(i+wideRows/2)))
	}
	end()
}

// wideCache is cache.
func wideCache() {
	wideFunction("cache", "func(c *int16, f *[256]int16)")
	c, f := pointer("c"), pointer("f")
	qs := wideHeld(widePlace(q))
	var values []int
	for i := range 64 {
		γ := root(64 + i)
		values = append(values, montgomery%q, γ*montgomery%q, montgomery%q, (q-γ)*montgomery%q)
	}
	straight, one := wideFactors(values...), wideFactors(montgomery%q)
	for i := range wideRows {
		x, t, u := ZMM(), ZMM(), ZMM()
		VMOVDQU64(f.Offset(wideRow*i), x)
		multiply(x, straight.wideAt(i), qs, t)
		VMOVDQU64(t, c.Offset(wideRow*i))
		multiply(x, one, qs, u)
		VPROLD(U8(16), u, u)
		VMOVDQU64(u, c.Offset(wideRow*i+polySize))
	}
	end()
}

// wideDot is dot.
func wideDot() {
	wideFunction("dot", "func(f, a *[256]int16, stride int, b *int16, n int)")
	f, a := pointer("f"), pointer("a")
	stride := Load(Param("stride"), GP64())
	b := pointer("b")
	n := Load(Param("n"), GP64())
	inverse, qs := wideHeld(widePlace(inverseQ(), 0)), wideHeld(widePlace(q, 0))
	as := strided(a, stride)
	for _, products := range []int{4, 3, 2, 1} {
		next := fmt.Sprint("lessThan", products)
		if products > 1 {
			CMPQ(n, U8(products))
			JB(LabelRef(next))
		}
		wideDots(f, as[:products], b, inverse, qs)
		if products > 1 {
			Label(next)
		}
	}
}

// wideDots is for a number of products, and ends the function.
func wideDots(f Mem, as []Mem, b Mem, inverse, qs VecVirtual) {
	for i := range wideRows {
		var even, odd VecVirtual
		for j := range as {
			x, e, o := ZMM(), ZMM(), ZMM()
			VMOVDQU64(as[j].Offset(wideRow*i), x)
			VPMADDWD(b.Offset(2*polySize*j+wideRow*i), x, e)
			VPMADDWD(b.Offset(2*polySize*j+polySize+wideRow*i), x, o)
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
		VPORD(odd, even, even)
		VMOVDQU64(even, f.Offset(wideRow*i))
	}
	end()
}

// wideReduce is reduce: of a number and itself plus q, the one that is not
// negative is the lesser when both are taken as unsigned.
func wideReduce() {
	wideFunction("reduce", "func(f *[256]int16)")
	f := pointer("f")
	qs, v, round := wideBarrettConstants()
	for i := range wideRows {
		x, t := ZMM(), ZMM()
		VMOVDQU64(f.Offset(wideRow*i), x)
		barrett(x, qs, v, round)
		VPADDW(qs, x, t)
		VPMINUW(t, x, x)
		VMOVDQU64(x, f.Offset(wideRow*i))
	}
	end()
}

func wideAdd() {
	for _, op := range []struct {
		name  string
		apply func(ops ...Op)
	}{{"add", VPADDW}, {"sub", VPSUBW}} {
		wideFunction(op.name, "func(f, h *[256]int16)")
		f, g := pointer("f"), pointer("h")
		for i := range wideRows {
			x := ZMM()
			VMOVDQU64(f.Offset(wideRow*i), x)
			op.apply(g.Offset(wideRow*i), x, x)
			VMOVDQU64(x, f.Offset(wideRow*i))
		}
		end()
	}
}
