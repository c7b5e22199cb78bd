package grouptest

import (
	"bytes"
	"math/big"
	"slices"

	"github.com/pqkx/pqkx"
)

// checkX25519 gives both sides the points of low order in every encoding (RFC
// 8446, section 7.4.2), and encodings that must be accepted (RFC 7748, section
// 5): the high bit set, and u not below p.
func checkX25519(g pqkx.Group, f *flight, fail failFunc) {
	overParts(g, f, func(p part) {
		for _, u := range lowOrder() {
			f.refused(g, p, u, "X25519 point of low order "+hexLE(u), fail)
		}
		f.highBit(g, p, fail)
		f.sameSecret(p, littleEndian(big.NewInt(9)), littleEndian(new(big.Int).Add(p25519, big.NewInt(9))), fail)
	}, pqkx.X25519)
}

var p25519 = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))

// lowOrder returns the encodings of the points of order 1, 2, 4 and 8 on the
// curve and its twist: u in 0, 1, p-1 and the two of order 8, with p added where
// that fits, and each with the high bit clear and set.
func lowOrder() [][]byte {
	order8 := func(s string) *big.Int { n, _ := new(big.Int).SetString(s, 10); return n }
	us := []*big.Int{
		big.NewInt(0), big.NewInt(1), new(big.Int).Sub(p25519, big.NewInt(1)),
		order8("325606250916557431795983626356110631294008115727848805560023387167927233504"),
		order8("39382357235489614581723060781553021112529911719440698176882885853963445705823"),
		p25519, new(big.Int).Add(p25519, big.NewInt(1)),
	}
	var points [][]byte
	for _, u := range us {
		low := littleEndian(u)
		high := bytes.Clone(low)
		high[31] |= 0x80
		points = append(points, low, high)
	}
	return points
}

func littleEndian(u *big.Int) []byte {
	b := u.FillBytes(make([]byte, 32))
	slices.Reverse(b)
	return b
}

func hexLE(u []byte) string {
	b := bytes.Clone(u)
	slices.Reverse(b)
	return "u = 0x" + new(big.Int).SetBytes(b).Text(16)
}

// highBit sets the bit of both shares that X25519 ignores.
func (f *flight) highBit(g pqkx.Group, p part, fail failFunc) {
	set := func(point []byte) []byte {
		c := bytes.Clone(point)
		c[31] |= 0x80
		return c
	}
	want, server, err := g.Encapsulate(p.inClient(f.client, set(p.client(f.client))))
	if err != nil {
		fail("client share with the high bit of X25519 set: %v", err)
		return
	}
	if secret, err := f.ks.Decapsulate(server); err != nil || !bytes.Equal(secret, want) {
		fail("client share with the high bit of X25519 set: secret %x, error %v, want %x", secret, err, want)
	}
	secret, err := f.ks.Decapsulate(p.inServer(f.server, set(p.server(f.server))))
	if err != nil || !bytes.Equal(secret, f.secret) {
		fail("server share with the high bit of X25519 set: secret %x, error %v, want %x", secret, err, f.secret)
	}
}

// sameSecret gives the client two encodings of one point.
func (f *flight) sameSecret(p part, a, b []byte, fail failFunc) {
	want, err := f.ks.Decapsulate(p.inServer(f.server, a))
	if err != nil {
		fail("server share with X25519 %s: %v", hexLE(a), err)
		return
	}
	secret, err := f.ks.Decapsulate(p.inServer(f.server, b))
	if err != nil || !bytes.Equal(secret, want) {
		fail("X25519 %s is not taken for %s: error %v", hexLE(b), hexLE(a), err)
	}
}
