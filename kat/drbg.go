package kat

import "crypto/aes"

// A drbg is the AES-256-CTR DRBG of NIST SP 800-90A, section 10.2.1, without a
// derivation function, as in the rng.c of the PQC project. A generator is fixed
// by its first entropy input, 48 bytes, and by the lengths of the draws.
type drbg struct {
	key [32]byte
	v   [aes.BlockSize]byte
}

const drbgSeedSize = 48

// newDRBG instantiates a generator.
func newDRBG(entropy *[drbgSeedSize]byte) *drbg {
	d := new(drbg)
	d.update(entropy[:])
	return d
}

// draw returns the next n bytes (CTR_DRBG_Generate).
func (d *drbg) draw(n int) []byte {
	b := make([]byte, n)
	d.fill(b)
	d.update(nil)
	return b
}

// fill writes the key stream of V+1, V+2 and so on.
func (d *drbg) fill(b []byte) {
	block, err := aes.NewCipher(d.key[:])
	if err != nil {
		panic("kat: AES-256 with a key of 32 bytes: " + err.Error())
	}
	for len(b) > 0 {
		d.increment()
		var out [aes.BlockSize]byte
		block.Encrypt(out[:], d.v[:])
		b = b[copy(b, out[:]):]
	}
}

func (d *drbg) increment() {
	for i := len(d.v) - 1; i >= 0; i-- {
		if d.v[i]++; d.v[i] != 0 {
			return
		}
	}
}

// update is CTR_DRBG_Update.
func (d *drbg) update(provided []byte) {
	var temp [drbgSeedSize]byte
	d.fill(temp[:])
	for i, p := range provided {
		temp[i] ^= p
	}
	copy(d.key[:], temp[:32])
	copy(d.v[:], temp[32:])
}
