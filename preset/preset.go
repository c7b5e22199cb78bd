// Package preset has the usual selections of groups. A program that wants
// fewer of them linked makes its own with pqkx.New.
package preset

import (
	"crypto/fips140"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/hybrid"
	"github.com/pqkx/pqkx/mlkem"
	"github.com/pqkx/pqkx/nist"
	"github.com/pqkx/pqkx/x25519"
)

// Default returns the groups for general use: the three hybrids of RFC 10024,
// X25519MLKEM768 first, then the classical ones. In a process under
// GODEBUG=fips140=only it is [FIPS].
func Default() *pqkx.Provider {
	if fips140.Enforced() {
		return FIPS()
	}
	return provider(
		hybrid.X25519MLKEM768(),
		hybrid.SecP256r1MLKEM768(),
		hybrid.SecP384r1MLKEM1024(),
		x25519.Group(),
		nist.P256(),
		nist.P384(),
		nist.P521(),
	)
}

// FIPS returns the groups that are approved under FIPS 140-3, all on the
// standard library's Go Cryptographic Module. To run that module in FIPS mode
// is up to the program: see its GODEBUG setting fips140.
func FIPS() *pqkx.Provider {
	return provider(
		hybrid.StandardX25519MLKEM768(),
		hybrid.StandardSecP256r1MLKEM768(),
		hybrid.StandardSecP384r1MLKEM1024(),
		nist.P256(),
		nist.P384(),
		nist.P521(),
	)
}

// All returns every group of this module: those of [Default], then ML-KEM
// without a classical half, which is not recommended for general use, and last
// the two of Kyber, which are obsolete and are for peers of 2023 and 2024. In a
// process under GODEBUG=fips140=only it is [FIPS].
func All() *pqkx.Provider {
	if fips140.Enforced() {
		return FIPS()
	}
	return provider(append(Default().Groups(),
		mlkem.MLKEM768(),
		mlkem.MLKEM1024(),
		mlkem.MLKEM512(),
		hybrid.X25519Kyber768Draft00(),
		hybrid.SecP256r1Kyber768Draft00(),
	)...)
}

func provider(groups ...pqkx.Group) *pqkx.Provider {
	p, err := pqkx.New(groups...)
	if err != nil {
		panic(err) // the lists above are right, in FIPS mode too
	}
	return p
}
