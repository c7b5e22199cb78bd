// Package keccak has the permutation Keccak-f[1600] (FIPS 202, section 3.3) for
// one state and for several side by side.
//
// A single hash is better left to crypto/sha3, which has assembly for more
// processors. This package is for those who have several hashes at once: four
// permutations with AVX2, and eight with AVX-512, take no longer than one.
package keccak

import (
	"encoding/binary"
	"math/bits"
)

// Rates in bytes (FIPS 202, section 6).
const (
	Rate128 = 168 // SHAKE128
	Rate256 = 136 // SHA3-256 and SHAKE256
	Rate512 = 72  // SHA3-512
)

// Domain separation with the first bit of padding (FIPS 202, appendix B.2).
const (
	HashDomain = 0x06
	XOFDomain  = 0x1f
)

// A State is 25 lanes of 64 bits; lane (x, y) is at x + 5y.
type State [25]uint64

// Permute applies Keccak-f[1600].
func (s *State) Permute() { permute(s) }

// MaxLanes is how many states [States] has.
const MaxLanes = 8

// States is eight states, interleaved: state j has its lane i at [i][j].
type States [25][MaxLanes]uint64

// Lanes returns how many states [States.Permute] permutes: 8, 4, or 1 where
// nothing is gained by more.
func Lanes() int { return lanes() }

// Permute applies Keccak-f[1600] to each of the first [Lanes] states.
func (s *States) Permute() { permuteAll(s) }

// Absorb adds a block at a rate of [Rate256] to state j. If fresh, the state is
// zero before that.
func (s *States) Absorb(j int, block *[Rate256]byte, fresh bool) {
	if fresh {
		s.zero4(0, j)
		s.zeroFrom4(j)
	}
	s.add4(0, j, (*[32]byte)(block[0:]))
	s.add4(4, j, (*[32]byte)(block[32:]))
	s.add4(8, j, (*[32]byte)(block[64:]))
	s.add4(12, j, (*[32]byte)(block[96:]))
	s[16][j&(MaxLanes-1)] ^= binary.LittleEndian.Uint64(block[128:])
}

// Start makes state j the one that has absorbed seed and the bytes of end, which
// has the first bit of padding as well, at a rate of rate bytes.
func (s *States) Start(j int, seed *[32]byte, end uint64, rate int) {
	s.zero4(0, j)
	s.add4(0, j, seed)
	s.zeroFrom4(j)
	j &= MaxLanes - 1
	s[4][j] = end
	s[rate/8-1][j] = 1 << 63
}

// add4 adds bytes to four lanes of state j, from i on. It and the next two are
// small enough to become straight code where i is a constant.
func (s *States) add4(i, j int, b *[32]byte) {
	j &= MaxLanes - 1
	s[i][j] ^= binary.LittleEndian.Uint64(b[0:])
	s[i+1][j] ^= binary.LittleEndian.Uint64(b[8:])
	s[i+2][j] ^= binary.LittleEndian.Uint64(b[16:])
	s[i+3][j] ^= binary.LittleEndian.Uint64(b[24:])
}

func (s *States) zero4(i, j int) {
	j &= MaxLanes - 1
	s[i][j], s[i+1][j], s[i+2][j], s[i+3][j] = 0, 0, 0, 0
}

// zeroFrom4 clears the 21 lanes after the first four.
func (s *States) zeroFrom4(j int) {
	s.zero4(4, j)
	s.zero4(8, j)
	s.zero4(12, j)
	s.zero4(16, j)
	s.zero4(20, j)
	s[24][j&(MaxLanes-1)] = 0
}

// Outer is the first 192 bytes of each of eight states, enough for any rate.
type Outer [MaxLanes][192]byte

// Outer copies those of the first [Lanes] states.
func (s *States) Outer(b *Outer) { outerAll(b, s) }

// State copies state j out.
func (s *States) State(j int) (one State) {
	for i := range s {
		one[i] = s[i][j]
	}
	return one
}

// Set replaces state j.
func (s *States) Set(j int, one *State) {
	for i := range s {
		s[i][j] = one[i]
	}
}

// roundConstants are those of step ι (FIPS 202, algorithm 5).
var roundConstants = [24]uint64{
	0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
	0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
	0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
	0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
	0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
	0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
}

// permuteFirst applies Keccak-f[1600] to each of the first n states.
func permuteFirst(s *States, n int) {
	for j := range n {
		one := s.State(j)
		permute(&one)
		s.Set(j, &one)
	}
}

// outerFirst copies the outer part of each of the first n states.
func outerFirst(b *Outer, s *States, n int) {
	for j := range n {
		for i := range len(b[j]) / 8 {
			binary.LittleEndian.PutUint64(b[j][8*i:], s[i][j])
		}
	}
}

// permuteGeneric applies Keccak-f[1600].
func permuteGeneric(s *State) {
	var t State
	for i := 0; i < len(roundConstants); i += 2 {
		round(&t, s, roundConstants[i])
		round(s, &t, roundConstants[i+1])
	}
}

// round is one round from a to e: θ into c and d, then for each plane of e ρ
// and π into b, and χ, and ι in the first plane.
func round(e, a *State, rc uint64) {
	c0 := a[0] ^ a[5] ^ a[10] ^ a[15] ^ a[20]
	c1 := a[1] ^ a[6] ^ a[11] ^ a[16] ^ a[21]
	c2 := a[2] ^ a[7] ^ a[12] ^ a[17] ^ a[22]
	c3 := a[3] ^ a[8] ^ a[13] ^ a[18] ^ a[23]
	c4 := a[4] ^ a[9] ^ a[14] ^ a[19] ^ a[24]
	d0 := c4 ^ bits.RotateLeft64(c1, 1)
	d1 := c0 ^ bits.RotateLeft64(c2, 1)
	d2 := c1 ^ bits.RotateLeft64(c3, 1)
	d3 := c2 ^ bits.RotateLeft64(c4, 1)
	d4 := c3 ^ bits.RotateLeft64(c0, 1)

	b0 := a[0] ^ d0
	b1 := bits.RotateLeft64(a[6]^d1, 44)
	b2 := bits.RotateLeft64(a[12]^d2, 43)
	b3 := bits.RotateLeft64(a[18]^d3, 21)
	b4 := bits.RotateLeft64(a[24]^d4, 14)
	e[0] = b0 ^ b2&^b1 ^ rc
	e[1] = b1 ^ b3&^b2
	e[2] = b2 ^ b4&^b3
	e[3] = b3 ^ b0&^b4
	e[4] = b4 ^ b1&^b0

	b0 = bits.RotateLeft64(a[3]^d3, 28)
	b1 = bits.RotateLeft64(a[9]^d4, 20)
	b2 = bits.RotateLeft64(a[10]^d0, 3)
	b3 = bits.RotateLeft64(a[16]^d1, 45)
	b4 = bits.RotateLeft64(a[22]^d2, 61)
	e[5] = b0 ^ b2&^b1
	e[6] = b1 ^ b3&^b2
	e[7] = b2 ^ b4&^b3
	e[8] = b3 ^ b0&^b4
	e[9] = b4 ^ b1&^b0

	b0 = bits.RotateLeft64(a[1]^d1, 1)
	b1 = bits.RotateLeft64(a[7]^d2, 6)
	b2 = bits.RotateLeft64(a[13]^d3, 25)
	b3 = bits.RotateLeft64(a[19]^d4, 8)
	b4 = bits.RotateLeft64(a[20]^d0, 18)
	e[10] = b0 ^ b2&^b1
	e[11] = b1 ^ b3&^b2
	e[12] = b2 ^ b4&^b3
	e[13] = b3 ^ b0&^b4
	e[14] = b4 ^ b1&^b0

	b0 = bits.RotateLeft64(a[4]^d4, 27)
	b1 = bits.RotateLeft64(a[5]^d0, 36)
	b2 = bits.RotateLeft64(a[11]^d1, 10)
	b3 = bits.RotateLeft64(a[17]^d2, 15)
	b4 = bits.RotateLeft64(a[23]^d3, 56)
	e[15] = b0 ^ b2&^b1
	e[16] = b1 ^ b3&^b2
	e[17] = b2 ^ b4&^b3
	e[18] = b3 ^ b0&^b4
	e[19] = b4 ^ b1&^b0

	b0 = bits.RotateLeft64(a[2]^d2, 62)
	b1 = bits.RotateLeft64(a[8]^d3, 55)
	b2 = bits.RotateLeft64(a[14]^d4, 39)
	b3 = bits.RotateLeft64(a[15]^d0, 41)
	b4 = bits.RotateLeft64(a[21]^d1, 2)
	e[20] = b0 ^ b2&^b1
	e[21] = b1 ^ b3&^b2
	e[22] = b2 ^ b4&^b3
	e[23] = b3 ^ b0&^b4
	e[24] = b4 ^ b1&^b0
}
