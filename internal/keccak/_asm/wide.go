package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The 32 vector registers of AVX-512: the lanes of the state, by where they are
// at the start of four rounds, and seven temporary ones.
var (
	lane = []VecPhysical{
		Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z8, Z9, Z10, Z11, Z12,
		Z13, Z14, Z15, Z16, Z17, Z18, Z19, Z20, Z21, Z22, Z23, Z24,
	}
	parity = []VecPhysical{Z25, Z26, Z27, Z28, Z29}
	spare  = []VecPhysical{Z30, Z31}
)

// Truth tables for VPTERNLOGQ, whose first operand is the register it changes.
const (
	xor3 = 0x96
	chi  = 0xd2 // a ^ ^b & c
)

// permute8 has the whole state in registers. The lanes move about as they are
// computed in place, and after four rounds each is where it was (Bertoni et al.,
// Keccak implementation overview, version 3.2, section 2.5).
func permute8() {
	TEXT("permute8AVX512", NOSPLIT, "func(s *[25][8]uint64)")
	Pragma("noescape")
	Doc("permute8AVX512 applies Keccak-f[1600] to each of the eight states.")
	s := Mem{Base: Load(Param("s"), GP64())}
	constants := Mem{Base: GP64()}
	LEAQ(roundConstants(), constants.Base)
	for i := range lane {
		VMOVDQU64(s.Offset(row*i), lane[i])
	}
	left := GP64()
	MOVQ(U32(rounds/4), left)
	Label("fourrounds")
	for i := range 4 {
		wideRound(i, constants.Offset(8*i))
	}
	ADDQ(U8(32), constants.Base)
	DECQ(left)
	JNE(LabelRef("fourrounds"))
	for i := range lane {
		VMOVDQU64(lane[i], s.Offset(row*i))
	}
	VZEROUPPER()
	RET()
}

// at returns the register that has lane (x, y) before round i of four: the one
// that had (x, x + 2y) before round i - 1, modulo 5.
func at(i, x, y int) VecPhysical {
	for range i {
		y = (x + 2*y) % 5
	}
	return lane[x+5*y]
}

// wideRound is round i of four.
func wideRound(i int, constant Mem) {
	Comment(fmt.Sprintf("Round %d of four: θ.", i))
	for x := range 5 {
		VMOVDQA64(at(i, x, 0), parity[x])
		VPTERNLOGQ(U8(xor3), at(i, x, 1), at(i, x, 2), parity[x])
		VPTERNLOGQ(U8(xor3), at(i, x, 3), at(i, x, 4), parity[x])
	}
	for x := range 5 {
		next := spare[x%2]
		VPROLQ(U8(1), parity[(x+1)%5], next)
		for y := range 5 {
			VPTERNLOGQ(U8(xor3), parity[(x+4)%5], next, at(i, x, y))
		}
	}
	for y := range 5 {
		widePlane(i, y)
		if y == 0 {
			VPXORQ_BCST(constant, at(i+1, 0, 0), at(i+1, 0, 0))
		}
	}
}

// widePlane makes plane y of round i: ρ and π bring its lanes into the registers
// that it is to have, which are those that its lanes come from, and χ changes
// them there.
func widePlane(i, y int) {
	Comment(fmt.Sprintf("Plane %d: ρ and π, then χ.", y))
	rotation := rotations()
	first, second := spare[0], spare[1] // lanes 0 and 1, as they are before χ
	var from, to [5]VecPhysical
	var by [5]int
	for x := range 5 {
		fy := x
		fx := (y + 2*fy) * 3 % 5
		from[x], to[x], by[x] = at(i, fx, fy), at(i+1, x, y), rotation[fx][fy]
	}
	if from[0] == to[0] { // and so are the others
		for x := range 5 {
			if by[x] != 0 {
				VPROLQ(U8(by[x]), to[x], to[x])
			}
		}
		VMOVDQA64(to[0], first)
	} else {
		VPROLQ(U8(by[0]), from[0], first)
		for free := from[0]; free != to[0]; {
			for x := range 5 {
				if to[x] == free {
					VPROLQ(U8(by[x]), from[x], free)
					free = from[x]
					break
				}
			}
		}
		VMOVDQA64(first, to[0])
	}
	VMOVDQA64(to[1], second)
	VPTERNLOGQ(U8(chi), to[2], to[1], to[0])
	VPTERNLOGQ(U8(chi), to[3], to[2], to[1])
	VPTERNLOGQ(U8(chi), to[4], to[3], to[2])
	VPTERNLOGQ(U8(chi), first, to[4], to[3])
	VPTERNLOGQ(U8(chi), second, first, to[4])
}

// outer8 transposes eight rows at a time.
func outer8() {
	TEXT("outer8AVX512", NOSPLIT, "func(b *[8][192]byte, s *[25][8]uint64)")
	Pragma("noescape")
	Doc("outer8AVX512 copies the outer parts of the eight states.")
	to, s := Mem{Base: Load(Param("b"), GP64())}, Mem{Base: Load(Param("s"), GP64())}
	const evens, odds = 0x88, 0xdd // of the quarters of each of two vectors
	quarters := func(which uint8, a, b VecVirtual) VecVirtual {
		c := ZMM()
		VSHUFI64X2(U8(which), b, a, c)
		return c
	}
	for i := 0; i < outerRows; i += 8 {
		var rows [8]VecVirtual
		for j := range rows {
			rows[j] = ZMM()
			VMOVDQU64(s.Offset(row*(i+j)), rows[j])
		}
		for odd := range 2 {
			var pairs [4]VecVirtual // of the even or the odd states, in two rows
			for j := range pairs {
				pairs[j] = ZMM()
				if odd == 0 {
					VPUNPCKLQDQ(rows[2*j+1], rows[2*j], pairs[j])
				} else {
					VPUNPCKHQDQ(rows[2*j+1], rows[2*j], pairs[j])
				}
			}
			for half, which := range []uint8{evens, odds} { // of those states
				low, high := quarters(which, pairs[0], pairs[1]), quarters(which, pairs[2], pairs[3])
				first := 2*half + odd
				VMOVDQU64(quarters(evens, low, high), to.Offset(outerSize*first+8*i))
				VMOVDQU64(quarters(odds, low, high), to.Offset(outerSize*(first+4)+8*i))
			}
		}
	}
	VZEROUPPER()
	RET()
}
