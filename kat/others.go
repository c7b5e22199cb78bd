package kat

import (
	"bytes"
	"crypto/ecdh"
	stdmlkem "crypto/mlkem"
	"crypto/mlkem/mlkemtest"
	"fmt"

	circlx25519 "github.com/cloudflare/circl/dh/x25519"
	circlkem "github.com/cloudflare/circl/kem"
	"github.com/cloudflare/circl/kem/kyber/kyber1024"
	"github.com/cloudflare/circl/kem/kyber/kyber512"
	"github.com/cloudflare/circl/kem/kyber/kyber768"
	"github.com/cloudflare/circl/kem/mlkem/mlkem1024"
	"github.com/cloudflare/circl/kem/mlkem/mlkem512"
	"github.com/cloudflare/circl/kem/mlkem/mlkem768"

	"github.com/pqkx/pqkx"
)

// Standard returns the standard library's crypto/mlkem and crypto/ecdh, called
// directly. Hybrids are their results side by side.
func Standard() Implementation { return standard{} }

type standard struct{}

func (standard) Name() string { return "stdlib" }

func (standard) KEM(name string) KEM {
	switch name {
	case "ML-KEM-768":
		return standardKEM[*stdmlkem.DecapsulationKey768, *stdmlkem.EncapsulationKey768]{
			stdmlkem.NewDecapsulationKey768, stdmlkem.NewEncapsulationKey768, mlkemtest.Encapsulate768}
	case "ML-KEM-1024":
		return standardKEM[*stdmlkem.DecapsulationKey1024, *stdmlkem.EncapsulationKey1024]{
			stdmlkem.NewDecapsulationKey1024, stdmlkem.NewEncapsulationKey1024, mlkemtest.Encapsulate1024}
	}
	return nil
}

func (s standard) Exchange(id pqkx.NamedGroup) Exchange {
	return composed(id, s.KEM, func(id pqkx.NamedGroup) Exchange { return ecdhExchange{ecdhCurves[id]()} })
}

var ecdhCurves = map[pqkx.NamedGroup]func() ecdh.Curve{
	pqkx.X25519:    ecdh.X25519,
	pqkx.Secp256r1: ecdh.P256,
	pqkx.Secp384r1: ecdh.P384,
	pqkx.Secp521r1: ecdh.P521,
}

// A standardKEM is a parameter set of crypto/mlkem, whose private and public
// key are D and E.
type standardKEM[D interface {
	EncapsulationKey() E
	Decapsulate([]byte) ([]byte, error)
}, E interface{ Bytes() []byte }] struct {
	private     func(seed []byte) (D, error)
	public      func(ek []byte) (E, error)
	encapsulate func(ek E, m []byte) (ss, ct []byte, err error)
}

func (k standardKEM[D, E]) KeyGen(seed []byte) (ek, dk []byte, err error) {
	key, err := k.private(seed)
	if err != nil {
		return nil, nil, err
	}
	return key.EncapsulationKey().Bytes(), nil, nil
}

func (k standardKEM[D, E]) Encapsulate(ek, m []byte) (ct, ss []byte, err error) {
	key, err := k.public(ek)
	if err != nil {
		return nil, nil, err
	}
	ss, ct, err = k.encapsulate(key, m)
	return ct, ss, err
}

func (k standardKEM[D, E]) Decapsulate(_, _ []byte) ([]byte, error) {
	return nil, fmt.Errorf("a decapsulation key in expanded form is %w", ErrUnsupported)
}

func (k standardKEM[D, E]) DecapsulateSeed(seed, ct []byte) ([]byte, error) {
	key, err := k.private(seed)
	if err != nil {
		return nil, err
	}
	return key.Decapsulate(ct)
}

// An ecdhExchange is a curve of crypto/ecdh.
type ecdhExchange struct{ curve ecdh.Curve }

func (x ecdhExchange) ClientShare(seed []byte) ([]byte, error) {
	key, err := x.curve.NewPrivateKey(seed)
	if err != nil {
		return nil, err
	}
	return key.PublicKey().Bytes(), nil
}

func (x ecdhExchange) Server(seed, clientShare []byte) (serverShare, ss []byte, err error) {
	if ss, err = x.Client(seed, clientShare); err != nil {
		return nil, nil, err
	}
	serverShare, err = x.ClientShare(seed)
	return serverShare, ss, err
}

func (x ecdhExchange) Client(seed, serverShare []byte) ([]byte, error) {
	key, err := x.curve.NewPrivateKey(seed)
	if err != nil {
		return nil, err
	}
	peer, err := x.curve.NewPublicKey(serverShare)
	if err != nil {
		return nil, err
	}
	return key.ECDH(peer)
}

// Circl returns circl's ML-KEM, Kyber and X25519, called directly. Hybrids are
// their results side by side; circl has no ECDH on the NIST curves.
func Circl() Implementation { return circl{} }

type circl struct{}

func (circl) Name() string { return "circl" }

func (circl) KEM(name string) KEM {
	if s, ok := circlSchemes[name]; ok {
		return circlKEM{s()}
	}
	return nil
}

var circlSchemes = map[string]func() circlkem.Scheme{
	"ML-KEM-512":  mlkem512.Scheme,
	"ML-KEM-768":  mlkem768.Scheme,
	"ML-KEM-1024": mlkem1024.Scheme,
	"Kyber512":    kyber512.Scheme,
	"Kyber768":    kyber768.Scheme,
	"Kyber1024":   kyber1024.Scheme,
}

func (c circl) Exchange(id pqkx.NamedGroup) Exchange {
	return composed(id, c.KEM, func(id pqkx.NamedGroup) Exchange {
		if id == pqkx.X25519 {
			return circlX25519{}
		}
		return nil
	})
}

type circlKEM struct{ scheme circlkem.Scheme }

func (k circlKEM) KeyGen(seed []byte) (ek, dk []byte, err error) {
	if len(seed) != k.scheme.SeedSize() {
		return nil, nil, circlkem.ErrSeedSize // circl panics
	}
	public, private := k.scheme.DeriveKeyPair(seed)
	if ek, err = public.MarshalBinary(); err != nil {
		return nil, nil, err
	}
	dk, err = private.MarshalBinary()
	return ek, dk, err
}

func (k circlKEM) Encapsulate(ek, m []byte) (ct, ss []byte, err error) {
	public, err := k.scheme.UnmarshalBinaryPublicKey(ek)
	if err != nil {
		return nil, nil, err
	}
	return k.scheme.EncapsulateDeterministically(public, m)
}

func (k circlKEM) Decapsulate(dk, ct []byte) ([]byte, error) {
	private, err := k.scheme.UnmarshalBinaryPrivateKey(dk)
	if err != nil {
		return nil, err
	}
	return k.scheme.Decapsulate(private, ct)
}

func (k circlKEM) DecapsulateSeed(seed, ct []byte) ([]byte, error) {
	if len(seed) != k.scheme.SeedSize() {
		return nil, circlkem.ErrSeedSize
	}
	_, private := k.scheme.DeriveKeyPair(seed)
	return k.scheme.Decapsulate(private, ct)
}

type circlX25519 struct{}

func (circlX25519) ClientShare(seed []byte) ([]byte, error) {
	var public, private circlx25519.Key
	if copy(private[:], seed) != len(seed) || len(seed) != len(private) {
		return nil, errLength
	}
	circlx25519.KeyGen(&public, &private)
	return bytes.Clone(public[:]), nil
}

func (x circlX25519) Server(seed, clientShare []byte) (serverShare, ss []byte, err error) {
	if ss, err = x.Client(seed, clientShare); err != nil {
		return nil, nil, err
	}
	serverShare, err = x.ClientShare(seed)
	return serverShare, ss, err
}

func (circlX25519) Client(seed, serverShare []byte) ([]byte, error) {
	if len(seed) != circlx25519.Size || len(serverShare) != circlx25519.Size {
		return nil, errLength
	}
	var ss circlx25519.Key
	if !circlx25519.Shared(&ss, (*circlx25519.Key)(seed), (*circlx25519.Key)(serverShare)) {
		return nil, fmt.Errorf("point of low order")
	}
	return ss[:], nil
}
