package mlkem

import "github.com/pqkx/pqkx/internal/kem"

// GenerateKey512 makes a fresh ML-KEM-512 key (FIPS 203, algorithm 19). The
// error is always nil; it is there for the signature of crypto/mlkem.
func GenerateKey512() (*DecapsulationKey, error) {
	return newDecapsulationKey(kem.GenerateKey(kem.MLKEM512()), nil)
}

// NewDecapsulationKey512 expands an ML-KEM-512 seed d || z. It refuses a length other
// than [SeedSize].
func NewDecapsulationKey512(seed []byte) (*DecapsulationKey, error) {
	return newDecapsulationKey(kem.NewDecapsulationKey(kem.MLKEM512(), seed))
}

// NewExpandedDecapsulationKey512 parses an ML-KEM-512 decapsulation key in expanded
// form, for keys from elsewhere. It refuses a wrong length and a key whose hash
// of its encapsulation key does not match (FIPS 203, section 7.3).
// Coefficients that are not below q are reduced.
func NewExpandedDecapsulationKey512(dk []byte) (*DecapsulationKey, error) {
	return newDecapsulationKey(kem.NewExpandedDecapsulationKey(kem.MLKEM512(), dk))
}

// NewEncapsulationKey512 parses an ML-KEM-512 encapsulation key. It refuses a wrong
// length and coefficients that are not below q = 3329 (FIPS 203, section 7.2).
func NewEncapsulationKey512(ek []byte) (*EncapsulationKey, error) {
	return newEncapsulationKey(kem.NewEncapsulationKey(kem.MLKEM512(), ek))
}
