package kem

import (
	"bytes"
	"crypto/mlkem"
	"crypto/sha3"
	"encoding/hex"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// A pair is one of our parameter sets and what it must agree with.
type pair struct {
	ours, circl Expander
	accumulated string // CCTV's hash of 10,000 keys, if it has one
}

var pairs = []pair{
	{ours: MLKEM512(), circl: CirclMLKEM512(), accumulated: "705dcffc87f4e67e35a09dcaa31772e86f3341bd3ccf1e78a5fef99ae6a35a13"},
	{ours: MLKEM768(), circl: CirclMLKEM768(), accumulated: "f959d18d3d1180121433bf0e05f11e7908cf9d03edc150b2b07cb90bef5bc1c1"},
	{ours: MLKEM1024(), circl: CirclMLKEM1024(), accumulated: "e3bf82b013307b2e9d47dde791ff6dfc82e694e6382404abdb948b908b75bad5"},
	{ours: Kyber512(), circl: CirclKyber512()},
	{ours: Kyber768(), circl: CirclKyber768()},
	{ours: Kyber1024(), circl: CirclKyber1024()},
}

func eachPair(t *testing.T, test func(t *testing.T, p pair)) {
	for _, p := range pairs {
		t.Run(p.ours.Name(), func(t *testing.T) { test(t, p) })
	}
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rand.Uint32())
	}
	return b
}

func rounds(n int) int {
	if testing.Short() {
		return n / 10
	}
	return n
}

func packed(s Expander, d Decapsulator) (ek, dk []byte) {
	ek, dk = make([]byte, s.Sizes().EncapsulationKey), make([]byte, s.Sizes().DecapsulationKey)
	d.Encapsulator().Pack(ek)
	s.PackDecapsulationKey(dk, d)
	return ek, dk
}

func encapsulate(s Scheme, e Encapsulator, m []byte) (ss, ct []byte) {
	ss, ct = make([]byte, SharedSecretSize), make([]byte, s.Sizes().Ciphertext)
	e.EncapsulateTo(ss, ct, m)
	return ss, ct
}

func decapsulate(d Decapsulator, ct []byte) []byte {
	ss := make([]byte, SharedSecretSize)
	d.DecapsulateTo(ss, ct)
	return ss
}

func parsed(t *testing.T, s Expander, ek, dk []byte) (Encapsulator, Decapsulator) {
	t.Helper()
	e, ok := s.ParseEncapsulationKey(ek)
	if !ok {
		t.Fatal("an encapsulation key was refused")
	}
	d, ok := s.ParseDecapsulationKey(dk)
	if !ok {
		t.Fatal("a decapsulation key was refused")
	}
	return e, d
}

// TestDifferential runs the same seeds through our arithmetic and circl's, with
// keys that were generated and keys that were parsed, and ciphertexts that are
// right, altered and random.
func TestDifferential(t *testing.T) {
	eachPair(t, func(t *testing.T, p pair) {
		if p.ours.Sizes() != p.circl.Sizes() || p.ours.Name() != p.circl.Name() {
			t.Fatalf("%v of %+v, circl has %+v", p.ours.Name(), p.ours.Sizes(), p.circl.Sizes())
		}
		for range rounds(200) {
			seed, m := randomBytes(SeedSize), randomBytes(MessageSize)
			ourKey, circlKey := p.ours.NewKey(seed), p.circl.NewKey(seed)
			fresh := p.ours.NewKey(seed) // H(ek) is not computed before it decapsulates
			ek, dk := packed(p.ours, ourKey)
			if wantEK, wantDK := packed(p.circl, circlKey); !bytes.Equal(ek, wantEK) || !bytes.Equal(dk, wantDK) {
				t.Fatalf("seed %x: the keys differ", seed)
			}
			e, d := parsed(t, p.ours, ek, dk)
			if ek2, dk2 := packed(p.ours, d); !bytes.Equal(ek, ek2) || !bytes.Equal(dk, dk2) {
				t.Fatalf("seed %x: a key changed by packing and parsing", seed)
			}
			wantSS, ct := encapsulate(p.circl, circlKey.Encapsulator(), m)
			for _, e := range []Encapsulator{e, ourKey.Encapsulator(), d.Encapsulator()} {
				if ss, got := encapsulate(p.ours, e, m); !bytes.Equal(ss, wantSS) || !bytes.Equal(ct, got) {
					t.Fatalf("seed %x, m %x: the encapsulations differ", seed, m)
				}
			}
			once, onceCT := make([]byte, SharedSecretSize), make([]byte, len(ct))
			if !encapsulateOnce(p.ours, once, onceCT, ek, m) || !bytes.Equal(once, wantSS) || !bytes.Equal(onceCT, ct) {
				t.Fatalf("seed %x, m %x: the encapsulation to a key for once differs", seed, m)
			}
			altered := bytes.Clone(ct)
			altered[rand.IntN(len(ct))] ^= 1 << rand.IntN(8)
			for _, ct := range [][]byte{ct, altered, randomBytes(len(ct)), make([]byte, len(ct)), bytes.Repeat([]byte{0xff}, len(ct))} {
				want := decapsulate(circlKey, ct)
				for _, d := range []Decapsulator{fresh, ourKey, d} {
					if got := decapsulate(d, ct); !bytes.Equal(got, want) {
						t.Fatalf("seed %x, ct %x: %x, want %x", seed, ct, got, want)
					}
				}
				fresh = p.ours.NewKey(seed)
			}
		}
	})
}

// TestStandard runs the same seeds through crypto/mlkem, both directions.
func TestStandard(t *testing.T) {
	s := MLKEM768()
	for range rounds(200) {
		seed, m := randomBytes(SeedSize), randomBytes(MessageSize)
		ours := s.NewKey(seed)
		standard, err := mlkem.NewDecapsulationKey768(seed)
		if err != nil {
			t.Fatal(err)
		}
		ek, _ := packed(s, ours)
		if !bytes.Equal(ek, standard.EncapsulationKey().Bytes()) {
			t.Fatalf("seed %x: the keys differ", seed)
		}
		wantSS, wantCT := encapsulate(Standard768(), Standard768().NewKey(seed).Encapsulator(), m)
		ss, ct := encapsulate(s, ours.Encapsulator(), m)
		if !bytes.Equal(ss, wantSS) || !bytes.Equal(ct, wantCT) {
			t.Fatalf("seed %x, m %x: the encapsulations differ", seed, m)
		}
		for _, ct := range [][]byte{ct, randomBytes(len(ct))} {
			if want, err := standard.Decapsulate(ct); err != nil || !bytes.Equal(decapsulate(ours, ct), want) {
				t.Fatalf("seed %x, ct %x: the decapsulations differ (%v)", seed, ct, err)
			}
		}
	}
}

// TestRefused has keys that must not be accepted, or that are reduced.
func TestRefused(t *testing.T) {
	eachPair(t, func(t *testing.T, p pair) {
		ek, dk := packed(p.ours, p.ours.NewKey(randomBytes(SeedSize)))
		vector := len(ek) - 32
		for at := 0; at < vector; at += 3 * (1 + rand.IntN(5)) {
			for _, second := range []bool{false, true} {
				bad := bytes.Clone(ek)
				if second {
					bad[at+1], bad[at+2] = bad[at+1]|0x10, 0xd0 // 0xd01 = q or more
				} else {
					bad[at], bad[at+1] = 0x01, bad[at+1]&0xf0|0x0d
				}
				if encapsulateOnce(p.ours, make([]byte, SharedSecretSize), make([]byte, p.ours.Sizes().Ciphertext), bad, nil) {
					t.Fatalf("a key for once with a coefficient of q or more at byte %d was accepted", at)
				}
				if _, ok := p.ours.ParseEncapsulationKey(bad); ok {
					t.Fatalf("an encapsulation key with a coefficient of q or more at byte %d was accepted", at)
				}
			}
		}
		for _, at := range []int{len(dk) - 33, len(dk) - 64, len(dk) - 65, vector, len(dk) - 97} {
			bad := bytes.Clone(dk)
			bad[at] ^= 0x40
			if _, ok := p.ours.ParseDecapsulationKey(bad); ok {
				t.Errorf("a decapsulation key altered at byte %d was accepted", at)
			}
		}
	})
}

// TestUnreduced parses decapsulation keys with coefficients of q or more, which
// is what both we and circl reduce.
func TestUnreduced(t *testing.T) {
	eachPair(t, func(t *testing.T, p pair) {
		_, dk := packed(p.ours, p.ours.NewKey(randomBytes(SeedSize)))
		for i := range 6 {
			dk[3*i], dk[3*i+1] = 0xff, dk[3*i+1]|0x0f
		}
		ours, ok := p.ours.ParseDecapsulationKey(dk)
		theirs, ok2 := p.circl.ParseDecapsulationKey(dk)
		if !ok || !ok2 {
			t.Fatalf("accepted: %v, by circl: %v", ok, ok2)
		}
		_, dk1 := packed(p.ours, ours)
		_, dk2 := packed(p.circl, theirs)
		if !bytes.Equal(dk1, dk2) {
			t.Error("circl packs the key otherwise")
		}
		for range 20 {
			ct := randomBytes(p.ours.Sizes().Ciphertext)
			if !bytes.Equal(decapsulate(ours, ct), decapsulate(theirs, ct)) {
				t.Error("circl decapsulates otherwise")
			}
		}
	})
}

func TestEqualMaskAndChoose(t *testing.T) {
	for i := range 32 * 8 {
		a := randomBytes(32)
		b := bytes.Clone(a)
		if equalMask(a, b) != 0xff {
			t.Fatal("equal bytes are different")
		}
		b[i/8] ^= 1 << (i % 8)
		if equalMask(a, b) != 0 {
			t.Fatalf("bytes that differ in bit %d are equal", i)
		}
		out := make([]byte, 32)
		if choose(out, 0xff, a, b); !bytes.Equal(out, a) {
			t.Fatal("choose(0xff)")
		}
		if choose(out, 0, a, b); !bytes.Equal(out, b) {
			t.Fatal("choose(0)")
		}
	}
}

func TestDestroy(t *testing.T) {
	key := MLKEM768().NewKey(randomBytes(SeedSize)).(*latticeKey)
	key.Destroy()
	for _, s := range key.s {
		if s != [256]int16{} {
			t.Error("s is left")
		}
	}
	if key.z != [32]byte{} {
		t.Error("z is left")
	}
}

// TestWipe has every byte set before.
func TestWipe(t *testing.T) {
	s := new(scratch)
	b := unsafe.Slice((*byte)(unsafe.Pointer(s)), unsafe.Sizeof(*s))
	for i := range b {
		b[i] = 0xff
	}
	if s.wipe(); *s != (scratch{}) {
		t.Error("something is left")
	}
}

var million = flag.Bool("million", false, "accumulate a million keys of each parameter set")

// TestAccumulated hashes the results of many keys (C2SP CCTV, ML-KEM,
// "Accumulated pq-crystals vectors", with the final standard). A million keys
// are compared with circl instead, whose keys are hashed beside ours.
func TestAccumulated(t *testing.T) {
	eachPair(t, func(t *testing.T, p pair) {
		t.Parallel()
		n := 10000
		switch {
		case *million:
			n = 1000000
		case testing.Short():
			n = 100
		}
		want := p.accumulated
		if n != 10000 || want == "" {
			if n == 10000 {
				n = 1000
			}
			want = accumulated(p.circl, n)
		}
		if got := accumulated(p.ours, n); got != want {
			t.Errorf("%d keys: %s, want %s", n, got, want)
		}
	})
}

func accumulated(s Expander, n int) string {
	in, out := sha3.NewSHAKE128(), sha3.NewSHAKE128()
	seed, m, ct := make([]byte, SeedSize), make([]byte, MessageSize), make([]byte, s.Sizes().Ciphertext)
	for range n {
		in.Read(seed)
		in.Read(m)
		in.Read(ct)
		key := s.NewKey(seed)
		ek, dk := packed(s, key)
		e, ok := s.ParseEncapsulationKey(ek)
		if !ok {
			return "a key was refused"
		}
		ss, sent := encapsulate(s, e, m)
		if !bytes.Equal(decapsulate(key, sent), ss) {
			return fmt.Sprintf("seed %x, m %x: the secrets differ", seed, m)
		}
		for _, b := range [][]byte{ek, dk, sent, ss, decapsulate(key, ct)} {
			out.Write(b)
		}
	}
	digest := make([]byte, 32)
	out.Read(digest)
	return hex.EncodeToString(digest)
}

// TestAllocations: a key is two allocations, its struct and its polynomials;
// encapsulation and decapsulation have none.
func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("under the race detector")
	}
	eachPair(t, func(t *testing.T, p pair) {
		s := p.ours
		seed, m := randomBytes(SeedSize), randomBytes(MessageSize)
		key := s.NewKey(seed)
		ek, dk := packed(s, key)
		ss, ct := encapsulate(s, key.Encapsulator(), m)
		fresh := make([]Decapsulator, 0, 200)
		for range cap(fresh) {
			fresh = append(fresh, s.NewKey(seed))
		}
		for name, test := range map[string]struct {
			ceiling float64
			f       func()
		}{
			"NewKey":                {2, func() { s.NewKey(seed) }},
			"ParseEncapsulationKey": {2, func() { s.ParseEncapsulationKey(ek) }},
			"ParseDecapsulationKey": {2, func() { s.ParseDecapsulationKey(dk) }},
			"Pack":                  {0, func() { key.Encapsulator().Pack(ek) }},
			"PackDecapsulationKey":  {0, func() { s.PackDecapsulationKey(dk, key) }},
			"EncapsulateTo":         {0, func() { key.Encapsulator().EncapsulateTo(ss, ct, m) }},
			"EncapsulateTo, fresh":  {0, func() { key.Encapsulator().EncapsulateTo(ss, ct, nil) }},
			"DecapsulateTo":         {0, func() { key.DecapsulateTo(ss, ct) }},
			"DecapsulateTo, first":  {0, func() { fresh[0].DecapsulateTo(ss, ct); fresh = fresh[1:] }},
		} {
			if got := testing.AllocsPerRun(100, test.f); got > test.ceiling {
				t.Errorf("%s allocates %v times, want %v", name, got, test.ceiling)
			}
		}
	})
}
