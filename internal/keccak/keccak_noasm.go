//go:build !amd64 || purego

package keccak

func lanes() int { return 1 }

func permute(s *State)             { permuteGeneric(s) }
func permuteAll(s *States)         { permuteFirst(s, 1) }
func outerAll(b *Outer, s *States) { outerFirst(b, s, 1) }
