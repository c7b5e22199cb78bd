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
		var got []byte
		for _, lane := range s[:4] {
			got = binary.LittleEndian.AppendUint64(got, lane)
		}
		if want := sha3.Sum256(message); [32]byte(got) != want {
			t.Fatalf("%d bytes: %x, want %x", size, got, want)
		}
	}
}

// TestPermuteAll hashes several messages at once.
func TestPermuteAll(t *testing.T) {
	eachBackend(t, func(t *testing.T) {
		var s States
		messages := make([][]byte, Lanes())
		for j := range messages {
			messages[j] = bytes.Repeat([]byte{byte(j + 1)}, 2*Rate256+40*j%Rate256)
			for i := range s {
				s[i][j] = rand.Uint64() // Absorb makes the state fresh
			}
		}
		for block := range 3 {
			for j, m := range messages {
				s.Absorb(j, (*[Rate256]byte)(padded(m)[block*Rate256:]), block == 0)
			}
			s.Permute()
		}
		var outer Outer
		s.Outer(&outer)
		for j, m := range messages {
			if got, want := [32]byte(outer[j][:]), sha3.Sum256(m); got != want {
				t.Errorf("state %d: %x, want %x", j, got, want)
			}
		}
	})
}

func padded(message []byte) []byte {
	p := append(bytes.Clone(message), HashDomain)
	p = append(p, make([]byte, Rate256-1-(len(p)-1)%Rate256)...)
	p[len(p)-1] ^= 0x80
	return p
}

// TestBackends compares the permutation of several states with the single one,
// on random states and on states with one bit. States beyond Lanes are left.
func TestBackends(t *testing.T) {
	eachBackend(t, func(t *testing.T) {
		check := func(s States) {
			t.Helper()
			want := s
			for j := range Lanes() {
				one := s.State(j)
				permuteGeneric(&one)
				want.Set(j, &one)
			}
			if s.Permute(); s != want {
				t.Fatal("the permutations differ")
			}
		}
		for range 1000 {
			var s States
			for i := range s {
				for j := range s[i] {
					s[i][j] = rand.Uint64()
				}
			}
			check(s)
		}
		for i := range 25 * 64 * MaxLanes {
			var s States
			s[i/512][i%MaxLanes] = 1 << (i / MaxLanes % 64)
			check(s)
		}
	})
}

// TestOuter has other bytes everywhere, and leaves the states beyond Lanes.
func TestOuter(t *testing.T) {
	eachBackend(t, func(t *testing.T) {
		var s States
		var got, want Outer
		for i := range s {
			for j := range s[i] {
				s[i][j] = rand.Uint64()
			}
		}
		outerFirst(&want, &s, Lanes())
		if s.Outer(&got); got != want {
			t.Errorf("%x, want %x", got, want)
		}
		for j := range Lanes() {
			one := s.State(j)
			for i, b := range want[j] {
				if b != byte(one[i/8]>>(8*(i%8))) {
					t.Fatalf("byte %d of state %d", i, j)
				}
			}
		}
	})
}

// TestStart absorbs as Absorb does.
func TestStart(t *testing.T) {
	var seed [32]byte
	for i := range seed {
		seed[i] = byte(rand.Uint32())
	}
	for j := range MaxLanes {
		var got, want States
		for i := range got {
			for k := range got[i] {
				got[i][k] = rand.Uint64()
			}
		}
		want = got
		block := append(seed[:], 0x12, 0x34, XOFDomain)
		block = append(block, make([]byte, Rate256-len(block))...)
		block[Rate256-1] = 0x80
		want.Absorb(j, (*[Rate256]byte)(block), true)
		got.Start(j, &seed, 0x3412|XOFDomain<<16, Rate256)
		if got != want {
			t.Errorf("state %d: %x, want %x", j, got.State(j), want.State(j))
		}
	}
}

func BenchmarkPermute(b *testing.B) {
	var s State
	for b.Loop() {
		s.Permute()
	}
}

// BenchmarkPermuteAll is [Lanes] permutations.
func BenchmarkPermuteAll(b *testing.B) {
	var s States
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
