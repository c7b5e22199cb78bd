// Package derand runs groups from seeds, for known-answer tests, and into
// buffers of the caller's, for hybrids that are built in place.
//
// The public interface has neither: a seeded encapsulation is a hazard in
// production (RFC 9954 forbids repeated randomness), and one way to call a
// group is enough for everybody else. A group opts in by implementing [Group],
// whose methods cannot be named outside this module because of [Seed].
package derand

import (
	"fmt"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/internal/secret"
)

// A Seed is the randomness of one operation; nil means fresh randomness. A
// hybrid's seed is the seeds of its parts in wire order. The parts' seeds are:
//
//	x25519        32 bytes   the private key, before clamping (RFC 7748, section 5)
//	nist          field size the private scalar, big-endian, in [1, n-1]
//	mlkem, kyber  64 bytes   d || z for a key share (FIPS 203, algorithm 16)
//	              32 bytes   m for an encapsulation (FIPS 203, algorithm 17)
type Seed []byte

// A Group is a pqkx.Group that can be run from seeds and into buffers. Buffers
// have exactly the length that Sizes tells; other lengths are the caller's bug.
type Group interface {
	pqkx.Group

	// SeedSizes returns the length of the seeds in bytes.
	SeedSizes() (keyShare, encapsulate int)

	// KeyShareInto is KeyShare with the client share written into share,
	// which the result refers to.
	KeyShareInto(share []byte, seed Seed) (pqkx.KeyShare, error)

	// EncapsulateInto is Encapsulate with the results written into
	// sharedSecret and serverShare. After an error their content is undefined.
	EncapsulateInto(sharedSecret, serverShare, clientShare []byte, seed Seed) error
}

// A KeyShare is a pqkx.KeyShare that decapsulates into a buffer.
type KeyShare interface {
	pqkx.KeyShare

	// DecapsulateInto is Decapsulate with the result written into
	// sharedSecret. After an error its content is undefined.
	DecapsulateInto(sharedSecret, serverShare []byte) error
}

// NewKeyShare makes a client share of g from a seed. It fails for a group that
// cannot be seeded and for a seed of the wrong length.
func NewKeyShare(g pqkx.Group, seed []byte) (pqkx.KeyShare, error) {
	d, err := seeded(g)
	if err != nil {
		return nil, err
	}
	if size, _ := d.SeedSizes(); len(seed) != size {
		return nil, fmt.Errorf("derand: %v: key share seed of %d bytes, want %d", g.ID(), len(seed), size)
	}
	return d.KeyShareInto(make([]byte, g.Sizes().ClientShare), seed)
}

// Encapsulate answers a client share from a seed. It fails as [NewKeyShare]
// and g.Encapsulate do.
func Encapsulate(g pqkx.Group, clientShare, seed []byte) (sharedSecret, serverShare []byte, err error) {
	d, err := seeded(g)
	if err != nil {
		return nil, nil, err
	}
	if _, size := d.SeedSizes(); len(seed) != size {
		return nil, nil, fmt.Errorf("derand: %v: encapsulation seed of %d bytes, want %d", g.ID(), len(seed), size)
	}
	return encapsulate(d, clientShare, seed)
}

func seeded(g pqkx.Group) (Group, error) {
	if d, ok := g.(Group); ok {
		if k, _ := d.SeedSizes(); k > 0 {
			return d, nil
		}
	}
	return nil, fmt.Errorf("derand: group %v cannot be run from a seed", g.ID())
}

// Fresh makes a client share with fresh randomness: the KeyShare of a [Group].
func Fresh(g Group) (ks pqkx.KeyShare, err error) {
	share := make([]byte, g.Sizes().ClientShare)
	secret.Do(func() { ks, err = g.KeyShareInto(share, nil) })
	return ks, err
}

// EncapsulateFresh answers a client share with fresh randomness: the
// Encapsulate of a [Group].
func EncapsulateFresh(g Group, clientShare []byte) (sharedSecret, serverShare []byte, err error) {
	return encapsulate(g, clientShare, nil)
}

func encapsulate(g Group, clientShare []byte, seed Seed) (sharedSecret, serverShare []byte, err error) {
	s := g.Sizes()
	sharedSecret, serverShare = make([]byte, s.SharedSecret), make([]byte, s.ServerShare)
	secret.Do(func() { err = g.EncapsulateInto(sharedSecret, serverShare, clientShare, seed) })
	if err != nil {
		clear(sharedSecret)
		return nil, nil, err
	}
	return sharedSecret, serverShare, nil
}

// Decapsulate is the Decapsulate of a [KeyShare].
func Decapsulate(ks KeyShare, serverShare []byte) (sharedSecret []byte, err error) {
	sharedSecret = make([]byte, ks.Group().Sizes().SharedSecret)
	secret.Do(func() { err = ks.DecapsulateInto(sharedSecret, serverShare) })
	if err != nil {
		clear(sharedSecret)
		return nil, err
	}
	return sharedSecret, nil
}
