// Package x25519 is the group x25519 of TLS 1.3 (RFC 8446, section 7.4.2): the
// Diffie-Hellman function X25519 of RFC 7748, as a [pqkx.Group].
//
// Client share, server share and shared secret are 32 bytes each. The high bit
// of a peer's last byte is ignored (RFC 7748, section 5); a share of low order,
// canonical or not, is refused.
package x25519

import (
	"crypto/rand"

	"github.com/cloudflare/circl/dh/x25519"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/internal/derand"
)

// size is the length in bytes of a private key, a public key and a secret.
const size = x25519.Size

// Group returns the group x25519, code point 0x001D, on circl's arithmetic. It
// is not approved under FIPS 140-3.
func Group() pqkx.Group { return group{} }

type group struct{}

func (group) ID() pqkx.NamedGroup   { return pqkx.X25519 }
func (group) Sizes() pqkx.Sizes     { return sizes }
func (group) FIPS() bool            { return false }
func (group) PostQuantum() bool     { return false }
func (group) Backend() string       { return "circl" }
func (group) SeedSizes() (_, _ int) { return size, size }

var sizes = pqkx.Sizes{ClientShare: size, ServerShare: size, SharedSecret: size}

func (g group) KeyShare() (pqkx.KeyShare, error) { return derand.Fresh(g) }

func (g group) Encapsulate(clientShare []byte) (sharedSecret, serverShare []byte, err error) {
	return derand.EncapsulateFresh(g, clientShare)
}

func (g group) KeyShareInto(share []byte, seed derand.Seed) (pqkx.KeyShare, error) {
	ks := &keyShare{share: share}
	keyGen(share, &ks.private, seed)
	return ks, nil
}

func (g group) EncapsulateInto(sharedSecret, serverShare, clientShare []byte, seed derand.Seed) error {
	var private x25519.Key
	defer clear(private[:])
	if len(clientShare) != size {
		return bad(pqkx.CauseLength)
	}
	keyGen(serverShare, &private, seed)
	return agree(sharedSecret, &private, clientShare)
}

// keyGen draws a private key, or takes the seed for it, and writes the public
// key to share.
func keyGen(share []byte, private *x25519.Key, seed derand.Seed) {
	if seed != nil {
		copy(private[:], seed)
	} else {
		rand.Read(private[:]) // never fails: see its documentation
	}
	x25519.KeyGen((*x25519.Key)(share), private)
}

// agree computes X25519(private, peer) and refuses an all-zero result, which a
// peer's point of low order gives (RFC 8446, section 7.4.2). The length of peer
// has been checked.
func agree(sharedSecret []byte, private *x25519.Key, peer []byte) error {
	if !x25519.Shared((*x25519.Key)(sharedSecret), private, (*x25519.Key)(peer)) {
		return bad(pqkx.CauseLowOrder)
	}
	return nil
}

func bad(cause pqkx.Cause) error {
	return &pqkx.KeyShareError{Group: pqkx.X25519, Half: pqkx.HalfClassical, Cause: cause}
}

type keyShare struct {
	private   x25519.Key
	share     []byte
	destroyed bool
}

func (ks *keyShare) Group() pqkx.Group { return group{} }
func (ks *keyShare) Bytes() []byte     { return ks.share }

func (ks *keyShare) Decapsulate(serverShare []byte) ([]byte, error) {
	return derand.Decapsulate(ks, serverShare)
}

func (ks *keyShare) DecapsulateInto(sharedSecret, serverShare []byte) error {
	if ks.destroyed {
		return pqkx.ErrDestroyed
	}
	if len(serverShare) != size {
		return bad(pqkx.CauseLength)
	}
	return agree(sharedSecret, &ks.private, serverShare)
}

func (ks *keyShare) Destroy() {
	clear(ks.private[:])
	ks.destroyed = true
}
