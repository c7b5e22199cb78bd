package kem

import (
	"bytes"
	"crypto/sha3"
	"testing"
)

// FuzzExpandedKey parses decapsulation keys in expanded form, with the right
// hash of their encapsulation key if hashed is set, and compares them with
// circl's: what they accept, what they write, and what they make of a
// ciphertext.
func FuzzExpandedKey(f *testing.F) {
	for i := range pairs {
		f.Add(byte(i), []byte("seed"), []byte{}, uint16(0), false)
		f.Add(byte(i), []byte("seed"), []byte{1}, uint16(0), false)
		f.Add(byte(i), []byte("seed"), []byte{0xff, 0xff, 0xff}, uint16(3), true)
		f.Add(byte(i), []byte("seed"), []byte{0xff, 0xff, 0xff}, uint16(1500), true)
		f.Add(byte(i), []byte("seed"), []byte{0x80}, uint16(1631), true)
	}
	f.Fuzz(func(t *testing.T, index byte, from, bend []byte, offset uint16, hashed bool) {
		p := pairs[int(index)%len(pairs)]
		_, dk := packed(p.circl, p.circl.NewKey(sha3.SumSHAKE256(from, SeedSize)))
		for i, b := range bend {
			dk[(int(offset)+i)%len(dk)] ^= b
		}
		vector := (len(dk) - 96) / 2
		if ek, h := dk[vector:len(dk)-64], dk[len(dk)-64:len(dk)-32]; hashed {
			sum := sha3.Sum256(ek)
			copy(h, sum[:])
		}
		before := bytes.Clone(dk)
		ours, ok := p.ours.ParseDecapsulationKey(dk)
		if !bytes.Equal(dk, before) {
			t.Errorf("%s: the parser wrote to the key", p.ours.Name())
		}
		theirs, ok2 := p.circl.ParseDecapsulationKey(dk)
		if ok != ok2 {
			t.Fatalf("%s: accepted: %v, by circl: %v", p.ours.Name(), ok, ok2)
		}
		if !ok {
			return
		}
		_, dk1 := packed(p.ours, ours)
		_, dk2 := packed(p.circl, theirs)
		if !bytes.Equal(dk1, dk2) {
			t.Errorf("%s: circl writes the key otherwise", p.ours.Name())
		}
		ct := sha3.SumSHAKE256(append(bend, from...), p.ours.Sizes().Ciphertext)
		if !bytes.Equal(decapsulate(ours, ct), decapsulate(theirs, ct)) {
			t.Errorf("%s: circl decapsulates otherwise", p.ours.Name())
		}
	})
}
