package kyber_test

import (
	"bytes"
	"crypto/sha3"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/kyber"
	"github.com/pqkx/pqkx/mlkem"
)

// kyberSecret makes the secret of Kyber from that of ML-KEM for an honest
// ciphertext: SHAKE256(K || SHA3-256(ct), 32).
func kyberSecret(mlkemSecret, ct []byte) []byte {
	h := sha3.Sum256(ct)
	return sha3.SumSHAKE256(append(bytes.Clone(mlkemSecret), h[:]...), 32)
}

// TestFormula is for kyberSecret itself.
func TestFormula(t *testing.T) {
	k, ct := make([]byte, 32), make([]byte, 1088)
	for i := range k {
		k[i] = byte(i)
	}
	for i := range ct {
		ct[i] = byte(7*i + 3)
	}
	const want = "97d8474a686144353542d191117bb930b3eaaa5c807f1b0b1928b8cb05fec58c"
	if got := hex.EncodeToString(kyberSecret(k, ct)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestAgainstMLKEM decapsulates a Kyber ciphertext with the same expanded key
// as ML-KEM: the two differ in the last step alone.
func TestAgainstMLKEM(t *testing.T) {
	for name, s := range map[string]struct {
		generate func() (*kyber.DecapsulationKey, error)
		parse    func([]byte) (*kyber.EncapsulationKey, error)
		expanded func([]byte) (*mlkem.DecapsulationKey, error)
	}{
		"512":  {kyber.GenerateKey512, kyber.NewEncapsulationKey512, mlkem.NewExpandedDecapsulationKey512},
		"768":  {kyber.GenerateKey768, kyber.NewEncapsulationKey768, mlkem.NewExpandedDecapsulationKey768},
		"1024": {kyber.GenerateKey1024, kyber.NewEncapsulationKey1024, mlkem.NewExpandedDecapsulationKey1024},
	} {
		t.Run(name, func(t *testing.T) {
			dk := must(s.generate())
			ss, ct := must(s.parse(dk.EncapsulationKey().Bytes())).Encapsulate()
			if got := must(dk.Decapsulate(ct)); !bytes.Equal(got, ss) {
				t.Error("Kyber disagrees with itself")
			}
			twin := must(s.expanded(dk.ExpandedBytes()))
			if got := kyberSecret(must(twin.Decapsulate(ct)), ct); !bytes.Equal(got, ss) {
				t.Error("the secret is not the formula's")
			}
		})
	}
}

// TestFormsOfKeys makes a key from its seed and from its expanded form.
func TestFormsOfKeys(t *testing.T) {
	type parse = func([]byte) (*kyber.DecapsulationKey, error)
	for name, s := range map[string]struct {
		generate           func() (*kyber.DecapsulationKey, error)
		fromSeed, expanded parse
	}{
		"512":  {kyber.GenerateKey512, kyber.NewDecapsulationKey512, kyber.NewExpandedDecapsulationKey512},
		"768":  {kyber.GenerateKey768, kyber.NewDecapsulationKey768, kyber.NewExpandedDecapsulationKey768},
		"1024": {kyber.GenerateKey1024, kyber.NewDecapsulationKey1024, kyber.NewExpandedDecapsulationKey1024},
	} {
		dk := must(s.generate())
		ss, ct := dk.EncapsulationKey().Encapsulate()
		seed := dk.Bytes()
		if len(seed) != kyber.SeedSize {
			t.Errorf("%s: a seed of %d bytes", name, len(seed))
		}
		for form, again := range map[string]*kyber.DecapsulationKey{"seed": must(s.fromSeed(seed)), "expanded": must(s.expanded(dk.ExpandedBytes()))} {
			if !bytes.Equal(must(again.Decapsulate(ct)), ss) || !bytes.Equal(again.EncapsulationKey().Bytes(), dk.EncapsulationKey().Bytes()) {
				t.Errorf("%s: from its %s it is another key", name, form)
			}
		}
		if must(s.expanded(dk.ExpandedBytes())).Bytes() != nil {
			t.Errorf("%s: the expanded form has a seed", name)
		}
		for _, n := range []int{0, 1, kyber.SeedSize - 1, kyber.SeedSize + 1} {
			if _, err := s.fromSeed(make([]byte, n)); err == nil {
				t.Errorf("%s: a seed of %d bytes is taken", name, n)
			}
		}
	}
}

// TestRefuses is for what the backend would panic on or let pass.
func TestRefuses(t *testing.T) {
	dk := must(kyber.GenerateKey768())
	ek := dk.EncapsulationKey().Bytes()
	for _, n := range []int{0, 1, 1183, 1185} {
		if _, err := kyber.NewEncapsulationKey768(make([]byte, n)); err == nil {
			t.Errorf("ek of %d bytes: no error", n)
		}
		if _, err := kyber.NewExpandedDecapsulationKey768(make([]byte, n)); err == nil {
			t.Errorf("dk of %d bytes: no error", n)
		}
		if _, _, err := kyber.Kyber768().Encapsulate(make([]byte, n)); !errors.Is(err, pqkx.ErrKeyShare) {
			t.Errorf("client share of %d bytes: %v, want ErrKeyShare", n, err)
		}
	}
	ek[0], ek[1] = 0xff, ek[1]|0x0f // 4095
	if _, err := kyber.NewEncapsulationKey768(ek); err == nil {
		t.Error("coefficient 4095: no error")
	}
	expanded := dk.ExpandedBytes()
	expanded[len(expanded)-64] ^= 1
	if _, err := kyber.NewExpandedDecapsulationKey768(expanded); err == nil {
		t.Error("wrong hash in an expanded key: no error")
	}
	if _, err := pqkx.New(kyber.Kyber768()); err == nil {
		t.Error("a provider takes Kyber768, which has no code point")
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
