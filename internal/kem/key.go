package kem

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
)

// A DecapsulationKey is the key type behind those of packages mlkem and kyber.
type DecapsulationKey struct {
	scheme Expander
	key    Decapsulator
	seed   []byte // nil for a key that came in expanded form
}

// GenerateKey makes a key from fresh randomness.
func GenerateKey(s Expander) DecapsulationKey {
	seed := make([]byte, SeedSize)
	rand.Read(seed) // never fails: see its documentation
	return DecapsulationKey{s, s.NewKey(seed), seed}
}

// NewDecapsulationKey expands a seed of SeedSize bytes, of which it keeps a copy.
func NewDecapsulationKey(s Expander, seed []byte) (DecapsulationKey, error) {
	if err := checkLength(s, "seed", len(seed), SeedSize); err != nil {
		return DecapsulationKey{}, err
	}
	return DecapsulationKey{s, s.NewKey(seed), bytes.Clone(seed)}, nil
}

// NewExpandedDecapsulationKey parses a key in expanded form.
func NewExpandedDecapsulationKey(s Expander, dk []byte) (DecapsulationKey, error) {
	if err := checkLength(s, "expanded decapsulation key", len(dk), s.Sizes().DecapsulationKey); err != nil {
		return DecapsulationKey{}, err
	}
	key, ok := s.ParseDecapsulationKey(dk)
	if !ok {
		return DecapsulationKey{}, errors.New(s.Name() + ": decapsulation key does not hold the hash of its encapsulation key")
	}
	return DecapsulationKey{s, key, nil}, nil
}

// Bytes returns a copy of the seed, nil for a key that came in expanded form.
func (dk DecapsulationKey) Bytes() []byte { return bytes.Clone(dk.seed) }

// Expanded returns the key in expanded form.
func (dk DecapsulationKey) Expanded() []byte {
	b := make([]byte, dk.scheme.Sizes().DecapsulationKey)
	dk.scheme.PackDecapsulationKey(b, dk.key)
	return b
}

// EncapsulationKey returns the public half.
func (dk DecapsulationKey) EncapsulationKey() EncapsulationKey {
	return EncapsulationKey{dk.scheme, dk.key.Encapsulator()}
}

// Decapsulate returns the shared secret of a ciphertext. It fails only for a
// wrong length.
func (dk DecapsulationKey) Decapsulate(ct []byte) ([]byte, error) {
	if err := checkLength(dk.scheme, "ciphertext", len(ct), dk.scheme.Sizes().Ciphertext); err != nil {
		return nil, err
	}
	ss := make([]byte, SharedSecretSize)
	dk.key.DecapsulateTo(ss, ct)
	return ss, nil
}

// An EncapsulationKey is the key type behind those of packages mlkem and kyber.
type EncapsulationKey struct {
	scheme Scheme
	key    Encapsulator
}

// NewEncapsulationKey parses an encoded key. It refuses a wrong length and
// coefficients that are not below q.
func NewEncapsulationKey(s Scheme, ek []byte) (EncapsulationKey, error) {
	if err := checkLength(s, "encapsulation key", len(ek), s.Sizes().EncapsulationKey); err != nil {
		return EncapsulationKey{}, err
	}
	key, ok := s.ParseEncapsulationKey(ek)
	if !ok {
		return EncapsulationKey{}, errors.New(s.Name() + ": encapsulation key has a coefficient that is not reduced modulo q")
	}
	return EncapsulationKey{s, key}, nil
}

// Bytes returns the encoded key.
func (ek EncapsulationKey) Bytes() []byte {
	b := make([]byte, ek.scheme.Sizes().EncapsulationKey)
	ek.key.Pack(b)
	return b
}

// Encapsulate makes a fresh shared secret and its ciphertext.
func (ek EncapsulationKey) Encapsulate() (ss, ct []byte) {
	ss, ct = make([]byte, SharedSecretSize), make([]byte, ek.scheme.Sizes().Ciphertext)
	ek.key.EncapsulateTo(ss, ct, nil)
	return ss, ct
}

func checkLength(s Scheme, what string, got, want int) error {
	if got != want {
		return fmt.Errorf("%s: %s of %d bytes, want %d", s.Name(), what, got, want)
	}
	return nil
}
