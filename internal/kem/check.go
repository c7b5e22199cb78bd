package kem

import (
	"bytes"
	"crypto/sha3"
)

// q is the modulus of ML-KEM and Kyber (FIPS 203, section 2.4).
const q = 3329

// Reduced reports whether every 12-bit coefficient of an encoded encapsulation
// key is below q: the modulus check of FIPS 203, section 7.2, for backends that
// reduce in silence, as round-3 Kyber did. The last 32 bytes, rho, are free.
// The length has been checked; the key is public, so time may depend on it.
func Reduced(ek []byte) bool {
	for t := ek[:len(ek)-32]; len(t) >= 3; t = t[3:] {
		low := uint(t[0]) | uint(t[1]&0x0f)<<8
		high := uint(t[1])>>4 | uint(t[2])<<4
		if low >= q || high >= q {
			return false
		}
	}
	return true
}

// HashMatches reports whether an expanded decapsulation key holds the hash of
// the encapsulation key in it: the hash check of FIPS 203, section 7.3. The
// length, 768k + 96 bytes, has been checked.
func HashMatches(dk []byte) bool {
	pke := (len(dk) - 96) / 2 // dk_PKE is 384k bytes, ek 384k + 32
	h := sha3.Sum256(dk[pke : len(dk)-64])
	return bytes.Equal(h[:], dk[len(dk)-64:len(dk)-32])
}
