package grouptest

import (
	"bytes"
	"crypto/elliptic"
	"math/big"
	"slices"

	"github.com/pqkx/pqkx"
)

// checkNISTCurve gives both sides what is not an uncompressed point of the
// curve (RFC 8446, section 4.2.8.2).
func checkNISTCurve(g pqkx.Group, f *flight, fail failFunc) {
	overParts(g, f, func(p part) {
		for what, point := range badPoints(p, p.client(f.client)) {
			f.refused(g, p, point, what, fail)
		}
	}, pqkx.Secp256r1, pqkx.Secp384r1, pqkx.Secp521r1)
}

var curves = map[pqkx.NamedGroup]elliptic.Curve{
	pqkx.Secp256r1: elliptic.P256(),
	pqkx.Secp384r1: elliptic.P384(),
	pqkx.Secp521r1: elliptic.P521(),
}

// badPoints bends a good point.
func badPoints(p part, good []byte) map[string][]byte {
	prime := curves[p.id].Params().P
	size := (len(good) - 1) / 2
	bend := func(f func(point []byte)) []byte {
		c := bytes.Clone(good)
		f(c)
		return c
	}
	bad := map[string][]byte{
		"the compressed form, prefix 02":  bend(func(c []byte) { c[0] = 2 }),
		"the compressed form, prefix 03":  bend(func(c []byte) { c[0] = 3 }),
		"a hybrid form's prefix":          bend(func(c []byte) { c[0] = 6 | c[len(c)-1]&1 }),
		"the prefix of infinity":          bend(func(c []byte) { c[0] = 0 }),
		"a point off the curve":           bend(func(c []byte) { c[len(c)-1] ^= 1 }),
		"x = p":                           bend(func(c []byte) { prime.FillBytes(c[1:][:size]) }),
		"y = p":                           bend(func(c []byte) { prime.FillBytes(c[1+size:]) }),
		"x = y = 0":                       bend(func(c []byte) { clear(c[1:]) }),
		"coordinates with every bit set":  bend(func(c []byte) { copy(c[1:], bytes.Repeat([]byte{0xFF}, 2*size)) }),
		"coordinates in the other order":  bend(func(c []byte) { copy(c[1:], slices.Concat(good[1+size:], good[1:][:size])) }),
		"a point in little-endian digits": bend(func(c []byte) { slices.Reverse(c[1:]) }),
	}
	if x := new(big.Int).Add(new(big.Int).SetBytes(good[1:][:size]), prime); x.BitLen() <= 8*size {
		bad["x + p for x"] = bend(func(c []byte) { x.FillBytes(c[1:][:size]) })
	}
	return bad
}
