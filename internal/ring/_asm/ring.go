// Command _asm writes the assembly of package ring:
//
//	cd internal/ring/_asm && go run . -out ../ring_amd64.s -stubs ../ring_stubs_amd64.go -pkg ring
//
// What each function requires and ensures stands at its portable version.
package main

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const (
	q        = 3329
	zeta     = 17
	row      = 32 // bytes of a vector of 16 coefficients
	rows     = 16 // vectors of a polynomial
	polySize = row * rows
)

func main() {
	ConstraintExpr("!purego")
	ntt()
	inverseNTT()
	cache()
	dot()
	reduce()
	add()
	encode()
	decode()
	compress()
	decompress()
	cbd2()
	cbd3()
	uniform()
	wide()
	Generate()
}

// function starts an assembly function.
func function(name, signature string) { functionWith("AVX2", name, signature) }

func functionWith(extension, name, signature string) {
	symbol := name + strings.ReplaceAll(extension, "-", "")
	TEXT(symbol, NOSPLIT, signature)
	Pragma("noescape")
	Doc(fmt.Sprintf("%s is %sGeneric with %s.", symbol, name, extension))
}

func end() {
	VZEROUPPER()
	RET()
}

// pointer loads a pointer parameter.
func pointer(name string) Mem { return Mem{Base: Load(Param(name), GP64())} }

// loop repeats body; each pointer moves on by its step after every pass.
func loop(name string, n int, body func(), steps map[Register]int) {
	left := GP64()
	MOVQ(U32(n), left)
	Label(name)
	body()
	for _, p := range ordered(steps) {
		ADDQ(I32(steps[p]), p)
	}
	DECQ(left)
	JNE(LabelRef(name))
}

// ordered returns the registers in a fixed order, so that every run writes the
// same file.
func ordered(steps map[Register]int) (registers []Register) {
	for p := range steps {
		registers = append(registers, p)
	}
	id := func(r Register) ID { return r.(interface{ ID() ID }).ID() }
	for i := range registers {
		for j := range i {
			if id(registers[i]) < id(registers[j]) {
				registers[i], registers[j] = registers[j], registers[i]
			}
		}
	}
	return registers
}

var placed = map[string]Mem{}

// place puts 16-bit constants into memory, once for each name.
func place(name string, words []int) Mem {
	if m, ok := placed[name]; ok {
		return m
	}
	var b []byte
	for _, w := range words {
		b = append(b, byte(w), byte(w>>8))
	}
	placed[name] = placeBytes(name, b)
	return placed[name]
}

// placeBytes puts bytes into memory, a multiple of eight.
func placeBytes(name string, b []byte) Mem {
	return placeSymbol(name+"AVX2", b)
}

func placeSymbol(symbol string, b []byte) Mem {
	m := GLOBL(symbol, RODATA|NOPTR)
	for i := 0; i < len(b); i += 8 {
		DATA(i, U64(binary.LittleEndian.Uint64(b[i:])))
	}
	return m
}

// pattern places a vector that repeats some 16-bit constants.
func pattern(words ...int) Mem {
	name := strings.NewReplacer("[", "", "]", "", " ", "_", "-", "m").Replace(fmt.Sprint("words", words))
	all := make([]int, 16)
	for i := range all {
		all[i] = words[i%len(words)]
	}
	return place(name, all)
}

// bytesOf places a vector of bytes; 32 of them, or 16 for both halves. Negative
// ones clear the byte in a shuffle.
func bytesOf(name string, b ...int) Mem {
	if m, ok := placed[name]; ok {
		return m
	}
	all := make([]byte, 32)
	for i := range all {
		all[i] = byte(b[i%len(b)])
	}
	placed[name] = placeBytes(name, all)
	return placed[name]
}

// held loads a constant into a register.
func held(m Mem) VecVirtual {
	r := YMM()
	VMOVDQU(m, r)
	return r
}

func power(base, exponent int) int {
	p := 1
	for range exponent {
		p = p * base % q
	}
	return p
}

// root is ζ^BitRev7(i) (FIPS 203, appendix A).
func root(i int) int { return power(zeta, int(bits.Reverse8(uint8(i))>>1)) }

const montgomery = 1 << 16

// centered is the least number in absolute value that is a modulo q.
func centered(a int) int {
	a %= q
	if a > q/2 {
		a -= q
	}
	return a
}

// inverseQ is q⁻¹ modulo 2¹⁶.
func inverseQ() int {
	x := 1
	for q*x%montgomery != 1 {
		x += 2
	}
	return x
}

// A factor is a vector of factors z for multiplications: z·2¹⁶ modulo q, and
// that by q⁻¹ modulo 2¹⁶.
type factor struct{ z, zq Mem }

// factors places vectors of 16 factors each, and returns the first.
func factors(name string, values []int) factor {
	z, zq := factorWords(values)
	return factor{place(name, z), place(name+"q", zq)}
}

func factorWords(values []int) (z, zq []int) {
	for _, v := range values {
		m := centered(v * montgomery % q)
		z = append(z, m)
		zq = append(zq, m*inverseQ()%montgomery)
	}
	return z, zq
}

func (f factor) at(i int) factor { return factor{f.z.Offset(row * i), f.zq.Offset(row * i)} }

// repeat returns each value n times.
func repeat(n int, values ...int) (all []int) {
	for _, v := range values {
		for range n {
			all = append(all, v)
		}
	}
	return all
}

// like returns a register as wide as x.
func like(x VecVirtual) VecVirtual {
	if x.Size() == wideRow {
		return ZMM()
	}
	return YMM()
}

// multiply sets to to x by a factor, by Montgomery's reduction: with |z| <= q/2,
// the result is at most |x|/39 + q/2 in absolute value.
func multiply(x VecVirtual, f factor, qs VecVirtual, to VecVirtual) {
	low := like(x)
	VPMULLW(f.zq, x, low)
	VPMULHW(f.z, x, to)
	VPMULHW(qs, low, low)
	VPSUBW(low, to, to)
}

// nearly reduces x to at most 0.66q, for any x.
func nearly(x, qs VecVirtual, tens Op) {
	t := like(x)
	VPMULHRSW(tens, x, t) // x·10/2¹⁵ rounded; 2¹⁵/q is 9.84
	VPMULLW(qs, t, t)
	VPSUBW(t, x, x)
}

// barrett reduces any x to at most q/2 + 1.
func barrett(x VecVirtual, qs, v, round Op) {
	t := like(x)
	VPMULHW(v, x, t) // x·20159/2²⁶ rounded; 2²⁶/q is 20158.9
	VPMULHRSW(round, t, t)
	VPMULLW(qs, t, t)
	VPSUBW(t, x, x)
}

func barrettConstants() (qs, v, round VecVirtual) {
	return held(pattern(q)), held(pattern(20159)), held(pattern(1 << 5))
}
