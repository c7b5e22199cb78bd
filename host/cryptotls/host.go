package cryptotls

import (
	"crypto/tls"
	"errors"
	"fmt"
	"slices"

	"github.com/pqkx/pqkx"
)

// A host serves crypto/tls from a provider. It is immutable.
type host struct {
	provider *pqkx.Provider
	groups   []tls.CurveID     // that the policy allows, in order of preference
	fixed    []pqkx.NamedGroup // of WithShares, or nil
}

func newHost(p *pqkx.Provider) (*host, error) {
	h := &host{provider: p}
	for _, id := range p.SupportedGroups() {
		h.groups = append(h.groups, tls.CurveID(id))
	}
	sent, err := sentBy(p)
	if err != nil {
		return nil, err
	}
	if len(sent) == 0 {
		return nil, errors.New("cryptotls: the provider sends no key share, which crypto/tls cannot do")
	}
	plain, err := restrict(p, h.groups)
	if err != nil {
		return nil, err
	}
	usual, err := sentBy(plain)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(sent, usual) {
		h.fixed = sent
	}
	return h, nil
}

// sentBy returns the groups that a provider's clients send shares for.
func sentBy(p *pqkx.Provider) ([]pqkx.NamedGroup, error) {
	shares, err := p.KeyShares(0)
	if err != nil {
		return nil, err
	}
	defer destroy(shares)
	ids := make([]pqkx.NamedGroup, len(shares))
	for i, ks := range shares {
		ids[i] = ks.Group().ID()
	}
	return ids, nil
}

// restrict returns a provider of some groups of p with its policy.
func restrict(p *pqkx.Provider, enabled []tls.CurveID) (*pqkx.Provider, error) {
	var groups []pqkx.Group
	for _, id := range enabled {
		g, ok := p.Group(pqkx.NamedGroup(id))
		if !ok {
			return nil, errUnknown(id)
		}
		groups = append(groups, g)
	}
	restricted, err := pqkx.New(groups...)
	if err != nil {
		return nil, err
	}
	return restricted.WithPolicy(p.Policy())
}

func errUnknown(id tls.CurveID) error {
	return fmt.Errorf("cryptotls: the provider has no group %v", pqkx.NamedGroup(id))
}

func (h *host) hooks(impose bool) *hooks {
	k := &hooks{
		Impose:      impose,
		PostQuantum: h.provider.Policy() == pqkx.Require,
		FirstFlight: h.firstFlight,
		Retry:       h.retry,
		Answer:      h.answer,
		BadShare:    func(err error) bool { return errors.Is(err, pqkx.ErrKeyShare) },
	}
	for _, id := range h.groups {
		g, _ := h.provider.Group(pqkx.NamedGroup(id))
		k.Groups = append(k.Groups, group{id, g.ID().String(), pqkx.IsPostQuantum(g)})
	}
	return k
}

// firstFlight makes a client's first shares, of the groups that its Config
// leaves enabled.
func (h *host) firstFlight(enabled []tls.CurveID) ([]share, error) {
	p := h.provider
	if !slices.Equal(enabled, h.groups) {
		var err error
		if p, err = h.narrow(enabled); err != nil {
			return nil, err
		}
	}
	shares, err := p.KeyShares(0)
	if err != nil {
		return nil, err
	}
	offer := make([]share, len(shares))
	for i, ks := range shares {
		offer[i] = finishing(ks, shares)
	}
	return offer, nil
}

// narrow returns the provider for some of its groups. Shares that were fixed by
// WithShares stay so, as far as they are among the groups.
func (h *host) narrow(enabled []tls.CurveID) (*pqkx.Provider, error) {
	p, err := restrict(h.provider, enabled)
	if err != nil {
		return nil, err
	}
	fixed := slices.DeleteFunc(slices.Clone(h.fixed), func(id pqkx.NamedGroup) bool {
		return !slices.Contains(enabled, tls.CurveID(id))
	})
	if len(fixed) == 0 {
		return p, nil
	}
	return p.WithShares(fixed...)
}

// finishing returns ks for crypto/tls. The first share to be finished ends them
// all: a handshake does it once.
func finishing(ks pqkx.KeyShare, all []pqkx.KeyShare) share {
	return share{
		ID:    tls.CurveID(ks.Group().ID()),
		Bytes: ks.Bytes(),
		Finish: func(serverShare []byte) ([]byte, error) {
			defer destroy(all)
			return ks.Decapsulate(serverShare)
		},
	}
}

// retry makes the share that a HelloRetryRequest asks for.
func (h *host) retry(id tls.CurveID) (share, error) {
	g, ok := h.provider.Group(pqkx.NamedGroup(id))
	if !ok {
		return share{}, errUnknown(id)
	}
	ks, err := g.KeyShare()
	if err != nil {
		return share{}, err
	}
	return finishing(ks, []pqkx.KeyShare{ks}), nil
}

// answer answers a client's share on a server.
func (h *host) answer(id tls.CurveID, clientShare []byte) (sharedSecret, serverShare []byte, err error) {
	g, ok := h.provider.Group(pqkx.NamedGroup(id))
	if !ok {
		return nil, nil, errUnknown(id)
	}
	return g.Encapsulate(clientShare)
}

func destroy(shares []pqkx.KeyShare) {
	for _, ks := range shares {
		ks.Destroy()
	}
}
