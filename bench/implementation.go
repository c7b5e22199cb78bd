package bench

import (
	"crypto/ecdh"
	"crypto/mlkem"
	"crypto/rand"
	"slices"

	"github.com/cloudflare/circl/dh/x25519"
	"github.com/cloudflare/circl/kem"
	"github.com/cloudflare/circl/kem/hybrid"
	"github.com/cloudflare/circl/kem/mlkem/mlkem1024"
	"github.com/cloudflare/circl/kem/mlkem/mlkem512"
	"github.com/cloudflare/circl/kem/mlkem/mlkem768"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/preset"
)

// Names of implementations.
const (
	Ours     = "ours"
	Standard = "stdlib"
	Circl    = "circl"
)

func allGroups() []pqkx.Group { return preset.All().Groups() }

// An Exchange is a key exchange of one implementation, the way that a user of
// it would write it.
type Exchange interface {
	// Share makes a client share.
	Share() (Finisher, []byte, error)

	// Answer makes the shared secret and the server share for a client share.
	Answer(clientShare []byte) (sharedSecret, serverShare []byte, err error)
}

// A Finisher is a client that waits for the server's share.
type Finisher interface {
	Finish(serverShare []byte) (sharedSecret []byte, err error)
}

// A Subject is an implementation of a group.
type Subject struct {
	Implementation string
	Group          pqkx.NamedGroup
	Exchange       Exchange
}

// Subjects returns what can be compared for the groups: this module, and where
// they have the group, the standard library and circl.
func Subjects(groups []pqkx.Group) []Subject {
	var subjects []Subject
	for _, g := range groups {
		subjects = append(subjects, Subject{Ours, g.ID(), ours{g}})
		if e, ok := standard[g.ID()]; ok {
			subjects = append(subjects, Subject{Standard, g.ID(), e})
		}
		if e, ok := circl[g.ID()]; ok {
			subjects = append(subjects, Subject{Circl, g.ID(), e})
		}
	}
	return subjects
}

// ours runs a group of this module.
type ours struct{ pqkx.Group }

func (o ours) Share() (Finisher, []byte, error) {
	ks, err := o.KeyShare()
	if err != nil {
		return nil, nil, err
	}
	return oursFinisher{ks}, ks.Bytes(), nil
}

func (o ours) Answer(share []byte) ([]byte, []byte, error) { return o.Encapsulate(share) }

type oursFinisher struct{ pqkx.KeyShare }

func (f oursFinisher) Finish(share []byte) ([]byte, error) { return f.Decapsulate(share) }

// standard has the groups as crypto/ecdh and crypto/mlkem make them.
var standard = map[pqkx.NamedGroup]Exchange{
	pqkx.X25519:             curve{ecdh.X25519(), 32},
	pqkx.Secp256r1:          curve{ecdh.P256(), 65},
	pqkx.Secp384r1:          curve{ecdh.P384(), 97},
	pqkx.Secp521r1:          curve{ecdh.P521(), 133},
	pqkx.MLKEM768:           standard768{},
	pqkx.MLKEM1024:          standard1024{},
	pqkx.X25519MLKEM768:     joined{standard768{}, curve{ecdh.X25519(), 32}},
	pqkx.SecP256r1MLKEM768:  joined{curve{ecdh.P256(), 65}, standard768{}},
	pqkx.SecP384r1MLKEM1024: joined{curve{ecdh.P384(), 97}, standard1024{}},
}

// sized is an Exchange that can be a part of a joined one.
type sized interface {
	Exchange
	sizes() (clientShare, serverShare int)
}

// curve is Diffie-Hellman by crypto/ecdh.
type curve struct {
	ecdh.Curve
	size int
}

func (c curve) sizes() (int, int) { return c.size, c.size }

func (c curve) Share() (Finisher, []byte, error) {
	key, err := c.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	return curveFinisher{c, key}, key.PublicKey().Bytes(), nil
}

func (c curve) Answer(share []byte) ([]byte, []byte, error) {
	f, answer, err := c.Share()
	if err != nil {
		return nil, nil, err
	}
	secret, err := f.Finish(share)
	return secret, answer, err
}

type curveFinisher struct {
	curve
	key *ecdh.PrivateKey
}

func (f curveFinisher) Finish(share []byte) ([]byte, error) {
	peer, err := f.NewPublicKey(share)
	if err != nil {
		return nil, err
	}
	return f.key.ECDH(peer)
}

// standard768 is ML-KEM-768 by crypto/mlkem.
type standard768 struct{}

func (standard768) sizes() (int, int) {
	return mlkem.EncapsulationKeySize768, mlkem.CiphertextSize768
}

func (standard768) Share() (Finisher, []byte, error) {
	dk, err := mlkem.GenerateKey768()
	if err != nil {
		return nil, nil, err
	}
	return standardFinisher{dk}, dk.EncapsulationKey().Bytes(), nil
}

func (standard768) Answer(share []byte) ([]byte, []byte, error) {
	ek, err := mlkem.NewEncapsulationKey768(share)
	if err != nil {
		return nil, nil, err
	}
	secret, ct := ek.Encapsulate()
	return secret, ct, nil
}

// standard1024 is ML-KEM-1024 by crypto/mlkem.
type standard1024 struct{}

func (standard1024) sizes() (int, int) {
	return mlkem.EncapsulationKeySize1024, mlkem.CiphertextSize1024
}

func (standard1024) Share() (Finisher, []byte, error) {
	dk, err := mlkem.GenerateKey1024()
	if err != nil {
		return nil, nil, err
	}
	return standardFinisher{dk}, dk.EncapsulationKey().Bytes(), nil
}

func (standard1024) Answer(share []byte) ([]byte, []byte, error) {
	ek, err := mlkem.NewEncapsulationKey1024(share)
	if err != nil {
		return nil, nil, err
	}
	secret, ct := ek.Encapsulate()
	return secret, ct, nil
}

type standardFinisher struct {
	dk interface{ Decapsulate([]byte) ([]byte, error) }
}

func (f standardFinisher) Finish(share []byte) ([]byte, error) { return f.dk.Decapsulate(share) }

// joined is two exchanges in wire order.
type joined [2]sized

func (j joined) Share() (Finisher, []byte, error) {
	a, first, err := j[0].Share()
	if err != nil {
		return nil, nil, err
	}
	b, second, err := j[1].Share()
	return joinedFinisher{j, [2]Finisher{a, b}}, slices.Concat(first, second), err
}

func (j joined) Answer(share []byte) ([]byte, []byte, error) {
	n, _ := j[0].sizes()
	s0, first, err := j[0].Answer(share[:n])
	if err != nil {
		return nil, nil, err
	}
	s1, second, err := j[1].Answer(share[n:])
	return slices.Concat(s0, s1), slices.Concat(first, second), err
}

type joinedFinisher struct {
	joined
	parts [2]Finisher
}

func (f joinedFinisher) Finish(share []byte) ([]byte, error) {
	_, n := f.joined[0].sizes()
	s0, err := f.parts[0].Finish(share[:n])
	if err != nil {
		return nil, err
	}
	s1, err := f.parts[1].Finish(share[n:])
	return slices.Concat(s0, s1), err
}

// circl has the groups that circl has. It knows no hybrid of ML-KEM with a
// NIST curve.
var circl = map[pqkx.NamedGroup]Exchange{
	pqkx.X25519:                   circlX25519{},
	pqkx.MLKEM512:                 circlKEM{mlkem512.Scheme()},
	pqkx.MLKEM768:                 circlKEM{mlkem768.Scheme()},
	pqkx.MLKEM1024:                circlKEM{mlkem1024.Scheme()},
	pqkx.X25519MLKEM768:           circlKEM{hybrid.X25519MLKEM768()},
	pqkx.X25519Kyber768Draft00:    circlKEM{hybrid.Kyber768X25519()},
	pqkx.SecP256r1Kyber768Draft00: circlKEM{hybrid.P256Kyber768Draft00()},
}

// circlKEM is a scheme of circl.
type circlKEM struct{ kem.Scheme }

func (c circlKEM) Share() (Finisher, []byte, error) {
	pk, sk, err := c.GenerateKeyPair()
	if err != nil {
		return nil, nil, err
	}
	share, err := pk.MarshalBinary()
	return circlFinisher{c.Scheme, sk}, share, err
}

func (c circlKEM) Answer(share []byte) ([]byte, []byte, error) {
	pk, err := c.UnmarshalBinaryPublicKey(share)
	if err != nil {
		return nil, nil, err
	}
	ct, secret, err := c.Encapsulate(pk)
	return secret, ct, err
}

type circlFinisher struct {
	kem.Scheme
	sk kem.PrivateKey
}

func (f circlFinisher) Finish(share []byte) ([]byte, error) { return f.Decapsulate(f.sk, share) }

// circlX25519 is circl's X25519.
type circlX25519 struct{}

func (circlX25519) Share() (Finisher, []byte, error) {
	f := new(circlX25519Finisher)
	rand.Read(f[:]) // never fails: see its documentation
	var public, secret x25519.Key
	secret = x25519.Key(*f)
	x25519.KeyGen(&public, &secret)
	return f, public[:], nil
}

func (c circlX25519) Answer(share []byte) ([]byte, []byte, error) {
	f, answer, err := c.Share()
	if err != nil {
		return nil, nil, err
	}
	secret, err := f.Finish(share)
	return secret, answer, err
}

type circlX25519Finisher x25519.Key

func (f *circlX25519Finisher) Finish(share []byte) ([]byte, error) {
	var secret x25519.Key
	own, peer := x25519.Key(*f), x25519.Key(share)
	if !x25519.Shared(&secret, &own, &peer) {
		return nil, pqkx.ErrKeyShare
	}
	return secret[:], nil
}
