package main

import (
	"math/bits"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

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
