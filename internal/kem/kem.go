// Package kem has the key encapsulation mechanisms behind packages mlkem and
// kyber, on interchangeable backends, and makes groups of them.
package kem

// Sizes in bytes that all parameter sets have in common.
const (
	SeedSize         = 64 // d || z
	MessageSize      = 32 // m, the randomness of an encapsulation
	SharedSecretSize = 32
)

// Sizes of one parameter set in bytes (FIPS 203, section 8, table 3; the same
// for round-3 Kyber).
type Sizes struct {
	EncapsulationKey int
	DecapsulationKey int // expanded: dk_PKE || ek || H(ek) || z
	Ciphertext       int
}

// A Scheme is one parameter set on one backend. Callers have checked every
// length before they call it.
type Scheme interface {
	Name() string
	Backend() string
	Sizes() Sizes

	// NewKey expands a seed of SeedSize bytes.
	NewKey(seed []byte) Decapsulator

	// ParseEncapsulationKey parses a peer's key. It is false where a
	// coefficient is not below q (FIPS 203, section 7.2).
	ParseEncapsulationKey(ek []byte) (Encapsulator, bool)
}

// An Expander is a Scheme that takes decapsulation keys in expanded form.
type Expander interface {
	Scheme

	// ParseDecapsulationKey parses dk_PKE || ek || H(ek) || z. It is false
	// where H(ek) is not the hash of ek (FIPS 203, section 7.3). Coefficients
	// that are not below q are reduced.
	ParseDecapsulationKey(dk []byte) (Decapsulator, bool)

	// PackDecapsulationKey writes a key of this scheme in that form to dk.
	PackDecapsulationKey(dk []byte, key Decapsulator)
}

// A OnceScheme is a Scheme that is faster at encapsulating to a key that nobody
// will use again.
type OnceScheme interface {
	Scheme

	// EncapsulateOnce is ParseEncapsulationKey, and EncapsulateTo where it
	// is true.
	EncapsulateOnce(ss, ct, ek, m []byte) bool
}

// encapsulateOnce is for any Scheme.
func encapsulateOnce(s Scheme, ss, ct, ek, m []byte) bool {
	if once, ok := s.(OnceScheme); ok {
		return once.EncapsulateOnce(ss, ct, ek, m)
	}
	key, ok := s.ParseEncapsulationKey(ek)
	if ok {
		key.EncapsulateTo(ss, ct, m)
	}
	return ok
}

// An Encapsulator is a parsed encapsulation key, safe for concurrent use.
type Encapsulator interface {
	// Pack writes the encoded key to ek.
	Pack(ek []byte)

	// EncapsulateTo writes a shared secret and its ciphertext. m is
	// MessageSize bytes of randomness, or nil for fresh ones.
	EncapsulateTo(ss, ct, m []byte)
}

// A Decapsulator is an expanded decapsulation key, safe for concurrent use.
type Decapsulator interface {
	// Encapsulator returns the key's public half.
	Encapsulator() Encapsulator

	// DecapsulateTo writes the shared secret of a ciphertext, a pseudorandom
	// one if the ciphertext was not made for this key.
	DecapsulateTo(ss, ct []byte)

	// Destroy clears what the backend gives access to.
	Destroy()
}
