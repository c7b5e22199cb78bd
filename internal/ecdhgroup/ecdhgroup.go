// Package ecdhgroup makes groups of the standard library's curves (crypto/ecdh).
package ecdhgroup

import (
	"crypto/ecdh"
	"crypto/fips140"
	"crypto/rand"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/internal/derand"
)

// A Group is an elliptic-curve Diffie-Hellman group. The zero value is not
// usable; declare one per curve and hand out its address.
type Group struct {
	Named     pqkx.NamedGroup
	Curve     func() ecdh.Curve
	PointSize int // of a public key: uncompressed point, or u-coordinate
	FieldSize int // of a private key and a shared secret
	Approved  bool
	BadPoint  pqkx.Cause // why a point of the right length is refused on this curve
}

// ID implements [pqkx.Group].
func (g *Group) ID() pqkx.NamedGroup { return g.Named }

// Sizes implements [pqkx.Group].
func (g *Group) Sizes() pqkx.Sizes {
	return pqkx.Sizes{ClientShare: g.PointSize, ServerShare: g.PointSize, SharedSecret: g.FieldSize}
}

// FIPS implements [pqkx.Group].
func (g *Group) FIPS() bool { return g.Approved }

// PostQuantum implements [pqkx.PostQuantum].
func (g *Group) PostQuantum() bool { return false }

// Backend names the implementation.
func (g *Group) Backend() string { return "crypto/ecdh" }

// SeedSizes implements [derand.Group].
func (g *Group) SeedSizes() (_, _ int) { return g.FieldSize, g.FieldSize }

// KeyShare implements [pqkx.Group].
func (g *Group) KeyShare() (pqkx.KeyShare, error) { return derand.Fresh(g) }

// Encapsulate implements [pqkx.Group].
func (g *Group) Encapsulate(clientShare []byte) (sharedSecret, serverShare []byte, err error) {
	return derand.EncapsulateFresh(g, clientShare)
}

// KeyShareInto implements [derand.Group].
func (g *Group) KeyShareInto(share []byte, seed derand.Seed) (pqkx.KeyShare, error) {
	private, err := g.key(seed)
	if err != nil {
		return nil, err
	}
	copy(share, private.PublicKey().Bytes())
	return &keyShare{group: g, private: private, share: share}, nil
}

// EncapsulateInto implements [derand.Group].
func (g *Group) EncapsulateInto(sharedSecret, serverShare, clientShare []byte, seed derand.Seed) error {
	peer, err := g.parse(clientShare)
	if err != nil {
		return err
	}
	private, err := g.key(seed)
	if err != nil {
		return err
	}
	copy(serverShare, private.PublicKey().Bytes())
	return g.agree(sharedSecret, private, peer)
}

func (g *Group) key(seed derand.Seed) (private *ecdh.PrivateKey, err error) {
	g.run(func() {
		if seed != nil {
			private, err = g.Curve().NewPrivateKey(seed)
		} else {
			private, err = g.Curve().GenerateKey(rand.Reader)
		}
	})
	return private, err
}

// parse checks the length first, then the form of the point and that it is on
// the curve: an uncompressed point of RFC 8446, section 4.2.8.2. crypto/ecdh
// also knows the one-byte point at infinity and refuses it; here its length
// has.
func (g *Group) parse(share []byte) (key *ecdh.PublicKey, err error) {
	if len(share) != g.PointSize {
		return nil, g.bad(pqkx.CauseLength)
	}
	g.run(func() { key, err = g.Curve().NewPublicKey(share) })
	if err != nil {
		return nil, g.bad(g.BadPoint)
	}
	return key, nil
}

func (g *Group) agree(sharedSecret []byte, private *ecdh.PrivateKey, peer *ecdh.PublicKey) (err error) {
	var secret []byte
	g.run(func() { secret, err = private.ECDH(peer) })
	if err != nil {
		return g.bad(g.BadPoint)
	}
	defer clear(secret)
	copy(sharedSecret, secret)
	return nil
}

// run calls f, for a curve that is not approved without the enforcement of
// GODEBUG=fips140=only. Such a curve gets there only as the second secret of an
// approved hybrid, which SP 800-56C rev. 2 allows: pqkx.New refuses it alone.
func (g *Group) run(f func()) {
	if g.Approved {
		f()
	} else {
		fips140.WithoutEnforcement(f)
	}
}

func (g *Group) bad(cause pqkx.Cause) error {
	return &pqkx.KeyShareError{Group: g.Named, Half: pqkx.HalfClassical, Cause: cause}
}

type keyShare struct {
	group   *Group
	private *ecdh.PrivateKey // nil when destroyed
	share   []byte
}

func (ks *keyShare) Group() pqkx.Group { return ks.group }
func (ks *keyShare) Bytes() []byte     { return ks.share }

func (ks *keyShare) Decapsulate(serverShare []byte) ([]byte, error) {
	return derand.Decapsulate(ks, serverShare)
}

func (ks *keyShare) DecapsulateInto(sharedSecret, serverShare []byte) error {
	if ks.private == nil {
		return pqkx.ErrDestroyed
	}
	peer, err := ks.group.parse(serverShare)
	if err != nil {
		return err
	}
	return ks.group.agree(sharedSecret, ks.private, peer)
}

// Destroy drops the key; crypto/ecdh has no way to clear it.
func (ks *keyShare) Destroy() { ks.private = nil }
