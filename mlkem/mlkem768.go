package mlkem

import "github.com/pqkx/pqkx/internal/kem"

// GenerateKey768 makes a fresh ML-KEM-768 key (FIPS 203, algorithm 19). The
// error is always nil; it is there for the signature of crypto/mlkem.
func GenerateKey768() (*DecapsulationKey, error) {
	return newDecapsulationKey(kem.GenerateKey(kem.MLKEM768()), nil)
}

// NewDecapsulationKey768 expands an ML-KEM-768 seed d || z. It refuses a length other
// than [SeedSize].
func NewDecapsulationKey768(seed []byte) (*DecapsulationKey, error) {
	return newDecapsulationKey(kem.NewDecapsulationKey(kem.MLKEM768(), seed))
}

// NewExpandedDecapsulationKey768 parses an ML-KEM-768 decapsulation key in expanded
// form, for keys from elsewhere. It refuses a wrong length and a key whose hash
// of its encapsulation key does not match (FIPS 203, section 7.3).
// Coefficients that are not below q are reduced.
func NewExpandedDecapsulationKey768(dk []byte) (*DecapsulationKey, error) {
	return newDecapsulationKey(kem.NewExpandedDecapsulationKey(kem.MLKEM768(), dk))
}

// NewEncapsulationKey768 parses an ML-KEM-768 encapsulation key. It refuses a wrong
// length and coefficients that are not below q = 3329 (FIPS 203, section 7.2).
func NewEncapsulationKey768(ek []byte) (*EncapsulationKey, error) {
	return newEncapsulationKey(kem.NewEncapsulationKey(kem.MLKEM768(), ek))
}
