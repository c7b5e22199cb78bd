//go:build !amd64 || purego

package keccak

// Parallel reports whether [States4.Permute] takes much less time than four
// times [State.Permute].
func Parallel() bool { return false }

func permute(s *State)    { permuteGeneric(s) }
func permute4(s *States4) { permute4Generic(s) }
