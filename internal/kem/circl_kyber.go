package kem

import (
	"github.com/cloudflare/circl/kem/kyber/kyber1024"
	"github.com/cloudflare/circl/kem/kyber/kyber512"
	"github.com/cloudflare/circl/kem/kyber/kyber768"
)

// CirclKyber512 returns Kyber512 on circl, a reference for tests.
func CirclKyber512() Expander { return &circlKyber512 }

var circlKyber512 = circlScheme[kyber512.PublicKey, kyber512.PrivateKey, *kyber512.PublicKey, *kyber512.PrivateKey]{
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

// CirclKyber768 returns Kyber768 on circl, a reference for tests.
func CirclKyber768() Expander { return &circlKyber768 }

var circlKyber768 = circlScheme[kyber768.PublicKey, kyber768.PrivateKey, *kyber768.PublicKey, *kyber768.PrivateKey]{
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

// CirclKyber1024 returns Kyber1024 on circl, a reference for tests.
func CirclKyber1024() Expander { return &circlKyber1024 }

var circlKyber1024 = circlScheme[kyber1024.PublicKey, kyber1024.PrivateKey, *kyber1024.PublicKey, *kyber1024.PrivateKey]{
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
