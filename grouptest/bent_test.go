package grouptest

import (
	"bytes"
	"errors"
	"slices"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/hybrid"
	"github.com/pqkx/pqkx/x25519"
)

// A bent group is a good one with some of its methods replaced.
type bent struct {
	pqkx.Group
	id          func() pqkx.NamedGroup
	sizes       func() pqkx.Sizes
	keyShare    func() (pqkx.KeyShare, error)
	encapsulate func(clientShare []byte) ([]byte, []byte, error)
}

func (b bent) PostQuantum() bool { return pqkx.IsPostQuantum(b.Group) }

func (b bent) ID() pqkx.NamedGroup {
	if b.id != nil {
		return b.id()
	}
	return b.Group.ID()
}

func (b bent) Sizes() pqkx.Sizes {
	if b.sizes != nil {
		return b.sizes()
	}
	return b.Group.Sizes()
}

func (b bent) KeyShare() (pqkx.KeyShare, error) {
	if b.keyShare != nil {
		return b.keyShare()
	}
	return b.Group.KeyShare()
}

func (b bent) Encapsulate(clientShare []byte) ([]byte, []byte, error) {
	if b.encapsulate != nil {
		return b.encapsulate(clientShare)
	}
	return b.Group.Encapsulate(clientShare)
}

// A bentShare is a good share with some of its methods replaced.
type bentShare struct {
	pqkx.KeyShare
	group       pqkx.Group
	bytes       func() []byte
	decapsulate func(serverShare []byte) ([]byte, error)
	destroy     func()
}

func (b bentShare) Group() pqkx.Group {
	if b.group != nil {
		return b.group
	}
	return b.KeyShare.Group()
}

func (b bentShare) Bytes() []byte {
	if b.bytes != nil {
		return b.bytes()
	}
	return b.KeyShare.Bytes()
}

func (b bentShare) Decapsulate(serverShare []byte) ([]byte, error) {
	if b.decapsulate != nil {
		return b.decapsulate(serverShare)
	}
	return b.KeyShare.Decapsulate(serverShare)
}

func (b bentShare) Destroy() {
	if b.destroy != nil {
		b.destroy()
		return
	}
	b.KeyShare.Destroy()
}

// A bentHybridShare is a bentShare with a component.
type bentHybridShare struct {
	bentShare
	component func() pqkx.KeyShare
}

func (b bentHybridShare) Component() pqkx.KeyShare { return b.component() }

// shares returns g with each of its shares bent.
func shares(g pqkx.Group, bend func(b *bentShare)) pqkx.Group {
	return bent{Group: g, keyShare: func() (pqkx.KeyShare, error) {
		ks, err := g.KeyShare()
		b := &bentShare{KeyShare: ks}
		bend(b)
		if h, ok := ks.(pqkx.HybridKeyShare); ok {
			return bentHybridShare{*b, h.Component}, err
		}
		return b, err
	}}
}

// components returns g with each of its shares' components replaced.
func components(g pqkx.Group, bend func(h pqkx.HybridKeyShare) pqkx.KeyShare) pqkx.Group {
	return bent{Group: g, keyShare: func() (pqkx.KeyShare, error) {
		ks, err := g.KeyShare()
		h := ks.(pqkx.HybridKeyShare)
		c := bend(h)
		return bentHybridShare{bentShare{KeyShare: ks}, func() pqkx.KeyShare { return c }}, err
	}}
}

// decapsulating returns g with f around the Decapsulate of its shares.
func decapsulating(g pqkx.Group, f func(ks pqkx.KeyShare, serverShare []byte) ([]byte, error)) pqkx.Group {
	return shares(g, func(b *bentShare) {
		ks := b.KeyShare
		b.decapsulate = func(server []byte) ([]byte, error) { return f(ks, server) }
	})
}

// encapsulating returns g with f for its Encapsulate.
func encapsulating(g pqkx.Group, f func(clientShare []byte) ([]byte, []byte, error)) pqkx.Group {
	return bent{Group: g, encapsulate: f}
}

func resized(g pqkx.Group, f func(s *pqkx.Sizes)) pqkx.Group {
	return bent{Group: g, sizes: func() pqkx.Sizes {
		s := g.Sizes()
		f(&s)
		return s
	}}
}

// stale returns g with its first share or answer repeated.
func stale(g pqkx.Group, share, answer bool) pqkx.Group {
	ks, _ := g.KeyShare()
	b := bent{Group: g}
	if share {
		b.keyShare = func() (pqkx.KeyShare, error) { return ks, nil }
	}
	if answer {
		secret, server, _ := g.Encapsulate(ks.Bytes())
		b.encapsulate = func([]byte) ([]byte, []byte, error) { return bytes.Clone(secret), bytes.Clone(server), nil }
	}
	return b
}

// lenient answers a refused share with made-up results.
func lenient(g pqkx.Group) pqkx.Group {
	ks, _ := g.KeyShare()
	b := bent{Group: g, encapsulate: func(client []byte) ([]byte, []byte, error) {
		secret, server, err := g.Encapsulate(client)
		if err != nil {
			return g.Encapsulate(ks.Bytes())
		}
		return secret, server, nil
	}}
	b.keyShare = decapsulating(g, func(ks pqkx.KeyShare, server []byte) ([]byte, error) {
		secret, err := ks.Decapsulate(server)
		if err != nil && !errors.Is(err, pqkx.ErrDestroyed) {
			return make([]byte, g.Sizes().SharedSecret), nil
		}
		return secret, err
	}).KeyShare
	return b
}

// misreporting returns g with every error replaced.
func misreporting(g pqkx.Group, report error, result []byte) pqkx.Group {
	b := bent{Group: g, encapsulate: func(client []byte) ([]byte, []byte, error) {
		secret, server, err := g.Encapsulate(client)
		if err != nil {
			return result, nil, report
		}
		return secret, server, nil
	}}
	b.keyShare = decapsulating(g, func(ks pqkx.KeyShare, server []byte) ([]byte, error) {
		secret, err := ks.Decapsulate(server)
		if err != nil {
			return result, report
		}
		return secret, nil
	}).KeyShare
	return b
}

// masked returns an X25519 group with f applied to points before they are used.
func masked(f func(point []byte) []byte) pqkx.Group {
	g := x25519.Group()
	b := encapsulating(g, func(client []byte) ([]byte, []byte, error) { return g.Encapsulate(f(client)) }).(bent)
	b.keyShare = decapsulating(g, func(ks pqkx.KeyShare, server []byte) ([]byte, error) { return ks.Decapsulate(f(server)) }).KeyShare
	return b
}

// swapped returns X25519MLKEM768 with the halves of secret or server share in
// the other order.
func swapped(secret, server int) pqkx.Group {
	g := hybrid.X25519MLKEM768()
	swap := func(b []byte, at int) []byte {
		if at == 0 || len(b) < at {
			return b
		}
		return slices.Concat(b[at:], b[:at])
	}
	b := bent{Group: g, encapsulate: func(client []byte) ([]byte, []byte, error) {
		ss, share, err := g.Encapsulate(client)
		return swap(ss, secret), swap(share, server), err
	}}
	b.keyShare = decapsulating(g, func(ks pqkx.KeyShare, share []byte) ([]byte, error) {
		if server != 0 {
			share = swap(share, len(share)-server)
		}
		ss, err := ks.Decapsulate(share)
		return swap(ss, secret), err
	}).KeyShare
	return b
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
