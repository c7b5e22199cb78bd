// Package kyber is round-3 Kyber (specification v3.02), the forerunner of
// ML-KEM: key types, and the post-quantum half of the two groups that browsers
// and servers used before FIPS 203. New designs want package mlkem.
//
// Kyber and ML-KEM have the same keys and ciphertexts on the wire, but not the
// same shared secret.
//
// Unlike round 3's reference code, an encapsulation key with a coefficient that
// is not below q is refused, as FIPS 203, section 7.2 has it.
package kyber

import (
	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/internal/kem"
)

// Kyber768 returns Kyber768 as a part for hybrid.New: a client share of 1184
// bytes, a server share of 1088, a secret of 32. It has no code point of its
// own, so no provider takes it by itself.
func Kyber768() pqkx.Group { return kem.NewGroup(0, kem.Kyber768(), false) }
