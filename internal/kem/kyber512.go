package kem

import "github.com/cloudflare/circl/kem/kyber/kyber512"

// Kyber512 returns round-3 Kyber512 (specification v3.02) on circl.
func Kyber512() Expander { return &kyber512Circl }

var kyber512Circl = circlScheme[kyber512.PublicKey, kyber512.PrivateKey, *kyber512.PublicKey, *kyber512.PrivateKey]{
	name:     "Kyber512",
	sizes:    Sizes{kyber512.PublicKeySize, kyber512.PrivateKeySize, kyber512.CiphertextSize},
	generate: kyber512.NewKeyFromSeed,
	unpackPublic: func(pk *kyber512.PublicKey, ek []byte) bool {
		ok := Reduced(ek)
		if ok {
			pk.Unpack(ek)
		}
		return ok
	},
	unpackPrivate: func(sk *kyber512.PrivateKey, dk []byte) bool {
		ok := HashMatches(dk)
		if ok {
			sk.Unpack(dk)
		}
		return ok
	},
}
