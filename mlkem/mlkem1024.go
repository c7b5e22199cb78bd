package mlkem

import "github.com/pqkx/pqkx/internal/kem"

// GenerateKey1024 makes a fresh ML-KEM-1024 key (FIPS 203, algorithm 19). The
// error is always nil; it is there for the signature of crypto/mlkem.
func GenerateKey1024() (*DecapsulationKey, error) {
	return newDecapsulationKey(kem.GenerateKey(kem.MLKEM1024()), nil)
}

// NewDecapsulationKey1024 expands an ML-KEM-1024 seed d || z. It refuses a length other
// than [SeedSize].
func NewDecapsulationKey1024(seed []byte) (*DecapsulationKey, error) {
	return newDecapsulationKey(kem.NewDecapsulationKey(kem.MLKEM1024(), seed))
}

// NewExpandedDecapsulationKey1024 parses an ML-KEM-1024 decapsulation key in expanded
// form, for keys from elsewhere. It refuses a wrong length and a key whose hash
// of its encapsulation key does not match (FIPS 203, section 7.3).
// Coefficients that are not below q are reduced.
func NewExpandedDecapsulationKey1024(dk []byte) (*DecapsulationKey, error) {
	return newDecapsulationKey(kem.NewExpandedDecapsulationKey(kem.MLKEM1024(), dk))
}

// NewEncapsulationKey1024 parses an ML-KEM-1024 encapsulation key. It refuses a wrong
// length and coefficients that are not below q = 3329 (FIPS 203, section 7.2).
func NewEncapsulationKey1024(ek []byte) (*EncapsulationKey, error) {
	return newEncapsulationKey(kem.NewEncapsulationKey(kem.MLKEM1024(), ek))
}
