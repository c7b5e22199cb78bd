package kem

import (
	"crypto/rand"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/internal/derand"
)

// NewGroup makes a group of a scheme: the client share is an encapsulation key
// and the server share a ciphertext (draft-ietf-tls-mlkem, section 4).
func NewGroup(id pqkx.NamedGroup, s Scheme, fips bool) pqkx.Group {
	return group{id, s, fips}
}

type group struct {
	id     pqkx.NamedGroup
	scheme Scheme
	fips   bool
}

func (g group) ID() pqkx.NamedGroup   { return g.id }
func (g group) FIPS() bool            { return g.fips }
func (g group) PostQuantum() bool     { return true }
func (g group) Backend() string       { return g.scheme.Backend() }
func (g group) SeedSizes() (_, _ int) { return SeedSize, MessageSize }

func (g group) Sizes() pqkx.Sizes {
	s := g.scheme.Sizes()
	return pqkx.Sizes{ClientShare: s.EncapsulationKey, ServerShare: s.Ciphertext, SharedSecret: SharedSecretSize}
}

func (g group) KeyShare() (pqkx.KeyShare, error) { return derand.Fresh(g) }

func (g group) Encapsulate(clientShare []byte) (sharedSecret, serverShare []byte, err error) {
	return derand.EncapsulateFresh(g, clientShare)
}

func (g group) KeyShareInto(share []byte, seed derand.Seed) (pqkx.KeyShare, error) {
	if seed == nil {
		var fresh [SeedSize]byte
		defer clear(fresh[:])
		rand.Read(fresh[:]) // never fails: see its documentation
		seed = fresh[:]
	}
	key := g.scheme.NewKey(seed)
	key.Encapsulator().Pack(share)
	return &keyShare{group: g, key: key, share: share}, nil
}

func (g group) EncapsulateInto(sharedSecret, serverShare, clientShare []byte, seed derand.Seed) error {
	if len(clientShare) != g.scheme.Sizes().EncapsulationKey {
		return g.bad(pqkx.CauseLength)
	}
	if !encapsulateOnce(g.scheme, sharedSecret, serverShare, clientShare, seed) {
		return g.bad(pqkx.CauseModulus)
	}
	return nil
}

func (g group) bad(cause pqkx.Cause) error {
	return &pqkx.KeyShareError{Group: g.id, Half: pqkx.HalfPostQuantum, Cause: cause}
}

type keyShare struct {
	group group
	key   Decapsulator // nil when destroyed
	share []byte
}

func (ks *keyShare) Group() pqkx.Group { return ks.group }
func (ks *keyShare) Bytes() []byte     { return ks.share }

func (ks *keyShare) Decapsulate(serverShare []byte) ([]byte, error) {
	return derand.Decapsulate(ks, serverShare)
}

func (ks *keyShare) DecapsulateInto(sharedSecret, serverShare []byte) error {
	if ks.key == nil {
		return pqkx.ErrDestroyed
	}
	if len(serverShare) != ks.group.scheme.Sizes().Ciphertext {
		return ks.group.bad(pqkx.CauseLength)
	}
	ks.key.DecapsulateTo(sharedSecret, serverShare)
	return nil
}

func (ks *keyShare) Destroy() {
	if ks.key != nil {
		ks.key.Destroy()
		ks.key = nil
	}
}
