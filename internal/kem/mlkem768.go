package kem

import "github.com/cloudflare/circl/kem/mlkem/mlkem768"

// MLKEM768 returns ML-KEM-768 (FIPS 203) on circl.
func MLKEM768() Expander { return &mlkem768Circl }

var mlkem768Circl = circlScheme[mlkem768.PublicKey, mlkem768.PrivateKey, *mlkem768.PublicKey, *mlkem768.PrivateKey]{
	name:          "ML-KEM-768",
	sizes:         Sizes{mlkem768.PublicKeySize, mlkem768.PrivateKeySize, mlkem768.CiphertextSize},
	generate:      mlkem768.NewKeyFromSeed,
	unpackPublic:  func(pk *mlkem768.PublicKey, ek []byte) bool { return pk.Unpack(ek) == nil },
	unpackPrivate: func(sk *mlkem768.PrivateKey, dk []byte) bool { return sk.Unpack(dk) == nil },
}
