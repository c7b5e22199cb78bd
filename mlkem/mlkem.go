// Package mlkem is ML-KEM of FIPS 203: the groups MLKEM512, MLKEM768 and
// MLKEM1024 of TLS 1.3 (draft-ietf-tls-mlkem), as [pqkx.Group], and key types
// for those who need the KEM without TLS.
//
//	dk, err := mlkem.GenerateKey768()
//	ek, err := mlkem.NewEncapsulationKey768(dk.EncapsulationKey().Bytes())
//	sharedSecret, ct := ek.Encapsulate()
//	sharedSecret, err = dk.Decapsulate(ct)
//
// The client share is an encapsulation key, the server share a ciphertext. A
// share of the wrong length, and a key with a coefficient that is not below q,
// are refused (FIPS 203, section 7.2).
package mlkem

import (
	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/internal/kem"
)

// MLKEM512 returns the group MLKEM512, code point 0x0200: a client share of 800
// bytes, a server share of 768, a secret of 32.
func MLKEM512() pqkx.Group { return kem.NewGroup(pqkx.MLKEM512, kem.MLKEM512(), false) }

// MLKEM768 returns the group MLKEM768, code point 0x0201: a client share of
// 1184 bytes, a server share of 1088, a secret of 32.
func MLKEM768() pqkx.Group { return kem.NewGroup(pqkx.MLKEM768, kem.MLKEM768(), false) }

// MLKEM1024 returns the group MLKEM1024, code point 0x0202: client and server
// shares of 1568 bytes, a secret of 32.
func MLKEM1024() pqkx.Group { return kem.NewGroup(pqkx.MLKEM1024, kem.MLKEM1024(), false) }

// StandardMLKEM768 returns the group MLKEM768 on the standard library's
// crypto/mlkem, which is approved under FIPS 140-3.
func StandardMLKEM768() pqkx.Group { return kem.NewGroup(pqkx.MLKEM768, kem.Standard768(), true) }

// StandardMLKEM1024 returns the group MLKEM1024 on the standard library's
// crypto/mlkem, which is approved under FIPS 140-3.
func StandardMLKEM1024() pqkx.Group { return kem.NewGroup(pqkx.MLKEM1024, kem.Standard1024(), true) }
