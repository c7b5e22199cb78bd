package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// What is in the files named wide is for AVX-512, with twice as many coefficients
// in a vector.
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
	m := placeSymbol(fmt.Sprintf("wide%dAVX512", len(widePlaced)), b)
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
	z, zq := factorWords(values)
	return factor{widePlace(z...), widePlace(zq...)}
}

func (f factor) wideAt(i int) factor {
	return factor{f.z.Offset(wideRow * i), f.zq.Offset(wideRow * i)}
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
