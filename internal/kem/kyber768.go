package kem

import "github.com/cloudflare/circl/kem/kyber/kyber768"

// Kyber768 returns round-3 Kyber768 (specification v3.02) on circl.
func Kyber768() Expander { return &kyber768Circl }

var kyber768Circl = circlScheme[kyber768.PublicKey, kyber768.PrivateKey, *kyber768.PublicKey, *kyber768.PrivateKey]{
	name:     "Kyber768",
	sizes:    Sizes{kyber768.PublicKeySize, kyber768.PrivateKeySize, kyber768.CiphertextSize},
	generate: kyber768.NewKeyFromSeed,
	unpackPublic: func(pk *kyber768.PublicKey, ek []byte) bool {
		ok := Reduced(ek)
		if ok {
			pk.Unpack(ek)
		}
		return ok
	},
	unpackPrivate: func(sk *kyber768.PrivateKey, dk []byte) bool {
		ok := HashMatches(dk)
		if ok {
			sk.Unpack(dk)
		}
		return ok
	},
}
