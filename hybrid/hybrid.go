// Package hybrid joins groups into one that is safe as long as one of its parts
// is (RFC 9954): shares and secrets are the parts' own, one after the other,
// with no lengths and no labels between them.
//
// Order is position: a hybrid holds its parts in wire order. X25519MLKEM768 has
// ML-KEM first, whatever its name says (RFC 10024, section 4.1); the hybrids of
// the NIST curves have the curve first; the Kyber drafts have the curve first.
package hybrid

import (
	"errors"
	"fmt"
	"slices"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/internal/derand"
	"github.com/pqkx/pqkx/kyber"
	"github.com/pqkx/pqkx/mlkem"
	"github.com/pqkx/pqkx/nist"
	"github.com/pqkx/pqkx/x25519"
)

// X25519MLKEM768 returns the group of code point 0x11EC (RFC 10024): a client
// share of 1216 bytes, a server share of 1120, a secret of 64; ML-KEM first.
func X25519MLKEM768() pqkx.Group { return x25519MLKEM768(mlkem.MLKEM768(), x25519.Group()) }

// SecP256r1MLKEM768 returns the group of code point 0x11EB (RFC 10024): a
// client share of 1249 bytes, a server share of 1153, a secret of 64; ECDH
// first.
func SecP256r1MLKEM768() pqkx.Group { return secP256r1MLKEM768(mlkem.MLKEM768()) }

// SecP384r1MLKEM1024 returns the group of code point 0x11ED (RFC 10024): client
// and server shares of 1665 bytes, a secret of 80; ECDH first.
func SecP384r1MLKEM1024() pqkx.Group { return secP384r1MLKEM1024(mlkem.MLKEM1024()) }

// X25519Kyber768Draft00 returns the obsolete group of code point 0x6399
// (draft-tls-westerbaan-xyber768d00): a client share of 1216 bytes, a server
// share of 1120, a secret of 64; X25519 first.
func X25519Kyber768Draft00() pqkx.Group {
	return draft(pqkx.X25519Kyber768Draft00, x25519.Group(), kyber.Kyber768())
}

// SecP256r1Kyber768Draft00 returns the obsolete group of code point 0x639A
// (draft-kwiatkowski-tls-ecdhe-kyber): a client share of 1249 bytes, a server
// share of 1153, a secret of 64; ECDH first.
func SecP256r1Kyber768Draft00() pqkx.Group {
	return draft(pqkx.SecP256r1Kyber768Draft00, nist.P256(), kyber.Kyber768())
}

// StandardX25519MLKEM768 returns X25519MLKEM768 on the standard library's
// crypto/mlkem and crypto/ecdh, approved under FIPS 140-3 by its ML-KEM.
func StandardX25519MLKEM768() pqkx.Group {
	return x25519MLKEM768(mlkem.StandardMLKEM768(), x25519.Standard())
}

// StandardSecP256r1MLKEM768 returns SecP256r1MLKEM768 on the standard library's
// crypto/mlkem and crypto/ecdh.
func StandardSecP256r1MLKEM768() pqkx.Group { return secP256r1MLKEM768(mlkem.StandardMLKEM768()) }

// StandardSecP384r1MLKEM1024 returns SecP384r1MLKEM1024 on the standard
// library's crypto/mlkem and crypto/ecdh.
func StandardSecP384r1MLKEM1024() pqkx.Group { return secP384r1MLKEM1024(mlkem.StandardMLKEM1024()) }

func x25519MLKEM768(mlkem, x25519 pqkx.Group) pqkx.Group {
	return static(pqkx.X25519MLKEM768, mlkem, x25519)
}

func secP256r1MLKEM768(mlkem pqkx.Group) pqkx.Group {
	return static(pqkx.SecP256r1MLKEM768, nist.P256(), mlkem)
}

func secP384r1MLKEM1024(mlkem pqkx.Group) pqkx.Group {
	return static(pqkx.SecP384r1MLKEM1024, nist.P384(), mlkem)
}

// static is New for the definitions above, whose parts are right.
func static(id pqkx.NamedGroup, parts ...pqkx.Group) *group {
	g, err := newGroup(id, parts)
	if err != nil {
		panic(err)
	}
	return g
}

// draft is static for a group that never became a standard, and so is not
// approved, whatever its first part.
func draft(id pqkx.NamedGroup, parts ...pqkx.Group) pqkx.Group {
	g := static(id, parts...)
	g.fips = false
	return g
}

// New returns a hybrid with the code point id of two or more parts in wire
// order. It resists a quantum computer if a part does, and is approved under
// FIPS 140-3 if its first part is (NIST SP 800-56C rev. 2). It refuses fewer
// than two parts, a nil part, and a zero id.
//
// The part that is offered by itself beside the hybrid, see
// [pqkx.HybridKeyShare], is the first classical one that has a code point.
func New(id pqkx.NamedGroup, parts ...pqkx.Group) (pqkx.Group, error) {
	g, err := newGroup(id, parts)
	if err != nil {
		return nil, err // not a nil *group in an interface
	}
	return g, nil
}

func newGroup(id pqkx.NamedGroup, parts []pqkx.Group) (*group, error) {
	if id == 0 {
		return nil, errors.New("hybrid: a hybrid needs a code point")
	}
	if len(parts) < 2 {
		return nil, fmt.Errorf("hybrid: %v: %d parts, want two or more", id, len(parts))
	}
	if i := slices.Index(parts, nil); i >= 0 {
		return nil, fmt.Errorf("hybrid: %v: part %d is nil", id, i)
	}
	g := &group{id: id, fips: parts[0].FIPS(), component: -1}
	for i, p := range parts {
		g.parts = append(g.parts, adapt(p))
		s := p.Sizes()
		g.sizes.ClientShare += s.ClientShare
		g.sizes.ServerShare += s.ServerShare
		g.sizes.SharedSecret += s.SharedSecret
		g.postQuantum = g.postQuantum || pqkx.IsPostQuantum(p)
		if g.component < 0 && !pqkx.IsPostQuantum(p) && p.ID() != 0 {
			g.component = i
		}
	}
	g.findSeedSizes()
	return g, nil
}

type group struct {
	id          pqkx.NamedGroup
	parts       []derand.Group // in wire order
	sizes       pqkx.Sizes
	postQuantum bool
	fips        bool
	component   int // index of the part to offer by itself, or -1
	seedSizes   [2]int
}

// findSeedSizes adds up what the parts need; none if a part cannot be seeded.
func (g *group) findSeedSizes() {
	var sum [2]int
	for _, p := range g.parts {
		k, e := p.SeedSizes()
		if k == 0 {
			return
		}
		sum[0], sum[1] = sum[0]+k, sum[1]+e
	}
	g.seedSizes = sum
}

func (g *group) ID() pqkx.NamedGroup   { return g.id }
func (g *group) Sizes() pqkx.Sizes     { return g.sizes }
func (g *group) FIPS() bool            { return g.fips }
func (g *group) PostQuantum() bool     { return g.postQuantum }
func (g *group) SeedSizes() (_, _ int) { return g.seedSizes[0], g.seedSizes[1] }

// Backend names the parts' backends, in wire order.
func (g *group) Backend() string {
	var s string
	for i, p := range g.parts {
		if i > 0 {
			s += " + "
		}
		if b, ok := p.(interface{ Backend() string }); ok {
			s += b.Backend()
		} else {
			s += "?"
		}
	}
	return s
}

func (g *group) KeyShare() (pqkx.KeyShare, error) { return derand.Fresh(g) }

func (g *group) Encapsulate(clientShare []byte) (sharedSecret, serverShare []byte, err error) {
	return derand.EncapsulateFresh(g, clientShare)
}

func (g *group) KeyShareInto(share []byte, seed derand.Seed) (pqkx.KeyShare, error) {
	ks := &keyShare{group: g, share: share, parts: make([]pqkx.KeyShare, len(g.parts))}
	for i, p := range g.parts {
		n, _ := p.SeedSizes()
		part, err := p.KeyShareInto(cut(&share, p.Sizes().ClientShare), cutSeed(&seed, n))
		if err != nil {
			ks.Destroy()
			return nil, err
		}
		ks.parts[i] = part
	}
	if g.component >= 0 {
		return hybridKeyShare{ks}, nil
	}
	return ks, nil
}

// EncapsulateInto runs every part, whatever the ones before it said, so that
// a peer learns nothing from which half was at fault.
func (g *group) EncapsulateInto(sharedSecret, serverShare, clientShare []byte, seed derand.Seed) error {
	if len(clientShare) != g.sizes.ClientShare {
		return g.bad(pqkx.CauseLength)
	}
	var failed error
	for _, p := range g.parts {
		s := p.Sizes()
		_, n := p.SeedSizes()
		err := p.EncapsulateInto(cut(&sharedSecret, s.SharedSecret), cut(&serverShare, s.ServerShare),
			cut(&clientShare, s.ClientShare), cutSeed(&seed, n))
		failed = g.join(failed, err)
	}
	return failed
}

// join adds a part's error to those before it, with the hybrid's name.
func (g *group) join(errs, err error) error {
	var bad *pqkx.KeyShareError
	if errors.As(err, &bad) {
		renamed := *bad
		renamed.Group = g.id
		err = &renamed
	}
	switch {
	case err == nil:
		return errs
	case errs == nil:
		return err
	}
	return errors.Join(errs, err)
}

func (g *group) bad(cause pqkx.Cause) error {
	return &pqkx.KeyShareError{Group: g.id, Cause: cause}
}

// cut takes the first n bytes off b, with no capacity beyond them.
func cut(b *[]byte, n int) []byte {
	head := (*b)[:n:n]
	*b = (*b)[n:]
	return head
}

// cutSeed is cut for seeds, where nil stands for fresh randomness.
func cutSeed(seed *derand.Seed, n int) derand.Seed {
	if *seed == nil {
		return nil
	}
	return cut((*[]byte)(seed), n)
}
