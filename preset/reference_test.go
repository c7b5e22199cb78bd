package preset_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/fips140"
	"crypto/mlkem"
	"crypto/mlkem/mlkemtest"
	"crypto/sha3"
	"fmt"

	circl "github.com/cloudflare/circl/dh/x25519"
	"github.com/cloudflare/circl/kem"
	"github.com/cloudflare/circl/kem/kyber/kyber768"
	"github.com/cloudflare/circl/kem/mlkem/mlkem1024"
	"github.com/cloudflare/circl/kem/mlkem/mlkem512"
	"github.com/cloudflare/circl/kem/mlkem/mlkem768"

	"github.com/pqkx/pqkx"
)

// A reference is what other people's code makes of one part of a group: from a
// seed, as in package derand.
type reference struct {
	name                string
	client, server      int // lengths of the shares
	keySeed, encapSeed  int
	encapsulate, finish func(seed, share []byte) (secret, answer []byte, ok bool)
	public              func(seed []byte) []byte
	secondOpinion       *reference
	isEC                bool
}

func curveReference(name string, curve ecdh.Curve, share, field int) reference {
	agree := func(seed, share []byte) (secret, answer []byte, ok bool) {
		fips140.WithoutEnforcement(func() {
			key, err := curve.NewPrivateKey(seed)
			if err != nil {
				panic(err)
			}
			answer = key.PublicKey().Bytes()
			peer, err := curve.NewPublicKey(share)
			if err != nil {
				return
			}
			secret, err = key.ECDH(peer)
			ok = err == nil
		})
		return secret, answer, ok
	}
	return reference{name: name, client: share, server: share, keySeed: field, encapSeed: field, isEC: true,
		encapsulate: agree, finish: agree,
		public: func(seed []byte) (share []byte) {
			fips140.WithoutEnforcement(func() {
				key, err := curve.NewPrivateKey(seed)
				if err != nil {
					panic(err)
				}
				share = key.PublicKey().Bytes()
			})
			return share
		}}
}

func circlX25519() reference {
	public := func(seed []byte) []byte {
		var out circl.Key
		circl.KeyGen(&out, (*circl.Key)(seed))
		return out[:]
	}
	agree := func(seed, share []byte) (secret, answer []byte, ok bool) {
		var out circl.Key
		ok = circl.Shared(&out, (*circl.Key)(seed), (*circl.Key)(share))
		return out[:], public(seed), ok
	}
	return reference{name: "circl x25519", client: 32, server: 32, keySeed: 32, encapSeed: 32, isEC: true,
		encapsulate: agree, finish: agree, public: public}
}

// circlKEM takes Kyber keys with coefficients that are not reduced, which we
// refuse; refuse says whether a key has some.
func circlKEM(scheme kem.Scheme, refuse func(ek []byte) bool) reference {
	return reference{name: "circl " + scheme.Name(), client: scheme.PublicKeySize(), server: scheme.CiphertextSize(),
		keySeed: 64, encapSeed: 32,
		encapsulate: func(seed, share []byte) (secret, answer []byte, ok bool) {
			ek, err := scheme.UnmarshalBinaryPublicKey(share)
			if err != nil || refuse != nil && refuse(share) {
				return nil, nil, false
			}
			answer, secret, err = scheme.EncapsulateDeterministically(ek, seed)
			return secret, answer, err == nil
		},
		finish: func(seed, share []byte) (secret, answer []byte, ok bool) {
			_, dk := scheme.DeriveKeyPair(seed)
			secret, err := scheme.Decapsulate(dk, share)
			return secret, nil, err == nil
		},
		public: func(seed []byte) []byte {
			ek, _ := scheme.DeriveKeyPair(seed)
			b, err := ek.MarshalBinary()
			if err != nil {
				panic(err)
			}
			return b
		}}
}

// unreduced is the check of FIPS 203, section 7.2, by decoding and encoding, as
// the standard library does it.
func unreduced(ek []byte) bool {
	_, err := mlkem.NewEncapsulationKey768(ek)
	return err != nil
}

func standard768() reference {
	return reference{name: "crypto/mlkem 768", client: mlkem.EncapsulationKeySize768, server: mlkem.CiphertextSize768,
		keySeed: 64, encapSeed: 32,
		encapsulate: func(seed, share []byte) (secret, answer []byte, ok bool) {
			ek, err := mlkem.NewEncapsulationKey768(share)
			if err != nil {
				return nil, nil, false
			}
			fips140.WithoutEnforcement(func() { secret, answer, err = mlkemtest.Encapsulate768(ek, seed) })
			return secret, answer, err == nil
		},
		finish: func(seed, share []byte) (secret, answer []byte, ok bool) {
			dk, err := mlkem.NewDecapsulationKey768(seed)
			if err != nil {
				panic(err)
			}
			secret, err = dk.Decapsulate(share)
			return secret, nil, err == nil
		},
		public: func(seed []byte) []byte {
			dk, err := mlkem.NewDecapsulationKey768(seed)
			if err != nil {
				panic(err)
			}
			return dk.EncapsulationKey().Bytes()
		}}
}

func standard1024() reference {
	return reference{name: "crypto/mlkem 1024", client: mlkem.EncapsulationKeySize1024, server: mlkem.CiphertextSize1024,
		keySeed: 64, encapSeed: 32,
		encapsulate: func(seed, share []byte) (secret, answer []byte, ok bool) {
			ek, err := mlkem.NewEncapsulationKey1024(share)
			if err != nil {
				return nil, nil, false
			}
			fips140.WithoutEnforcement(func() { secret, answer, err = mlkemtest.Encapsulate1024(ek, seed) })
			return secret, answer, err == nil
		},
		finish: func(seed, share []byte) (secret, answer []byte, ok bool) {
			dk, err := mlkem.NewDecapsulationKey1024(seed)
			if err != nil {
				panic(err)
			}
			secret, err = dk.Decapsulate(share)
			return secret, nil, err == nil
		},
		public: func(seed []byte) []byte {
			dk, err := mlkem.NewDecapsulationKey1024(seed)
			if err != nil {
				panic(err)
			}
			return dk.EncapsulationKey().Bytes()
		}}
}

// both is a reference that asks another one too, where the two must agree.
func both(a, b reference) reference {
	a.secondOpinion = &b
	return a
}

// references has the parts of every group in wire order.
var references = func() map[pqkx.NamedGroup][]reference {
	p256 := curveReference("P-256", ecdh.P256(), 65, 32)
	p384 := curveReference("P-384", ecdh.P384(), 97, 48)
	p521 := curveReference("P-521", ecdh.P521(), 133, 66)
	x := both(curveReference("x25519", ecdh.X25519(), 32, 32), circlX25519())
	m512 := circlKEM(mlkem512.Scheme(), nil)
	m768 := both(standard768(), circlKEM(mlkem768.Scheme(), nil))
	m1024 := both(standard1024(), circlKEM(mlkem1024.Scheme(), nil))
	k768 := circlKEM(kyber768.Scheme(), unreduced)
	return map[pqkx.NamedGroup][]reference{
		pqkx.Secp256r1: {p256}, pqkx.Secp384r1: {p384}, pqkx.Secp521r1: {p521}, pqkx.X25519: {x},
		pqkx.MLKEM512: {m512}, pqkx.MLKEM768: {m768}, pqkx.MLKEM1024: {m1024},
		pqkx.SecP256r1MLKEM768: {p256, m768}, pqkx.X25519MLKEM768: {m768, x}, pqkx.SecP384r1MLKEM1024: {p384, m1024},
		pqkx.X25519Kyber768Draft00: {x, k768}, pqkx.SecP256r1Kyber768Draft00: {p256, k768},
	}
}()

// run runs the parts on a share and joins what they return. ok is false if a
// part refuses. The length of the share is right.
func runReference(parts []reference, client bool, seed, share []byte) (secret, answer []byte, ok bool, err error) {
	ok = true
	for _, r := range parts {
		n, seedSize, f := r.client, r.encapSeed, r.encapsulate
		if client {
			n, seedSize, f = r.server, r.keySeed, r.finish
		}
		s, a, partOK := f(seed[:seedSize], share[:n])
		if second := r.secondOpinion; second != nil {
			f := second.encapsulate
			if client {
				f = second.finish
			}
			s2, a2, partOK2 := f(seed[:seedSize], share[:n])
			if partOK != partOK2 || partOK && (!bytes.Equal(s, s2) || !bytes.Equal(a, a2)) {
				return nil, nil, false, fmt.Errorf("%s and %s differ", r.name, second.name)
			}
		}
		secret, answer, ok = append(secret, s...), append(answer, a...), ok && partOK
		seed, share = seed[seedSize:], share[n:]
	}
	return secret, answer, ok, nil
}

// seedFor derives the seed of a whole group, with scalars that are in range.
func seedFor(parts []reference, client bool, from []byte) (seed []byte) {
	for i, r := range parts {
		n := r.encapSeed
		if client {
			n = r.keySeed
		}
		s := sha3.SumSHAKE256(append([]byte{byte(i)}, from...), n)
		if r.isEC {
			s[0] = 0
		}
		seed = append(seed, s...)
	}
	return seed
}
