//go:build !purego

package keccak

import "github.com/pqkx/pqkx/internal/backend"

var useAVX512, useAVX2 = backend.UseAVX512(), backend.UseAVX2()

func lanes() int {
	switch {
	case useAVX512:
		return 8
	case useAVX2:
		return 4
	}
	return 1
}

func permute(s *State) { permuteGeneric(s) }

func permuteAll(s *States) {
	switch {
	case useAVX512:
		permute8AVX512((*[25][8]uint64)(s))
	case useAVX2:
		permute4AVX2((*[25][8]uint64)(s))
	default:
		permuteFirst(s, 1)
	}
}

func outerAll(b *Outer, s *States) {
	switch {
	case useAVX512:
		outer8AVX512((*[8][192]byte)(b), (*[25][8]uint64)(s))
	case useAVX2:
		outer4AVX2((*[8][192]byte)(b), (*[25][8]uint64)(s))
	default:
		outerFirst(b, s, 1)
	}
}
