package kem

import (
	"crypto/fips140"
	"crypto/mlkem"
	"crypto/mlkem/mlkemtest"
)

// Standard768 returns ML-KEM-768 on crypto/mlkem, the code of the Go
// Cryptographic Module.
func Standard768() Scheme { return &standard768 }

// Standard1024 returns ML-KEM-1024 on crypto/mlkem.
func Standard1024() Scheme { return &standard1024 }

var standard768 = standardScheme[*mlkem.DecapsulationKey768, *mlkem.EncapsulationKey768]{
	name:        "ML-KEM-768",
	sizes:       Sizes{mlkem.EncapsulationKeySize768, 2400, mlkem.CiphertextSize768},
	newKey:      mlkem.NewDecapsulationKey768,
	parse:       mlkem.NewEncapsulationKey768,
	encapsulate: mlkemtest.Encapsulate768,
}

var standard1024 = standardScheme[*mlkem.DecapsulationKey1024, *mlkem.EncapsulationKey1024]{
	name:        "ML-KEM-1024",
	sizes:       Sizes{mlkem.EncapsulationKeySize1024, 3168, mlkem.CiphertextSize1024},
	newKey:      mlkem.NewDecapsulationKey1024,
	parse:       mlkem.NewEncapsulationKey1024,
	encapsulate: mlkemtest.Encapsulate1024,
}

// A standardScheme is a parameter set of crypto/mlkem. D and E are its
// decapsulation and encapsulation key.
type standardScheme[D standardPrivate[E], E standardPublic] struct {
	name        string
	sizes       Sizes
	newKey      func(seed []byte) (D, error)
	parse       func(ek []byte) (E, error)
	encapsulate func(ek E, m []byte) (ss, ct []byte, err error) // from a given m
}

type standardPrivate[E any] interface {
	EncapsulationKey() E
	Decapsulate(ct []byte) ([]byte, error)
}

type standardPublic interface {
	Bytes() []byte
	Encapsulate() (ss, ct []byte)
}

func (s *standardScheme[D, E]) Name() string    { return s.name }
func (s *standardScheme[D, E]) Backend() string { return "crypto/mlkem" }
func (s *standardScheme[D, E]) Sizes() Sizes    { return s.sizes }

func (s *standardScheme[D, E]) NewKey(seed []byte) Decapsulator {
	return &standardKey[D, E]{s, must(s.newKey(seed))}
}

func (s *standardScheme[D, E]) ParseEncapsulationKey(ek []byte) (Encapsulator, bool) {
	key, err := s.parse(ek)
	return standardEncapsulator[D, E]{s, key}, err == nil
}

type standardEncapsulator[D standardPrivate[E], E standardPublic] struct {
	scheme *standardScheme[D, E]
	key    E
}

func (e standardEncapsulator[D, E]) Pack(ek []byte) { copy(ek, e.key.Bytes()) }

func (e standardEncapsulator[D, E]) EncapsulateTo(ss, ct, m []byte) {
	var secret, ciphertext []byte
	if m == nil {
		secret, ciphertext = e.key.Encapsulate()
	} else {
		// A known answer. GODEBUG=fips140=only forbids it to protect anything,
		// which nobody does: m comes from package derand alone.
		fips140.WithoutEnforcement(func() {
			var err error
			secret, ciphertext, err = e.scheme.encapsulate(e.key, m)
			must(ciphertext, err)
		})
	}
	defer clear(secret)
	copy(ss, secret)
	copy(ct, ciphertext)
}

type standardKey[D standardPrivate[E], E standardPublic] struct {
	scheme *standardScheme[D, E]
	key    D
}

func (k *standardKey[D, E]) Encapsulator() Encapsulator {
	return standardEncapsulator[D, E]{k.scheme, k.key.EncapsulationKey()}
}

func (k *standardKey[D, E]) DecapsulateTo(ss, ct []byte) {
	secret := must(k.key.Decapsulate(ct))
	defer clear(secret)
	copy(ss, secret)
}

// Destroy drops the key; crypto/mlkem has no way to clear it.
func (k *standardKey[D, E]) Destroy() { k.key = *new(D) }

// must is for errors that crypto/mlkem gives for wrong lengths alone, which the
// callers of a [Scheme] have ruled out.
func must[T any](v T, err error) T {
	if err != nil {
		panic("kem: crypto/mlkem refused a checked length: " + err.Error())
	}
	return v
}
