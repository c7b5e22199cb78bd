package main

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// What follows in this file and in those named wide is for AVX-512, with twice
// as many coefficients in a vector.
const (
	wideRow  = 64 // bytes of a vector of 32 coefficients
	wideRows = 8  // vectors of a polynomial: a quarter of the registers
)

// Predicates of VPCMPUW.
const (
	less    = 1
	notLess = 5
)

func wide() {
	wideNTT()
	wideInverseNTT()
	wideCache()
	wideDot()
	wideReduce()
	wideAdd()
	wideEncode()
	wideDecode()
	wideCompress()
	wideDecompress()
	wideCBD()
	wideUniform()
}

func wideFunction(name, signature string) { functionWith("AVX-512", name, signature) }

// wideBytes puts bytes into memory, once for each content, and returns where.
func wideBytes(b []byte) Mem {
	key := string(b)
	if m, ok := widePlaced[key]; ok {
		return m
	}
	m := GLOBL(fmt.Sprintf("wide%dAVX512", len(widePlaced)), RODATA|NOPTR)
	for i := 0; i < len(b); i += 8 {
		DATA(i, U64(binary.LittleEndian.Uint64(b[i:])))
	}
	widePlaced[key] = m
	return m
}

var widePlaced = map[string]Mem{}

// widePlace puts 16-bit constants into memory, repeated to fill a vector at
// least.
func widePlace(words ...int) Mem {
	var b []byte
	for len(b) < wideRow || len(b) < 2*len(words) {
		for _, w := range words {
			b = append(b, byte(w), byte(w>>8))
		}
	}
	return wideBytes(b)
}

// wideDwords is widePlace for 32-bit constants.
func wideDwords(dwords ...int) Mem {
	var words []int
	for _, d := range dwords {
		words = append(words, d, d>>16)
	}
	return widePlace(words...)
}

// wideHeld loads a constant into a register.
func wideHeld(m Mem) VecVirtual {
	r := ZMM()
	VMOVDQU64(m, r)
	return r
}

// wideFactors places factors, of which a vector at least, and returns the first.
func wideFactors(values ...int) factor {
	var z, zq []int
	for _, v := range values {
		m := centered(v * montgomery % q)
		z = append(z, m)
		zq = append(zq, m*inverseQ()%montgomery)
	}
	return factor{widePlace(z...), widePlace(zq...)}
}

func (f factor) wideAt(i int) factor {
	return factor{f.z.Offset(wideRow * i), f.zq.Offset(wideRow * i)}
}

// wideMultiply is multiply.
func wideMultiply(x VecVirtual, f factor, qs VecVirtual, to VecVirtual) {
	low := ZMM()
	VPMULLW(f.zq, x, low)
	VPMULHW(f.z, x, to)
	VPMULHW(qs, low, low)
	VPSUBW(low, to, to)
}

// wideNearly is nearly.
func wideNearly(x, qs VecVirtual, tens Op) {
	t := ZMM()
	VPMULHRSW(tens, x, t)
	VPMULLW(qs, t, t)
	VPSUBW(t, x, x)
}

// wideBarrett is barrett.
func wideBarrett(x, qs, v, round VecVirtual) {
	t := ZMM()
	VPMULHW(v, x, t)
	VPMULHRSW(round, t, t)
	VPMULLW(qs, t, t)
	VPSUBW(t, x, x)
}

func wideBarrettConstants() (qs, v, round VecVirtual) {
	return wideHeld(widePlace(q)), wideHeld(widePlace(20159)), wideHeld(widePlace(1 << 5))
}

// ones returns a mask register with the low n bits set.
func ones(n int) Register {
	r, k := GP64(), K()
	MOVQ(U64(1<<n-1), r)
	KMOVQ(r, k)
	return k
}

// compressWords packs the words of x that k has, and leaves those beyond: Bochs
// 2.7 would clear all 32 of 32. It is VPCOMPRESSW, which avo lacks.
func compressWords(x VecVirtual, k Register) {
	Instruction(&ir.Instruction{
		Opcode:   "VPCOMPRESSW",
		Operands: []Op{x, k, x},
		Inputs:   []Op{x, k},
		Outputs:  []Op{x},
	})
}

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
			wideMultiply(v[j], z, qs, t)
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
			wideMultiply(t, z, qs, v[j])
			if distance == 8 || distance == 64 && i&1 == 0 {
				wideNearly(v[i], qs, tens)
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
		wideMultiply(a, scale, qs, b)
		VMOVDQU64(b, f.Offset(wideRow*i))
		wideMultiply(t, scaleRoot, qs, a)
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
		wideMultiply(x, straight.wideAt(i), qs, t)
		VMOVDQU64(t, c.Offset(wideRow*i))
		wideMultiply(x, one, qs, u)
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
			t := ZMM()
			VPMULLW(inverse, sum, t)
			VPMADDWD(qs, t, t)
			VPSUBD(t, sum, sum)
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
		wideBarrett(x, qs, v, round)
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

// wideUniform takes 48 bytes at a time, or what is left, and packs the numbers
// below q. It writes no coefficient beyond the last.
func wideUniform() {
	wideFunction("uniform", "func(f *[256]int16, n int, b *byte, length int) int")
	const most, coefficients = 48, 256
	f := pointer("f")
	n := Load(Param("n"), GP64())
	b := pointer("b")
	length := Load(Param("length"), GP64())
	u := unpackerOf(12)
	qs := wideHeld(widePlace(q))
	all := GP64()
	MOVQ(I32(-1), all)
	f.Index, f.Scale = n, 2

	Label("uniformMore")
	CMPQ(n, U32(coefficients))
	JAE(LabelRef("uniformDone"))
	CMPQ(length, U8(3))
	JB(LabelRef("uniformDone"))
	bytes, limit := GP64(), GP64()
	MOVQ(U32(most), bytes)
	CMPQ(length, bytes)
	CMOVQCS(length, bytes)
	IMUL3Q(U32(1<<16/3+1), bytes, limit) // a third of them
	SHRQ(U8(16), limit)
	ADDQ(limit, limit)
	set, loaded, valid, below := GP64(), K(), K(), K()
	BZHIQ(bytes, all, set)
	KMOVQ(set, loaded)
	BZHIQ(limit, all, set)
	KMOVQ(set, valid)
	x := u.load(b, loaded)
	VPCMPUW(U8(less), qs, x, valid, below)
	compressWords(x, below)
	count := GP64()
	KMOVQ(below, count)
	POPCNTQ(count, count)
	room := GP64()
	MOVQ(U32(coefficients), room)
	SUBQ(n, room)
	CMPQ(room, U8(wideRow/2))
	JB(LabelRef("uniformLast"))
	VMOVDQU64(x, f)
	ADDQ(count, n)
	ADDQ(bytes, b.Base)
	SUBQ(bytes, length)
	JMP(LabelRef("uniformMore"))

	Label("uniformLast")
	CMPQ(count, room)
	CMOVQHI(room, count)
	stored := K()
	BZHIQ(count, all, set)
	KMOVQ(set, stored)
	VMOVDQU16(x, stored, f)
	ADDQ(count, n)
	ADDQ(bytes, b.Base)
	SUBQ(bytes, length)
	JMP(LabelRef("uniformMore"))

	Label("uniformDone")
	Store(n, ReturnIndex(0))
	end()
}

// wideCBD looks the coefficient up by its bits, in a table that a register or
// two hold: no address depends on them.
func wideCBD() {
	difference := func(eta int) func(bit int) int {
		mask := uint(1<<eta - 1)
		return func(b int) int {
			return bits.OnesCount(uint(b)&mask) - bits.OnesCount(uint(b)>>eta&mask)
		}
	}
	table := func(eta, n int) (words []int) {
		for b := range n {
			words = append(words, difference(eta)(b&(1<<(2*eta)-1)))
		}
		return words
	}

	wideFunction("cbd2", "func(f *[256]int16, b *[128]byte)")
	f, b := pointer("f"), pointer("b")
	u, one := unpackerOf(4), wideHeld(widePlace(table(2, 32)...))
	for i := range wideRows {
		x := u.loadUnmasked(b.Offset(u.size()*i), u.full)
		VPERMW(one, x, x)
		VMOVDQU64(x, f.Offset(wideRow*i))
	}
	end()

	wideFunction("cbd3", "func(f *[256]int16, b *[192]byte)")
	f, b = pointer("f"), pointer("b")
	u = unpackerOf(6)
	low, high := wideHeld(widePlace(table(3, 64)[:32]...)), wideHeld(widePlace(table(3, 64)[32:]...))
	for i := range wideRows {
		x := u.loadUnmasked(b.Offset(u.size()*i), u.full)
		VPERMI2W(high, low, x)
		VMOVDQU64(x, f.Offset(wideRow*i))
	}
	end()
}
