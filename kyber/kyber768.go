package kyber

import "github.com/pqkx/pqkx/internal/kem"

// GenerateKey768 makes a fresh Kyber768 key (specification v3.02, algorithm 7). The
// error is always nil; it is there for the signature of crypto/mlkem.
func GenerateKey768() (*DecapsulationKey, error) {
	return newDecapsulationKey(kem.GenerateKey(kem.Kyber768()), nil)
}

// NewDecapsulationKey768 expands a Kyber768 seed d || z. It refuses a length other
// than [SeedSize].
func NewDecapsulationKey768(seed []byte) (*DecapsulationKey, error) {
	return newDecapsulationKey(kem.NewDecapsulationKey(kem.Kyber768(), seed))
}

// NewExpandedDecapsulationKey768 parses a Kyber768 decapsulation key in expanded
// form, for keys from elsewhere. It refuses a wrong length and a key whose hash
// of its encapsulation key does not match (FIPS 203, section 7.3).
// Coefficients that are not below q are reduced.
func NewExpandedDecapsulationKey768(dk []byte) (*DecapsulationKey, error) {
	return newDecapsulationKey(kem.NewExpandedDecapsulationKey(kem.Kyber768(), dk))
}

// NewEncapsulationKey768 parses a Kyber768 encapsulation key. It refuses a wrong
// length and coefficients that are not below q = 3329 (FIPS 203, section 7.2).
func NewEncapsulationKey768(ek []byte) (*EncapsulationKey, error) {
	return newEncapsulationKey(kem.NewEncapsulationKey(kem.Kyber768(), ek))
}
