package kem

import "github.com/cloudflare/circl/kem/mlkem/mlkem512"

// MLKEM512 returns ML-KEM-512 (FIPS 203) on circl.
func MLKEM512() Expander { return &mlkem512Circl }

var mlkem512Circl = circlScheme[mlkem512.PublicKey, mlkem512.PrivateKey, *mlkem512.PublicKey, *mlkem512.PrivateKey]{
	name:          "ML-KEM-512",
	sizes:         Sizes{mlkem512.PublicKeySize, mlkem512.PrivateKeySize, mlkem512.CiphertextSize},
	generate:      mlkem512.NewKeyFromSeed,
	unpackPublic:  func(pk *mlkem512.PublicKey, ek []byte) bool { return pk.Unpack(ek) == nil },
	unpackPrivate: func(sk *mlkem512.PrivateKey, dk []byte) bool { return sk.Unpack(dk) == nil },
}
