package kem

import (
	"github.com/cloudflare/circl/kem/mlkem/mlkem1024"
	"github.com/cloudflare/circl/kem/mlkem/mlkem512"
	"github.com/cloudflare/circl/kem/mlkem/mlkem768"
)

// CirclMLKEM512 returns ML-KEM-512 on circl, a reference for tests.
func CirclMLKEM512() Expander { return &circlMLKEM512 }

var circlMLKEM512 = circlScheme[mlkem512.PublicKey, mlkem512.PrivateKey, *mlkem512.PublicKey, *mlkem512.PrivateKey]{
	name:          "ML-KEM-512",
	sizes:         Sizes{mlkem512.PublicKeySize, mlkem512.PrivateKeySize, mlkem512.CiphertextSize},
	generate:      mlkem512.NewKeyFromSeed,
	unpackPublic:  func(pk *mlkem512.PublicKey, ek []byte) bool { return pk.Unpack(ek) == nil },
	unpackPrivate: func(sk *mlkem512.PrivateKey, dk []byte) bool { return sk.Unpack(dk) == nil },
}

// CirclMLKEM768 returns ML-KEM-768 on circl, a reference for tests.
func CirclMLKEM768() Expander { return &circlMLKEM768 }

var circlMLKEM768 = circlScheme[mlkem768.PublicKey, mlkem768.PrivateKey, *mlkem768.PublicKey, *mlkem768.PrivateKey]{
	name:          "ML-KEM-768",
	sizes:         Sizes{mlkem768.PublicKeySize, mlkem768.PrivateKeySize, mlkem768.CiphertextSize},
	generate:      mlkem768.NewKeyFromSeed,
	unpackPublic:  func(pk *mlkem768.PublicKey, ek []byte) bool { return pk.Unpack(ek) == nil },
	unpackPrivate: func(sk *mlkem768.PrivateKey, dk []byte) bool { return sk.Unpack(dk) == nil },
}

// CirclMLKEM1024 returns ML-KEM-1024 on circl, a reference for tests.
func CirclMLKEM1024() Expander { return &circlMLKEM1024 }

var circlMLKEM1024 = circlScheme[mlkem1024.PublicKey, mlkem1024.PrivateKey, *mlkem1024.PublicKey, *mlkem1024.PrivateKey]{
	name:          "ML-KEM-1024",
	sizes:         Sizes{mlkem1024.PublicKeySize, mlkem1024.PrivateKeySize, mlkem1024.CiphertextSize},
	generate:      mlkem1024.NewKeyFromSeed,
	unpackPublic:  func(pk *mlkem1024.PublicKey, ek []byte) bool { return pk.Unpack(ek) == nil },
	unpackPrivate: func(sk *mlkem1024.PrivateKey, dk []byte) bool { return sk.Unpack(dk) == nil },
}
