package kem

import "github.com/cloudflare/circl/kem/mlkem/mlkem1024"

// MLKEM1024 returns ML-KEM-1024 (FIPS 203) on circl.
func MLKEM1024() Expander { return &mlkem1024Circl }

var mlkem1024Circl = circlScheme[mlkem1024.PublicKey, mlkem1024.PrivateKey, *mlkem1024.PublicKey, *mlkem1024.PrivateKey]{
	name:          "ML-KEM-1024",
	sizes:         Sizes{mlkem1024.PublicKeySize, mlkem1024.PrivateKeySize, mlkem1024.CiphertextSize},
	generate:      mlkem1024.NewKeyFromSeed,
	unpackPublic:  func(pk *mlkem1024.PublicKey, ek []byte) bool { return pk.Unpack(ek) == nil },
	unpackPrivate: func(sk *mlkem1024.PrivateKey, dk []byte) bool { return sk.Unpack(dk) == nil },
}
