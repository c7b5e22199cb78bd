package kat

import (
	"fmt"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/hybrid"
	"github.com/pqkx/pqkx/internal/derand"
	"github.com/pqkx/pqkx/internal/kem"
	"github.com/pqkx/pqkx/mlkem"
	"github.com/pqkx/pqkx/nist"
	"github.com/pqkx/pqkx/x25519"
)

// Ours returns the groups and mechanisms of this module.
func Ours() Implementation { return ours{} }

type ours struct{}

func (ours) Name() string { return "ours" }

func (ours) KEM(name string) KEM {
	if s, ok := ourKEMs[name]; ok {
		return schemeKEM{s()}
	}
	return nil
}

var ourKEMs = map[string]func() kem.Expander{
	"ML-KEM-512":  kem.MLKEM512,
	"ML-KEM-768":  kem.MLKEM768,
	"ML-KEM-1024": kem.MLKEM1024,
	"Kyber512":    kem.Kyber512,
	"Kyber768":    kem.Kyber768,
	"Kyber1024":   kem.Kyber1024,
}

func (ours) Exchange(id pqkx.NamedGroup) Exchange {
	if g, ok := ourGroups[id]; ok {
		return GroupExchange(g())
	}
	return nil
}

var ourGroups = map[pqkx.NamedGroup]func() pqkx.Group{
	pqkx.X25519:                   x25519.Group,
	pqkx.Secp256r1:                nist.P256,
	pqkx.Secp384r1:                nist.P384,
	pqkx.Secp521r1:                nist.P521,
	pqkx.MLKEM512:                 mlkem.MLKEM512,
	pqkx.MLKEM768:                 mlkem.MLKEM768,
	pqkx.MLKEM1024:                mlkem.MLKEM1024,
	pqkx.X25519MLKEM768:           hybrid.X25519MLKEM768,
	pqkx.SecP256r1MLKEM768:        hybrid.SecP256r1MLKEM768,
	pqkx.SecP384r1MLKEM1024:       hybrid.SecP384r1MLKEM1024,
	pqkx.X25519Kyber768Draft00:    hybrid.X25519Kyber768Draft00,
	pqkx.SecP256r1Kyber768Draft00: hybrid.SecP256r1Kyber768Draft00,
}

// A schemeKEM is a backend of this module, with the length checks that package
// mlkem does above it.
type schemeKEM struct{ scheme kem.Scheme }

func (k schemeKEM) KeyGen(seed []byte) (ek, dk []byte, err error) {
	key, err := k.key(seed)
	if err != nil {
		return nil, nil, err
	}
	ek = make([]byte, k.scheme.Sizes().EncapsulationKey)
	key.Encapsulator().Pack(ek)
	if x, ok := k.scheme.(kem.Expander); ok {
		dk = make([]byte, k.scheme.Sizes().DecapsulationKey)
		x.PackDecapsulationKey(dk, key)
	}
	return ek, dk, nil
}

func (k schemeKEM) key(seed []byte) (kem.Decapsulator, error) {
	if err := k.length("seed", seed, kem.SeedSize); err != nil {
		return nil, err
	}
	return k.scheme.NewKey(seed), nil
}

func (k schemeKEM) length(what string, b []byte, want int) error {
	if len(b) != want {
		return fmt.Errorf("%s: %s of %d bytes, want %d", k.scheme.Name(), what, len(b), want)
	}
	return nil
}

func (k schemeKEM) Encapsulate(ek, m []byte) (ct, ss []byte, err error) {
	if err := k.length("ek", ek, k.scheme.Sizes().EncapsulationKey); err != nil {
		return nil, nil, err
	}
	if err := k.length("m", m, kem.MessageSize); err != nil {
		return nil, nil, err
	}
	key, ok := k.scheme.ParseEncapsulationKey(ek)
	if !ok {
		return nil, nil, fmt.Errorf("%s: ek is not reduced", k.scheme.Name())
	}
	ct, ss = make([]byte, k.scheme.Sizes().Ciphertext), make([]byte, kem.SharedSecretSize)
	key.EncapsulateTo(ss, ct, m)
	return ct, ss, nil
}

func (k schemeKEM) Decapsulate(dk, ct []byte) ([]byte, error) {
	x, ok := k.scheme.(kem.Expander)
	if !ok {
		return nil, fmt.Errorf("a decapsulation key in expanded form is %w", ErrUnsupported)
	}
	if err := k.length("dk", dk, k.scheme.Sizes().DecapsulationKey); err != nil {
		return nil, err
	}
	key, ok := x.ParseDecapsulationKey(dk)
	if !ok {
		return nil, fmt.Errorf("%s: dk is not consistent", k.scheme.Name())
	}
	return k.decapsulate(key, ct)
}

func (k schemeKEM) DecapsulateSeed(seed, ct []byte) ([]byte, error) {
	key, err := k.key(seed)
	if err != nil {
		return nil, err
	}
	return k.decapsulate(key, ct)
}

func (k schemeKEM) decapsulate(key kem.Decapsulator, ct []byte) ([]byte, error) {
	if err := k.length("ct", ct, k.scheme.Sizes().Ciphertext); err != nil {
		return nil, err
	}
	ss := make([]byte, kem.SharedSecretSize)
	key.DecapsulateTo(ss, ct)
	return ss, nil
}

// GroupExchange judges one group. The group must be of this module, or be
// hybrid.New of such groups: others cannot be run from seeds.
func GroupExchange(g pqkx.Group) Exchange { return groupExchange{g} }

type groupExchange struct{ group pqkx.Group }

func (x groupExchange) ClientShare(seed []byte) ([]byte, error) {
	ks, err := derand.NewKeyShare(x.group, seed)
	if err != nil {
		return nil, err
	}
	return ks.Bytes(), nil
}

func (x groupExchange) Server(seed, clientShare []byte) (serverShare, ss []byte, err error) {
	ss, serverShare, err = derand.Encapsulate(x.group, clientShare, seed)
	return serverShare, ss, err
}

func (x groupExchange) Client(seed, serverShare []byte) ([]byte, error) {
	ks, err := derand.NewKeyShare(x.group, seed)
	if err != nil {
		return nil, err
	}
	return ks.Decapsulate(serverShare)
}
