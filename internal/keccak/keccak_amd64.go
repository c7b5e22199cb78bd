//go:build !purego

package keccak

import "github.com/pqkx/pqkx/internal/backend"

var useAVX2 = backend.UseAVX2()

// Parallel reports whether [States4.Permute] takes much less time than four
// times [State.Permute].
func Parallel() bool { return useAVX2 }

func permute(s *State) { permuteGeneric(s) }

func permute4(s *States4) {
	if useAVX2 {
		permute4AVX2((*[25][4]uint64)(s))
		return
	}
	permute4Generic(s)
}
