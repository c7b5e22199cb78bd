package mlkem_test

import (
	"bytes"
	stdlib "crypto/mlkem"
	"crypto/rand"
	"fmt"
	"testing"

	"github.com/pqkx/pqkx/mlkem"
)

// A set is one parameter set's constructors and sizes (FIPS 203, table 3).
type set struct {
	name       string
	generate   func() (*mlkem.DecapsulationKey, error)
	fromSeed   func([]byte) (*mlkem.DecapsulationKey, error)
	expanded   func([]byte) (*mlkem.DecapsulationKey, error)
	parse      func([]byte) (*mlkem.EncapsulationKey, error)
	ek, dk, ct int
}

var sets = []set{
	{"512", mlkem.GenerateKey512, mlkem.NewDecapsulationKey512, mlkem.NewExpandedDecapsulationKey512, mlkem.NewEncapsulationKey512, 800, 1632, 768},
	{"768", mlkem.GenerateKey768, mlkem.NewDecapsulationKey768, mlkem.NewExpandedDecapsulationKey768, mlkem.NewEncapsulationKey768, 1184, 2400, 1088},
	{"1024", mlkem.GenerateKey1024, mlkem.NewDecapsulationKey1024, mlkem.NewExpandedDecapsulationKey1024, mlkem.NewEncapsulationKey1024, 1568, 3168, 1568},
}

func TestRoundTrip(t *testing.T) {
	for _, s := range sets {
		t.Run(s.name, func(t *testing.T) {
			dk := must(s.generate())
			again := must(s.fromSeed(dk.Bytes()))
			expanded := must(s.expanded(dk.ExpandedBytes()))
			ek := must(s.parse(dk.EncapsulationKey().Bytes()))
			ss, ct := ek.Encapsulate()
			if len(dk.Bytes()) != mlkem.SeedSize || len(dk.ExpandedBytes()) != s.dk || len(ek.Bytes()) != s.ek ||
				len(ct) != s.ct || len(ss) != mlkem.SharedSecretSize {
				t.Errorf("sizes: seed %d, dk %d, ek %d, ct %d, ss %d", len(dk.Bytes()), len(dk.ExpandedBytes()), len(ek.Bytes()), len(ct), len(ss))
			}
			for what, key := range map[string]*mlkem.DecapsulationKey{"key": dk, "from seed": again, "expanded": expanded} {
				if got := must(key.Decapsulate(ct)); !bytes.Equal(got, ss) {
					t.Errorf("%s: other secret", what)
				}
				if !bytes.Equal(key.EncapsulationKey().Bytes(), ek.Bytes()) || !bytes.Equal(key.ExpandedBytes(), dk.ExpandedBytes()) {
					t.Errorf("%s: other key", what)
				}
			}
			if expanded.Bytes() != nil {
				t.Error("a key in expanded form knows a seed")
			}
			if ss2, ct2 := ek.Encapsulate(); bytes.Equal(ss, ss2) || bytes.Equal(ct, ct2) {
				t.Error("two encapsulations are the same")
			}
			ct[0] ^= 1
			rejected := must(dk.Decapsulate(ct))
			if bytes.Equal(rejected, ss) || !bytes.Equal(rejected, must(again.Decapsulate(ct))) {
				t.Error("an altered ciphertext does not give the key's own pseudorandom secret")
			}
		})
	}
}

func TestRefuses(t *testing.T) {
	for _, s := range sets {
		t.Run(s.name, func(t *testing.T) {
			dk := must(s.generate())
			for what, call := range map[string]struct {
				size int
				call func([]byte) error
			}{
				"seed":     {mlkem.SeedSize, func(b []byte) error { _, err := s.fromSeed(b); return err }},
				"expanded": {s.dk, func(b []byte) error { _, err := s.expanded(b); return err }},
				"ek":       {s.ek, func(b []byte) error { _, err := s.parse(b); return err }},
				"ct":       {s.ct, func(b []byte) error { _, err := dk.Decapsulate(b); return err }},
			} {
				for _, n := range []int{0, 1, call.size - 1, call.size + 1} {
					if call.call(make([]byte, n)) == nil {
						t.Errorf("%s of %d bytes: no error", what, n)
					}
				}
			}
			ek := dk.EncapsulationKey().Bytes()
			ek[0], ek[1] = 0x01, ek[1]&0xf0|0x0d // 3329
			if _, err := s.parse(ek); err == nil {
				t.Error("coefficient 3329: no error")
			}
			expanded := dk.ExpandedBytes()
			expanded[s.dk-64] ^= 1
			if _, err := s.expanded(expanded); err == nil {
				t.Error("wrong hash in an expanded key: no error")
			}
		})
	}
}

// TestStandardLibrary goes both ways between ours and crypto/mlkem.
func TestStandardLibrary(t *testing.T) {
	seed := make([]byte, mlkem.SeedSize)
	for range 20 {
		rand.Read(seed)
		ours, theirs := must(mlkem.NewDecapsulationKey768(seed)), must(stdlib.NewDecapsulationKey768(seed))
		if !bytes.Equal(ours.EncapsulationKey().Bytes(), theirs.EncapsulationKey().Bytes()) {
			t.Fatalf("seed %x: other encapsulation key", seed)
		}
		ss, ct := ours.EncapsulationKey().Encapsulate()
		if got := must(theirs.Decapsulate(ct)); !bytes.Equal(got, ss) {
			t.Fatalf("seed %x: crypto/mlkem decapsulates another secret", seed)
		}
		ss, ct = theirs.EncapsulationKey().Encapsulate()
		if got := must(ours.Decapsulate(ct)); !bytes.Equal(got, ss) {
			t.Fatalf("seed %x: we decapsulate another secret", seed)
		}
	}
}

// The KEM without TLS.
func Example() {
	dk, err := mlkem.GenerateKey768()
	if err != nil {
		panic(err)
	}
	ek, err := mlkem.NewEncapsulationKey768(dk.EncapsulationKey().Bytes())
	if err != nil {
		panic(err)
	}
	sharedSecret, ct := ek.Encapsulate()
	same, err := dk.Decapsulate(ct)
	if err != nil {
		panic(err)
	}
	fmt.Println(len(ct), bytes.Equal(same, sharedSecret))
	// Output: 1088 true
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
