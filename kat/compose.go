package kat

import (
	"crypto/sha3"
	"errors"
	"slices"
	"strings"

	"github.com/pqkx/pqkx"
)

// kemOf returns a mechanism of impl, nil if it has none: its own, or one that
// is made of its own.
func kemOf(impl Implementation, name string) KEM {
	switch base, ipd := strings.CutSuffix(name, "-ipd"); {
	case ipd:
		mlkem := impl.KEM(base)
		kyber := impl.KEM("Kyber" + strings.TrimPrefix(base, "ML-KEM-"))
		if mlkem == nil || kyber == nil {
			return nil
		}
		return draftKEM{mlkem, kyber}
	case name == "X-Wing":
		mlkem, x25519 := impl.KEM("ML-KEM-768"), impl.Exchange(pqkx.X25519)
		if mlkem == nil || x25519 == nil {
			return nil
		}
		return xwing{mlkem, x25519}
	}
	return impl.KEM(name)
}

// A draftKEM is ML-KEM as in the initial public draft of FIPS 203: keys are
// made as in round 3, without the byte k, and used as in the standard.
type draftKEM struct {
	KEM
	kyber KEM
}

func (k draftKEM) KeyGen(seed []byte) (ek, dk []byte, err error) { return k.kyber.KeyGen(seed) }

func (k draftKEM) DecapsulateSeed(seed, ct []byte) ([]byte, error) {
	_, dk, err := k.kyber.KeyGen(seed)
	if err != nil {
		return nil, err
	}
	return k.Decapsulate(dk, ct)
}

// xwing is X-Wing of its parts (draft-connolly-cfrg-xwing-kem, sections 5.2 to
// 5.5). Both forms of its private key are the seed.
type xwing struct {
	mlkem  KEM
	x25519 Exchange
}

var errLength = errors.New("wrong length")

// expand returns the parts' seeds (section 5.2).
func (xwing) expand(seed []byte) (mlkem, x25519 []byte) {
	both := sha3.SumSHAKE256(seed, 96)
	return both[:64], both[64:]
}

func (k xwing) KeyGen(seed []byte) (ek, dk []byte, err error) {
	if len(seed) != 32 {
		return nil, nil, errLength
	}
	seedM, seedX := k.expand(seed)
	ekM, _, err := k.mlkem.KeyGen(seedM)
	if err != nil {
		return nil, nil, err
	}
	ekX, err := k.x25519.ClientShare(seedX)
	return slices.Concat(ekM, ekX), seed, err
}

func (k xwing) Encapsulate(ek, m []byte) (ct, ss []byte, err error) {
	if len(ek) != 1216 || len(m) != 64 {
		return nil, nil, errLength
	}
	ctM, ssM, err := k.mlkem.Encapsulate(ek[:1184], m[:32])
	if err != nil {
		return nil, nil, err
	}
	ctX, ssX, err := k.x25519.Server(m[32:], ek[1184:])
	if err != nil {
		return nil, nil, err
	}
	return slices.Concat(ctM, ctX), combine(ssM, ssX, ctX, ek[1184:]), nil
}

func (k xwing) Decapsulate(dk, ct []byte) ([]byte, error) { return k.DecapsulateSeed(dk, ct) }

func (k xwing) DecapsulateSeed(seed, ct []byte) ([]byte, error) {
	if len(seed) != 32 || len(ct) != 1120 {
		return nil, errLength
	}
	seedM, seedX := k.expand(seed)
	ssM, err := k.mlkem.DecapsulateSeed(seedM, ct[:1088])
	if err != nil {
		return nil, err
	}
	ssX, err := k.x25519.Client(seedX, ct[1088:])
	if err != nil {
		return nil, err
	}
	ekX, err := k.x25519.ClientShare(seedX)
	return combine(ssM, ssX, ct[1088:], ekX), err
}

// combine is X-Wing's combiner (section 5.3).
func combine(ssM, ssX, ctX, ekX []byte) []byte {
	h := sha3.Sum256(slices.Concat(ssM, ssX, ctX, ekX, []byte(`\.//^\`)))
	return h[:]
}

// A composed exchange puts an implementation's parts side by side in wire
// order, for those that have the parts but no TLS groups. It is nil where a
// part is missing.
func composed(id pqkx.NamedGroup, kem func(string) KEM, curve func(pqkx.NamedGroup) Exchange) Exchange {
	var x concatenation
	for _, p := range groups[id] {
		var part Exchange
		if p.kem == "" {
			part = curve(p.curve)
		} else if k := kem(p.kem); k != nil {
			part = kemExchange{k}
		}
		if part == nil {
			return nil
		}
		x = append(x, concatenated{p, part})
	}
	if x == nil {
		return nil
	}
	return x
}

type concatenated struct {
	groupPart
	Exchange
}

type concatenation []concatenated

func (x concatenation) parts() []groupPart {
	parts := make([]groupPart, len(x))
	for i, p := range x {
		parts[i] = p.groupPart
	}
	return parts
}

func (x concatenation) ClientShare(seed []byte) (share []byte, err error) {
	if len(seed) != sum(x.parts(), clientSeedSize) {
		return nil, errLength
	}
	for _, p := range x {
		s, err := p.Exchange.ClientShare(take(&seed, p.clientSeed))
		if err != nil {
			return nil, err
		}
		share = append(share, s...)
	}
	return share, nil
}

func (x concatenation) Server(seed, clientShare []byte) (share, ss []byte, err error) {
	if len(seed) != sum(x.parts(), serverSeedSize) || len(clientShare) != sum(x.parts(), clientSize) {
		return nil, nil, errLength
	}
	for _, p := range x {
		s, secret, err := p.Exchange.Server(take(&seed, p.serverSeed), take(&clientShare, p.client))
		if err != nil {
			return nil, nil, err
		}
		share, ss = append(share, s...), append(ss, secret...)
	}
	return share, ss, nil
}

func (x concatenation) Client(seed, serverShare []byte) (ss []byte, err error) {
	if len(seed) != sum(x.parts(), clientSeedSize) || len(serverShare) != sum(x.parts(), serverSize) {
		return nil, errLength
	}
	for _, p := range x {
		secret, err := p.Exchange.Client(take(&seed, p.clientSeed), take(&serverShare, p.server))
		if err != nil {
			return nil, err
		}
		ss = append(ss, secret...)
	}
	return ss, nil
}

func clientSeedSize(p groupPart) int { return p.clientSeed }
func serverSeedSize(p groupPart) int { return p.serverSeed }
func clientSize(p groupPart) int     { return p.client }
func serverSize(p groupPart) int     { return p.server }

// take cuts n bytes off b.
func take(b *[]byte, n int) []byte {
	head := (*b)[:n:n]
	*b = (*b)[n:]
	return head
}

// A kemExchange is a KEM as a TLS group.
type kemExchange struct{ kem KEM }

func (x kemExchange) ClientShare(seed []byte) ([]byte, error) {
	ek, _, err := x.kem.KeyGen(seed)
	return ek, err
}

func (x kemExchange) Server(seed, clientShare []byte) (serverShare, ss []byte, err error) {
	return x.kem.Encapsulate(clientShare, seed)
}

func (x kemExchange) Client(seed, serverShare []byte) ([]byte, error) {
	return x.kem.DecapsulateSeed(seed, serverShare)
}
