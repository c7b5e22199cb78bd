// Command _asm writes the assembly of package keccak:
//
//	cd internal/keccak/_asm && go run . -out ../keccak_amd64.s -stubs ../keccak_stubs_amd64.go -pkg keccak
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("!purego")
	permute4()
	outer4()
	permute8()
	outer8()
	Generate()
}

// The sixteen vector registers, by their part in a round: the column parities
// of the round's input while they are summed, what θ adds to each column, the
// plane at work, and a temporary one.
var (
	c = []VecPhysical{Y0, Y1, Y2, Y3, Y4}
	d = []VecPhysical{Y5, Y6, Y7, Y8, Y9}
	b = []VecPhysical{Y10, Y11, Y12, Y13, Y14}
	t = Y15
)

const (
	row    = 64 // bytes of one lane of eight states
	half   = row / 2
	rounds = 24

	outerRows = 24 // of which the outer parts are copied
	outerSize = 8 * outerRows
)

func permute4() {
	TEXT("permute4AVX2", 0, "func(s *[25][8]uint64)")
	Pragma("noescape")
	Doc("permute4AVX2 applies Keccak-f[1600] to the first four of the states.")
	a := Mem{Base: Load(Param("s"), GP64())}

	// The other state has its rows aligned, and only four in each.
	local := AllocLocal(25*half + half)
	e := Mem{Base: GP64()}
	LEAQ(local.Offset(half-1), e.Base)
	ANDQ(I32(-half), e.Base)

	constants := Mem{Base: GP64()}
	LEAQ(roundConstants(), constants.Base)

	Comment("The parity of each column.")
	for x := range 5 {
		VMOVDQU(a.Offset(row*x), c[x])
		for y := 1; y < 5; y++ {
			VPXOR(a.Offset(row*(x+5*y)), c[x], c[x])
		}
	}
	left := GP64()
	MOVQ(U32(rounds/2), left)
	Label("tworounds")
	round(e, half, a, row, constants)
	round(a, row, e, half, constants.Offset(8))
	ADDQ(U8(16), constants.Base)
	DECQ(left)
	JNE(LabelRef("tworounds"))
	VZEROUPPER()
	RET()
}

// round is one round from a to e, whose lanes are so many bytes apart. The column
// parities c of a become those of e.
func round(e Mem, eRow int, a Mem, aRow int, constant Mem) {
	rotation := rotations()
	Comment("θ: what each column gets.")
	for x := range 5 {
		VPSRLQ(U8(63), c[(x+1)%5], d[x])
		VPADDQ(c[(x+1)%5], c[(x+1)%5], t)
		VPOR(t, d[x], d[x])
		VPXOR(c[(x+4)%5], d[x], d[x])
	}
	for y := range 5 {
		Comment(fmt.Sprintf("Plane %d: θ, ρ and π, then χ, and the parities of the next round.", y))
		for x := range 5 {
			// π brings lane (fx, fy) here: x = fy and y = 2fx + 3fy modulo 5.
			fy := x
			fx := (y + 2*fy) * 3 % 5
			VPXOR(a.Offset(aRow*(fx+5*fy)), d[fx], b[x])
			rotate(b[x], rotation[fx][fy])
		}
		for x := range 5 {
			out := t
			if y == 0 {
				out = c[x]
			}
			VPANDN(b[(x+2)%5], b[(x+1)%5], out)
			VPXOR(b[x], out, out)
			if x == 0 && y == 0 {
				VPBROADCASTQ(constant, t)
				VPXOR(t, out, out)
			}
			VMOVDQU(out, e.Offset(eRow*(x+5*y)))
			if y > 0 {
				VPXOR(t, c[x], c[x])
			}
		}
	}
}

// outer4 transposes four rows at a time.
func outer4() {
	TEXT("outer4AVX2", NOSPLIT, "func(b *[8][192]byte, s *[25][8]uint64)")
	Pragma("noescape")
	Doc("outer4AVX2 copies the outer parts of the first four of the states.")
	to, s := Mem{Base: Load(Param("b"), GP64())}, Mem{Base: Load(Param("s"), GP64())}
	for i := 0; i < outerRows; i += 4 {
		var rows, pairs [4]VecVirtual
		for j := range rows {
			rows[j] = YMM()
			VMOVDQU(s.Offset(row*(i+j)), rows[j])
		}
		for j := range pairs { // of states 0 and 2 or 1 and 3, in two rows
			pairs[j] = YMM()
			if j%2 == 0 {
				VPUNPCKLQDQ(rows[j+1], rows[j], pairs[j])
			} else {
				VPUNPCKHQDQ(rows[j], rows[j-1], pairs[j])
			}
		}
		for j := range 4 {
			out := YMM()
			VPERM2I128(U8([]int{0x20, 0x31}[j/2]), pairs[2+j%2], pairs[j%2], out)
			VMOVDQU(out, to.Offset(outerSize*j+8*i))
		}
	}
	VZEROUPPER()
	RET()
}

// rotate rotates each lane left; by whole bytes it takes one shuffle.
func rotate(v VecPhysical, by int) {
	switch by {
	case 0:
	case 8, 56:
		VPSHUFB(byteRotation(by/8), v, v)
	default:
		VPSLLQ(U8(by), v, t)
		VPSRLQ(U8(64-by), v, v)
		VPOR(t, v, v)
	}
}

// rotations returns the offsets of step ρ (FIPS 202, algorithm 2), modulo 64.
func rotations() (r [5][5]int) {
	x, y := 1, 0
	for i := range 24 {
		r[x][y] = (i + 1) * (i + 2) / 2 % 64
		x, y = y, (2*x+3*y)%5
	}
	return r
}

var placedConstants Mem

// roundConstants computes the constants of step ι (FIPS 202, algorithms 5 and
// 6) and places them in memory.
func roundConstants() Mem {
	if placedConstants.Symbol.Name != "" {
		return placedConstants
	}
	data := GLOBL("roundConstantsASM", RODATA|NOPTR)
	placedConstants = data
	lfsr := 1
	for i := range rounds {
		var rc uint64
		for j := range 7 {
			rc |= uint64(lfsr&1) << (1<<j - 1)
			lfsr <<= 1
			lfsr ^= lfsr >> 8 * 0x171
		}
		DATA(8*i, U64(rc))
	}
	return data
}

var byteRotations = map[int]Mem{}

// byteRotation places the shuffle that rotates each lane left by some bytes.
func byteRotation(by int) Mem {
	if m, ok := byteRotations[by]; ok {
		return m
	}
	m := GLOBL(fmt.Sprintf("rotate%dAVX2", 8*by), RODATA|NOPTR)
	for i := range 32 {
		DATA(i, U8(i%16/8*8+(i+8-by)%8))
	}
	byteRotations[by] = m
	return m
}
