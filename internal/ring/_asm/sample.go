package main

import (
	"math/bits"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// cbd2 adds the bits of 64 coefficients at once, then has each as a byte.
func cbd2() {
	function("cbd2", "func(f *[256]int16, b *[128]byte)")
	f, b := pointer("f"), pointer("b")
	pairs, first := held(bytesOf("pairs", 0x55)), held(bytesOf("firstOfFour", 0x33))
	nibble, offset := held(bytesOf("nibble", 0x0f)), held(bytesOf("three", 3))
	loop("cbd2Rows", rows/4, func() {
		x, y := YMM(), YMM()
		VMOVDQU(b, x)
		VPSRLW(U8(1), x, y)
		VPAND(pairs, x, x)
		VPAND(pairs, y, y)
		VPADDB(y, x, x)
		VPSRLW(U8(2), x, y)
		VPAND(first, x, x)
		VPAND(first, y, y)
		VPADDB(first, x, x)
		VPSUBB(y, x, x) // coefficient + 3 in each nibble
		VPSRLW(U8(4), x, y)
		VPAND(nibble, x, x)
		VPAND(nibble, y, y)
		VPSUBB(offset, x, x)
		VPSUBB(offset, y, y)
		low, high := YMM(), YMM()
		VPUNPCKLBW(y, x, low)
		VPUNPCKHBW(y, x, high)
		for i, bytes := range []VecVirtual{low, high} {
			for half := range 2 {
				part, words := XMM(), YMM()
				VEXTRACTI128(U8(half), bytes, part)
				VPMOVSXBW(part, words)
				VMOVDQU(words, f.Offset(row*(2*half+i)))
			}
		}
	}, map[Register]int{f.Base: 4 * row, b.Base: 32})
	end()
}

// cbd3 has three bytes, four coefficients, in each of eight parts.
func cbd3() {
	function("cbd3", "func(f *[256]int16, b *[192]byte)")
	f, b := pointer("f"), pointer("b")
	var at []int
	for _, from := range []int{0, 4} {
		for i := range 4 {
			at = append(at, from+3*i, from+3*i+1, from+3*i+2, zero)
		}
	}
	dwords := func(name string, v int) VecVirtual {
		return held(place(name, repeat16(v&0xffff, v>>16)))
	}
	shuffle := held(bytesOf("cbd3Bytes", at...))
	triples, first := dwords("triples", 0x249249), dwords("firstOfSix", 0x1c71c7)
	offset := dwords("threes", 0x0c30c3)
	six, three := held(pattern(0x3f)), held(pattern(3))
	loop("cbd3Rows", rows/2, func() {
		x, y, z := YMM(), YMM(), YMM()
		VMOVDQU(b, x.AsX())
		VINSERTI128(U8(1), b.Offset(8), x, x)
		VPSHUFB(shuffle, x, x)
		VPSRLD(U8(1), x, y)
		VPSRLD(U8(2), x, z)
		for _, v := range []VecVirtual{x, y, z} {
			VPAND(triples, v, v)
		}
		VPADDD(y, x, x)
		VPADDD(z, x, x)
		VPSRLD(U8(3), x, y)
		VPAND(first, x, x)
		VPAND(first, y, y)
		VPADDD(offset, x, x)
		VPSUBD(y, x, x) // coefficient + 3 in each six bits
		a, c, t := YMM(), YMM(), YMM()
		VPSLLD(U8(10), x, t)
		VPBLENDW(U8(0xaa), t, x, a) // 0 and 1
		VPSRLD(U8(12), x, t)
		VPSRLD(U8(2), x, x)
		VPBLENDW(U8(0xaa), x, t, c) // 2 and 3
		for _, v := range []VecVirtual{a, c} {
			VPAND(six, v, v)
			VPSUBW(three, v, v)
		}
		low, high := YMM(), YMM()
		VPUNPCKLDQ(c, a, low)
		VPUNPCKHDQ(c, a, high)
		low, high = halves(low, high)
		VMOVDQU(low, f)
		VMOVDQU(high, f.Offset(row))
	}, map[Register]int{f.Base: 2 * row, b.Base: 24})
	end()
}

// repeat16 repeats two words through a vector.
func repeat16(a, b int) (words []int) {
	for range 8 {
		words = append(words, a, b)
	}
	return words
}

// uniform takes 24 bytes at a time as long as there is room for all 16 numbers
// of them, and packs those below q by a table of shuffles. It returns how many
// coefficients there are then, and how many bytes it has used.
func uniform() {
	TEXT("uniformAVX2", NOSPLIT, "func(f *[256]int16, n int, b *byte, length int) (have, used int)")
	Pragma("noescape")
	Doc("uniformAVX2 is uniformGeneric with AVX2, but for a rest of the bytes.")
	f := pointer("f")
	n := Load(Param("n"), GP64())
	b := pointer("b")
	length := Load(Param("length"), GP64())
	shuffle, mask, bound := held(twelve()), held(pattern(0xfff)), held(pattern(q))
	table := Mem{Base: GP64(), Scale: 8}
	LEAQ(packings(), table.Base)
	used := GP64()
	XORQ(used, used)
	f.Index, f.Scale = n, 2
	b.Index, b.Scale = used, 1

	Label("uniformMore")
	CMPQ(n, U32(256-16))
	JA(LabelRef("uniformDone"))
	SUBQ(U8(24), length)
	JB(LabelRef("uniformDone"))
	x, below := loadTwelve(b, shuffle, mask), YMM()
	ADDQ(U8(24), used)
	VPCMPGTW(x, bound, below)
	VPACKSSWB(below, below, below)
	low, high := GP32(), GP32()
	VPMOVMSKB(below, high)
	MOVBLZX(high.As8(), low)
	SHRL(U8(24), high)
	part := XMM()
	VEXTRACTI128(U8(1), x, part)
	for i, bits := range []GPVirtual{low, high} {
		v := []VecVirtual{x.AsX().(VecVirtual), part}[i]
		count := GP32()
		POPCNTL(bits, count)
		ADDL(bits, bits)
		table.Index = bits
		VPSHUFB(table, v, v)
		VMOVDQU(v, f)
		ADDQ(count.As64(), n)
	}
	JMP(LabelRef("uniformMore"))

	Label("uniformDone")
	Store(n, Return("have"))
	Store(used, Return("used"))
	end()
}

// packings places a shuffle for each subset of eight words, which brings them to
// the front.
func packings() Mem {
	var b []byte
	for set := range 256 {
		end := len(b) + 16
		for rest := set; rest != 0; rest &= rest - 1 {
			word := bits.TrailingZeros(uint(rest))
			b = append(b, byte(2*word), byte(2*word+1))
		}
		for len(b) < end {
			b = append(b, 0x80)
		}
	}
	return placeBytes("packings", b)
}
