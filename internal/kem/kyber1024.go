package kem

import "github.com/cloudflare/circl/kem/kyber/kyber1024"

// Kyber1024 returns round-3 Kyber1024 (specification v3.02) on circl.
func Kyber1024() Expander { return &kyber1024Circl }

var kyber1024Circl = circlScheme[kyber1024.PublicKey, kyber1024.PrivateKey, *kyber1024.PublicKey, *kyber1024.PrivateKey]{
	name:     "Kyber1024",
	sizes:    Sizes{kyber1024.PublicKeySize, kyber1024.PrivateKeySize, kyber1024.CiphertextSize},
	generate: kyber1024.NewKeyFromSeed,
	unpackPublic: func(pk *kyber1024.PublicKey, ek []byte) bool {
		ok := Reduced(ek)
		if ok {
			pk.Unpack(ek)
		}
		return ok
	},
	unpackPrivate: func(sk *kyber1024.PrivateKey, dk []byte) bool {
		ok := HashMatches(dk)
		if ok {
			sk.Unpack(dk)
		}
		return ok
	},
}
