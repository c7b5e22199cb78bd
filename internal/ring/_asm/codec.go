package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// zero is a byte that a shuffle clears.
const zero = -1

// store24 writes the first 24 bytes of x, and none beyond.
func store24(x VecVirtual, b Mem) {
	VMOVDQU(x.AsX(), b)
	high := XMM()
	VEXTRACTI128(U8(1), x, high)
	VMOVQ(high, b.Offset(16))
}

// encode joins two coefficients to 24 bits, and eight of those.
func encode() {
	function("encode", "func(b *[384]byte, f *[256]int16)")
	b, f := pointer("b"), pointer("f")
	join := held(pattern(1, 1<<12))
	bytes := held(bytesOf("encodeBytes", 0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, zero, zero, zero, zero))
	dwords := held(place("encodeDwords", []int{0, 0, 1, 0, 2, 0, 4, 0, 5, 0, 6, 0, 7, 0, 7, 0}))
	loop("encodeRow", rows, func() {
		x := YMM()
		VMOVDQU(f, x)
		VPMADDWD(join, x, x)
		VPSHUFB(bytes, x, x)
		VPERMD(x, dwords, x)
		store24(x, b)
	}, map[Register]int{f.Base: row, b.Base: 24})
	end()
}

// twelve is the shuffle of 24 bytes to 16 words, of which the even have 12 bits
// at the bottom and the odd at the top. The upper half is loaded from byte 8.
func twelve() Mem {
	var b []int
	for _, from := range []int{0, 4} {
		for i := range 4 {
			b = append(b, from+3*i, from+3*i+1, from+3*i+1, from+3*i+2)
		}
	}
	return bytesOf("twelve", b...)
}

// loadTwelve loads 16 numbers of 12 bits from 24 bytes.
func loadTwelve(b Mem, shuffle, mask VecVirtual) VecVirtual {
	x, odd := YMM(), YMM()
	VMOVDQU(b, x.AsX())
	VINSERTI128(U8(1), b.Offset(8), x, x)
	VPSHUFB(shuffle, x, x)
	VPSRLW(U8(4), x, odd)
	VPBLENDW(U8(0xaa), odd, x, x)
	VPAND(mask, x, x)
	return x
}

func decode() {
	function("decode", "func(f *[256]int16, b *[384]byte) bool")
	f, b := pointer("f"), pointer("b")
	shuffle, mask, largest := held(twelve()), held(pattern(0xfff)), held(pattern(q-1))
	bad := YMM()
	VPXOR(bad, bad, bad)
	loop("decodeRow", rows, func() {
		x := loadTwelve(b, shuffle, mask)
		VMOVDQU(x, f)
		VPCMPGTW(largest, x, x)
		VPOR(x, bad, bad)
	}, map[Register]int{f.Base: row, b.Base: 24})
	ok := GP8()
	VPTEST(bad, bad)
	SETEQ(ok)
	Store(ok, ReturnIndex(0))
	end()
}

// A compression is the constants of round(x·2ᵈ/q). The product x·1290167 is
// x·2³²/q with an error that is too small to matter for |x| <= q/2 + 1; its 16
// high bits come from one multiplication for each half of the constant.
type compression struct {
	d                             int
	qs, v, round, low, high, half VecVirtual
}

func compressionOf(d int) *compression {
	const inverse = (1 << 32) / q
	c := &compression{d: d}
	c.qs, c.v, c.round = barrettConstants()
	low := inverse&0xffff - 1<<16
	c.low, c.high = held(pattern(low)), held(pattern((inverse-low)>>16))
	c.half = held(pattern(1 << (15 - d)))
	return c
}

func (c *compression) apply(f Mem) VecVirtual {
	x, y := YMM(), YMM()
	VMOVDQU(f, x)
	barrett(x, c.qs, c.v, c.round)
	VPMULHW(c.low, x, y)
	VPMULLW(c.high, x, x)
	VPADDW(y, x, x)
	VPADDW(c.half, x, x)
	VPSRLW(U8(16-c.d), x, x)
	return x
}

const interleave = 0xd8 // of the quarters of a vector

func compress() {
	signature := "func(b *byte, f *[256]int16)"

	function("compress1", signature)
	b, f := pointer("b"), pointer("f")
	c := compressionOf(1)
	loop("compress1Rows", rows/2, func() {
		x, y := c.apply(f), c.apply(f.Offset(row))
		VPACKSSWB(y, x, x)
		VPERMQ(U8(interleave), x, x)
		VPSLLW(U8(7), x, x)
		bits := GP32()
		VPMOVMSKB(x, bits)
		MOVL(bits, b)
	}, map[Register]int{f.Base: 2 * row, b.Base: 4})
	end()

	function("compress4", signature)
	b, f = pointer("b"), pointer("f")
	c = compressionOf(4)
	nibbles := held(bytesOf("nibbles", 1, 16))
	dwords := held(place("compress4Dwords", []int{0, 0, 4, 0, 1, 0, 5, 0, 2, 0, 6, 0, 3, 0, 7, 0}))
	loop("compress4Rows", rows/4, func() {
		var pair [2]VecVirtual
		for i := range pair {
			x, y := c.apply(f.Offset(2*row*i)), c.apply(f.Offset(2*row*i+row))
			VPACKUSWB(y, x, x)
			VPMADDUBSW(nibbles, x, x)
			pair[i] = x
		}
		VPACKUSWB(pair[1], pair[0], pair[0])
		VPERMD(pair[0], dwords, pair[0])
		VMOVDQU(pair[0], b)
	}, map[Register]int{f.Base: 4 * row, b.Base: 32})
	end()

	function("compress5", signature)
	b, f = pointer("b"), pointer("f")
	c = compressionOf(5)
	join5, join10 := held(bytesOf("fives", 1, 32)), held(pattern(1, 1<<10))
	loop("compress5Rows", rows/2, func() {
		x, y := c.apply(f), c.apply(f.Offset(row))
		VPACKUSWB(y, x, x)
		VPERMQ(U8(interleave), x, x)
		VPMADDUBSW(join5, x, x)
		VPMADDWD(join10, x, x)
		storeForties(x, b)
	}, map[Register]int{f.Base: 2 * row, b.Base: 20})
	end()

	function("compress10", signature)
	b, f = pointer("b"), pointer("f")
	c = compressionOf(10)
	join10 = held(pattern(1, 1<<10))
	loop("compress10Row", rows, func() {
		x := c.apply(f)
		VPMADDWD(join10, x, x)
		storeForties(x, b)
	}, map[Register]int{f.Base: row, b.Base: 20})
	end()

	function("compress11", signature)
	b, f = pointer("b"), pointer("f")
	c = compressionOf(11)
	join11 := held(pattern(1, 1<<11))
	loop("compress11Row", rows, func() {
		x := c.apply(f)
		VPMADDWD(join11, x, x)
		store88(x, b)
	}, map[Register]int{f.Base: row, b.Base: 22})
	end()
}

// joinTwo joins the numbers of n bits in the two halves of each quarter.
func joinTwo(x VecVirtual, n int) {
	VPSLLVD(place(fmt.Sprint("evenBy", 32-n), []int{32 - n, 0, 0, 0, 32 - n, 0, 0, 0, 32 - n, 0, 0, 0, 32 - n, 0, 0, 0}), x, x)
	VPSRLQ(U8(32-n), x, x)
}

// storeForties writes eight numbers of 20 bits: 20 bytes. The shuffle brings the
// bytes of the upper half where they come to lie, the last four around to its
// start.
func storeForties(x VecVirtual, b Mem) {
	joinTwo(x, 20)
	VPSHUFB(bytesOf("forties",
		0, 1, 2, 3, 4, 8, 9, 10, 11, 12, zero, zero, zero, zero, zero, zero,
		9, 10, 11, 12, zero, zero, zero, zero, zero, zero, 0, 1, 2, 3, 4, 8), x, x)
	high := XMM()
	VEXTRACTI128(U8(1), x, high)
	VMOVD(high, b.Offset(16))
	VPBLENDW(U8(0xe0), high, x.AsX(), high)
	VMOVDQU(high, b)
}

// store88 writes eight numbers of 22 bits: 22 bytes.
func store88(x VecVirtual, b Mem) {
	joinTwo(x, 22)
	next := YMM()
	VPSRLDQ(U8(8), x, next)
	VPSLLQ(U8(44), next, next)
	VPSRLVQ(place("upperBy20", []int{0, 0, 0, 0, 20, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0}), x, x)
	VPOR(next, x, x) // 11 bytes in each half
	high, start, end := XMM(), XMM(), XMM()
	VEXTRACTI128(U8(1), x, high)
	VPSLLDQ(U8(11), high, start)
	VPOR(x.AsX(), start, start)
	VMOVDQU(start, b)
	VPSRLDQ(U8(5), high, end)
	VMOVD(end, b.Offset(16))
	VPEXTRW(U8(2), end, b.Offset(20))
}

// decompress brings each number to the top but one of its word, where
// VPMULHRSW multiplies by q/2ᵈ and rounds.
func decompress() {
	signature := "func(f *[256]int16, b *byte)"

	function("decompress1", signature)
	f, b := pointer("f"), pointer("b")
	bit := make([]int, 16)
	for i := range bit {
		bit[i] = 1 << i
	}
	bits, half := held(place("bits", bit)), held(pattern((q+1)/2))
	loop("decompress1Row", rows, func() {
		x := YMM()
		VPBROADCASTW(b, x)
		VPAND(bits, x, x)
		VPCMPEQW(bits, x, x)
		VPAND(half, x, x)
		VMOVDQU(x, f)
	}, map[Register]int{f.Base: row, b.Base: 2})
	end()

	function("decompress4", signature)
	f, b = pointer("f"), pointer("b")
	qs, mask := held(pattern(q)), held(pattern(0xf<<11))
	loop("decompress4Row", rows, func() {
		x, odd := YMM(), YMM()
		VPMOVZXBD(b, x)
		VPSLLD(U8(12), x, odd)
		VPOR(odd, x, x)
		VPSLLW(U8(11), x, x)
		VPAND(mask, x, x)
		VPMULHRSW(qs, x, x)
		VMOVDQU(x, f)
	}, map[Register]int{f.Base: row, b.Base: 8})
	end()

	function("decompress5", signature)
	f, b = pointer("f"), pointer("b")
	decompressBy(5, f, b, func(x VecVirtual) {
		VMOVQ(b, x.AsX())
		VPINSRW(U8(4), b.Offset(8), x.AsX(), x.AsX())
		VINSERTI128(U8(1), x.AsX(), x, x)
	}, 5)

	function("decompress10", signature)
	f, b = pointer("f"), pointer("b")
	decompressBy(10, f, b, func(x VecVirtual) {
		VMOVDQU(b, x.AsX())
		VINSERTI128(U8(1), b.Offset(4), x, x)
	}, 6)

	function("decompress11", signature)
	f, b = pointer("f"), pointer("b")
	qs, mask = held(pattern(q)), held(pattern(1<<11-1))
	shuffle := held(bytesOf("decompress11Bytes",
		0, 1, 2, 3, 4, 5, 6, 7, 5, 6, 7, 8, 9, 10, 11, 12,
		5, 6, 7, 8, 9, 10, 11, 12, 10, 11, 12, 13, 14, 15, zero, zero))
	align := held(place("upperBy4", []int{0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0}))
	loop("decompress11Row", rows, func() {
		x, t := YMM(), YMM()
		VMOVDQU(b, x.AsX())
		VINSERTI128(U8(1), b.Offset(6), x, x)
		VPSHUFB(shuffle, x, x)
		VPSRLVQ(align, x, x) // 44 bits in each quarter
		VPSLLQ(U8(10), x, t)
		VPBLENDD(U8(0xaa), t, x, x) // 22 in each eighth
		VPSLLD(U8(5), x, t)
		VPBLENDW(U8(0xaa), t, x, x) // 11 in each word
		VPAND(mask, x, x)
		VPSLLW(U8(4), x, x)
		VPMULHRSW(qs, x, x)
		VMOVDQU(x, f)
	}, map[Register]int{f.Base: row, b.Base: 22})
	end()
}

// decompressBy is for d bits that lie in two bytes each. The upper half of what
// load loads has its first byte at upper.
func decompressBy(d int, f, b Mem, load func(x VecVirtual), upper int) {
	var at, shift []int
	for half := range 2 {
		for i := range 8 {
			first := half*upper + d*i/8
			second := first + 1
			if d*i/8+1 == d {
				second = zero // there is no such byte, and no bit of it is needed
			}
			at = append(at, first, second)
			shift = append(shift, 1<<(16-d-d*i%8))
		}
	}
	name := fmt.Sprint("decompress", d)
	qs, shuffle := held(pattern(q)), held(bytesOf(name+"Bytes", at...))
	top, mask := held(place(name+"Shifts", shift)), held(pattern((1<<d-1)<<(15-d)))
	loop(name+"Row", rows, func() {
		x := YMM()
		load(x)
		VPSHUFB(shuffle, x, x)
		VPMULLW(top, x, x)
		VPSRLW(U8(1), x, x)
		VPAND(mask, x, x)
		VPMULHRSW(qs, x, x)
		VMOVDQU(x, f)
	}, map[Register]int{f.Base: row, b.Base: 2 * d})
	end()
}
