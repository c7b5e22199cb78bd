package kyber

import "github.com/pqkx/pqkx/internal/kem"

// Sizes in bytes that all parameter sets have in common (specification v3.02, section 1.4).
const (
	SeedSize         = kem.SeedSize // d || z
	SharedSecretSize = kem.SharedSecretSize
)

// A DecapsulationKey is a private key of one parameter set, expanded and ready
// for use. It is safe for concurrent use.
type DecapsulationKey struct{ key kem.DecapsulationKey }

// An EncapsulationKey is a public key of one parameter set, parsed and ready
// for use. It is safe for concurrent use.
type EncapsulationKey struct{ key kem.EncapsulationKey }

// Bytes returns the key as its seed d || z, SeedSize bytes, or nil if the key
// was made from the expanded form, which does not tell.
func (dk *DecapsulationKey) Bytes() []byte { return dk.key.Bytes() }

// ExpandedBytes returns the key in expanded form, dk_PKE || ek || H(ek) || z:
// 1632, 2400 or 3168 bytes. Store the seed instead where you can.
func (dk *DecapsulationKey) ExpandedBytes() []byte { return dk.key.Expanded() }

// EncapsulationKey returns the public half.
func (dk *DecapsulationKey) EncapsulationKey() *EncapsulationKey {
	return &EncapsulationKey{dk.key.EncapsulationKey()}
}

// Decapsulate returns the shared secret, 32 bytes, that a ciphertext carries.
// The only error is a ciphertext of the wrong length. One that was altered, or
// made for another key, gives a pseudorandom secret (specification v3.02, algorithm 9).
func (dk *DecapsulationKey) Decapsulate(ct []byte) (sharedSecret []byte, err error) {
	return dk.key.Decapsulate(ct)
}

// Bytes returns the encoded key: 800, 1184 or 1568 bytes.
func (ek *EncapsulationKey) Bytes() []byte { return ek.key.Bytes() }

// Encapsulate draws a fresh shared secret, 32 bytes, and returns it with the
// ciphertext that carries it: 768, 1088 or 1568 bytes.
func (ek *EncapsulationKey) Encapsulate() (sharedSecret, ciphertext []byte) {
	return ek.key.Encapsulate()
}

func newDecapsulationKey(key kem.DecapsulationKey, err error) (*DecapsulationKey, error) {
	if err != nil {
		return nil, err
	}
	return &DecapsulationKey{key}, nil
}

func newEncapsulationKey(key kem.EncapsulationKey, err error) (*EncapsulationKey, error) {
	if err != nil {
		return nil, err
	}
	return &EncapsulationKey{key}, nil
}
