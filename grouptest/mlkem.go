package grouptest

import (
	"bytes"
	"errors"

	"github.com/pqkx/pqkx"
)

// checkMLKEM gives the server keys that fail the modulus check (FIPS 203,
// section 7.2), and the client ciphertexts that were altered, which are no
// error (section 6.3).
func checkMLKEM(g pqkx.Group, f *flight, fail failFunc) {
	overParts(g, f, func(p part) {
		n := (p.sizes.ClientShare - 32) / 3 * 2 // coefficients of t
		for _, i := range []int{0, 1, 2, 255, 256, n / 2, n - 2, n - 1} {
			for _, v := range []uint16{3329, 3330, 4095} {
				f.refusedByServer(g, p, withCoefficient(p.client(f.client), i, v), "a coefficient of ML-KEM that is not below q", fail)
			}
		}
		f.otherRho(g, p, fail)
		f.alteredCiphertext(p, fail)
	}, pqkx.MLKEM512, pqkx.MLKEM768, pqkx.MLKEM1024)
}

// withCoefficient sets the 12-bit coefficient i of an encapsulation key (FIPS
// 203, algorithm 5).
func withCoefficient(ek []byte, i int, v uint16) []byte {
	c := bytes.Clone(ek)
	pair := c[i/2*3:]
	if i%2 == 0 {
		pair[0], pair[1] = byte(v), pair[1]&0xF0|byte(v>>8)
	} else {
		pair[1], pair[2] = pair[1]&0x0F|byte(v<<4), byte(v>>4)
	}
	return c
}

// otherRho alters the seed of the matrix, which no check covers: the server
// accepts the key and arrives at another secret.
func (f *flight) otherRho(g pqkx.Group, p part, fail failFunc) {
	ek := bytes.Clone(p.client(f.client))
	ek[len(ek)-1] ^= 1
	want, server, err := g.Encapsulate(p.inClient(f.client, ek))
	if err != nil {
		fail("client share with another rho of ML-KEM: %v, want none", err)
		return
	}
	if secret, err := f.ks.Decapsulate(server); err != nil || bytes.Equal(secret, want) {
		fail("client share with another rho of ML-KEM: error %v, secrets equal: %v; want no error and different secrets",
			err, bytes.Equal(secret, want))
	}
}

// alteredCiphertext wants implicit rejection: no error, another secret, and the
// same one each time.
func (f *flight) alteredCiphertext(p part, fail failFunc) {
	n := p.sizes.ServerShare
	for _, i := range []int{0, n / 2, n - 1} {
		ct := bytes.Clone(p.server(f.server))
		ct[i] ^= 1
		altered := p.inServer(f.server, ct)
		secret, err := f.ks.Decapsulate(altered)
		again, err2 := f.ks.Decapsulate(altered)
		switch {
		case err != nil || err2 != nil:
			fail("server share with byte %d of the ciphertext altered: error %v, want none", i, errors.Join(err, err2))
		case bytes.Equal(secret, f.secret):
			fail("server share with byte %d of the ciphertext altered gives the same secret", i)
		case !bytes.Equal(secret, again):
			fail("server share with byte %d of the ciphertext altered gives a new secret each time", i)
		}
	}
}
