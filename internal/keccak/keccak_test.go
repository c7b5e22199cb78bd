package keccak

import (
	"bytes"
	"crypto/sha3"
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

// TestRoundConstants recomputes the constants of step ι (FIPS 202, algorithms
// 5 and 6) from the polynomial of its shift register.
func TestRoundConstants(t *testing.T) {
	register := []byte{1, 0, 0, 0, 0, 0, 0, 0} // R[0] first
	bit := func() byte {
		out := register[0]
		register = append([]byte{0}, register...)
		for _, i := range []int{0, 4, 5, 6} {
			register[i] ^= register[8]
		}
		register = register[:8]
		return out
	}
	for i, got := range roundConstants {
		var want uint64
		for j := range 7 {
			want |= uint64(bit()) << (1<<j - 1)
		}
		if got != want {
			t.Errorf("round %d: %#x, want %#x", i, got, want)
		}
	}
}

// TestPermute hashes with the permutation as crypto/sha3 does.
func TestPermute(t *testing.T) {
	for size := 0; size < 3*Rate256; size += 7 {
		message := make([]byte, size)
		for i := range message {
			message[i] = byte(i * size)
		}
		var s State
		for rest := padded(message); len(rest) > 0; rest = rest[Rate256:] {
			for i := range Rate256 / 8 {
				s[i] ^= binary.LittleEndian.Uint64(rest[8*i:])
			}
			s.Permute()
		}
		var got [32]byte
		s.Extract(got[:])
		if want := sha3.Sum256(message); got != want {
			t.Fatalf("%d bytes: %x, want %x", size, got, want)
		}
	}
}

// TestPermute4 hashes four messages at once.
func TestPermute4(t *testing.T) {
	var s States4
	var messages [4][]byte
	for j := range messages {
		messages[j] = bytes.Repeat([]byte{byte(j + 1)}, 2*Rate256+40*j%Rate256)
		for i := range s {
			s[i][j] = rand.Uint64() // Absorb makes the state fresh
		}
	}
	for block := range 3 {
		for j, m := range messages {
			s.Absorb(j, padded(m)[block*Rate256:][:Rate256], block == 0)
		}
		s.Permute()
	}
	for j, m := range messages {
		var got [32]byte
		s.Extract(j, got[:])
		if want := sha3.Sum256(m); got != want {
			t.Errorf("state %d: %x, want %x", j, got, want)
		}
	}
}

func padded(message []byte) []byte {
	p := append(bytes.Clone(message), HashDomain)
	p = append(p, make([]byte, Rate256-1-(len(p)-1)%Rate256)...)
	p[len(p)-1] ^= 0x80
	return p
}

// TestBackends compares the four-state permutation with the single one, on
// random states and on states with one bit.
func TestBackends(t *testing.T) {
	check := func(s States4) {
		t.Helper()
		var want States4
		for j := range 4 {
			one := s.State(j)
			permuteGeneric(&one)
			want.Set(j, &one)
		}
		generic := s
		permute4Generic(&generic)
		s.Permute()
		if s != want || generic != want {
			t.Fatal("the permutations differ")
		}
	}
	for range 1000 {
		var s States4
		for i := range s {
			for j := range s[i] {
				s[i][j] = rand.Uint64()
			}
		}
		check(s)
	}
	for i := range 25 * 64 * 4 {
		var s States4
		s[i/256][i%4] = 1 << (i / 4 % 64)
		check(s)
	}
}

func BenchmarkPermute(b *testing.B) {
	var s State
	for b.Loop() {
		s.Permute()
	}
}

func BenchmarkPermute4(b *testing.B) {
	var s States4
	for b.Loop() {
		s.Permute()
	}
}

// BenchmarkStandard is crypto/sha3 over nine blocks, for comparison.
func BenchmarkStandard(b *testing.B) {
	message := make([]byte, 9*Rate256-1)
	for b.Loop() {
		sha3.Sum256(message)
	}
}
