package pqkx

import (
	"crypto/fips140"
	"errors"
	"fmt"
	"slices"
)

// A Provider is an immutable list of groups in order of preference, together
// with what a client does with it (which groups get a share) and a post-quantum
// [Policy]. It is what a TLS stack needs to know about key exchange, and is
// safe for concurrent use.
//
// A client sends [Provider.SupportedGroups] and the shares of
// [Provider.KeyShares], and looks up what the server chose with
// [Provider.Group]. A server calls [Provider.Select] with what it received.
type Provider struct {
	groups []Group
	policy Policy
	shares []NamedGroup // set by WithShares
	fixed  bool         // shares is set, even if empty
}

// New returns a Provider of the groups in order of preference, with the policy
// [Prefer]. It refuses an empty list, a nil group, a group without a code point,
// two groups of one code point, and, in a process under GODEBUG=fips140=only, a group that is not
// approved.
func New(groups ...Group) (*Provider, error) {
	if len(groups) == 0 {
		return nil, errors.New("pqkx: a provider needs at least one group")
	}
	seen := make(map[NamedGroup]bool, len(groups))
	for _, g := range groups {
		switch {
		case g == nil:
			return nil, errors.New("pqkx: nil group in provider")
		case g.ID() == 0:
			return nil, errors.New("pqkx: a group without a code point can only be part of a hybrid")
		case seen[g.ID()]:
			return nil, fmt.Errorf("pqkx: two groups with code point %v", g.ID())
		case fips140.Enforced() && !g.FIPS():
			return nil, fmt.Errorf("pqkx: group %v is not approved for GODEBUG=fips140=only", g.ID())
		}
		seen[g.ID()] = true
	}
	return &Provider{groups: slices.Clone(groups)}, nil
}

// A Policy says how much a provider insists on post-quantum key exchange.
type Policy uint8

const (
	// Prefer takes a post-quantum group wherever both sides know one, and a
	// classical one otherwise.
	Prefer Policy = iota

	// Require takes post-quantum groups only. A client does not offer the
	// classical ones and a server refuses them: [ErrClassical].
	Require

	// Upgrade is Prefer for a client whose network drops a large ClientHello:
	// its first flight has a classical share alone, and a server that knows a
	// post-quantum group asks for it by HelloRetryRequest. On a server it is
	// the same as Prefer.
	Upgrade
)

// String returns the policy's name in lower case.
func (p Policy) String() string {
	switch p {
	case Prefer:
		return "prefer"
	case Require:
		return "require"
	case Upgrade:
		return "upgrade"
	}
	return fmt.Sprintf("Policy(%d)", uint8(p))
}

// ErrNoGroup means that the peer offered no group that the provider has.
var ErrNoGroup = errors.New("pqkx: no group in common")

// ErrClassical means that the policy is [Require] and no post-quantum group is
// in common with the peer.
var ErrClassical = errors.New("pqkx: policy requires a post-quantum group, and none is in common with the peer")

// WithPolicy returns a copy of the provider with another policy. It refuses
// [Require] where there is no post-quantum group.
func (p *Provider) WithPolicy(policy Policy) (*Provider, error) {
	if policy > Upgrade {
		return nil, fmt.Errorf("pqkx: unknown policy %v", policy)
	}
	if policy == Require && !slices.ContainsFunc(p.groups, IsPostQuantum) {
		return nil, errors.New("pqkx: policy require, but the provider has no post-quantum group")
	}
	q := *p
	q.policy = policy
	return &q, nil
}

// WithShares returns a copy of the provider whose clients send shares for
// exactly these groups in their first flight, instead of the choice described
// at [Provider.KeyShares]. With no argument they send none, so that every
// server has to ask. It refuses a group that is not in the provider.
func (p *Provider) WithShares(ids ...NamedGroup) (*Provider, error) {
	for _, id := range ids {
		if _, ok := p.Group(id); !ok {
			return nil, fmt.Errorf("pqkx: share for group %v, which the provider does not have", id)
		}
	}
	q := *p
	q.shares, q.fixed = slices.Clone(ids), true
	return &q, nil
}

// Policy returns the provider's policy.
func (p *Provider) Policy() Policy { return p.policy }

// Groups returns the groups in order of preference.
func (p *Provider) Groups() []Group { return slices.Clone(p.groups) }

// Group returns the group with the code point id that this provider is ready
// to use: under [Require] that is never a classical one.
func (p *Provider) Group(id NamedGroup) (g Group, ok bool) {
	for _, g := range p.groups {
		if g.ID() == id {
			return g, p.allows(g)
		}
	}
	return nil, false
}

// SupportedGroups returns what a client lists in supported_groups and what a
// server may tell of itself, in order of preference.
func (p *Provider) SupportedGroups() []NamedGroup {
	ids := make([]NamedGroup, 0, len(p.groups))
	for _, g := range p.groups {
		if p.allows(g) {
			ids = append(ids, g.ID())
		}
	}
	return ids
}

func (p *Provider) allows(g Group) bool {
	return p.policy != Require || IsPostQuantum(g)
}

// KeyShares makes the shares of a client's first flight, in the order of
// SupportedGroups, as RFC 8446, section 4.2.8 demands. They are for:
//
//   - the groups given to [Provider.WithShares], where that was called;
//   - under [Upgrade], the first classical group;
//   - otherwise the first post-quantum group and, if it is a hybrid, its
//     classical half, with one private key for both; without post-quantum
//     groups, the first group.
//
// hint is the group that this server chose before, or zero. A share for it is
// sent where that saves a round trip and gives up nothing: a post-quantum hint
// takes the place of the first post-quantum group, a classical hint that of the
// classical share, and no hint moves a provider from post-quantum to classical.
func (p *Provider) KeyShares(hint NamedGroup) ([]KeyShare, error) {
	if p.fixed {
		return p.makeShares(p.shares)
	}
	first := p.first(hint)
	if first == nil {
		return nil, ErrNoGroup // cannot happen: New and WithPolicy see to it
	}
	ks, err := first.KeyShare()
	if err != nil {
		return nil, err
	}
	shares := []KeyShare{ks}
	if IsPostQuantum(first) {
		second, err := p.classicalShare(ks, hint)
		if err != nil {
			ks.Destroy()
			return nil, err
		}
		if second != nil {
			shares = append(shares, second)
		}
	}
	p.sortShares(shares)
	return shares, nil
}

// first returns the group that gets the main share.
func (p *Provider) first(hint NamedGroup) Group {
	var pq, classical Group
	for _, g := range p.groups {
		switch {
		case IsPostQuantum(g):
			if pq == nil || g.ID() == hint {
				pq = g
			}
		case p.allows(g):
			if classical == nil || g.ID() == hint {
				classical = g
			}
		}
	}
	if pq == nil || p.policy == Upgrade && classical != nil {
		return classical
	}
	return pq
}

// classicalShare returns the second share, beside the post-quantum one, or nil.
func (p *Provider) classicalShare(ks KeyShare, hint NamedGroup) (KeyShare, error) {
	if g, ok := p.Group(hint); ok && !IsPostQuantum(g) && hint != componentID(ks) {
		return g.KeyShare()
	}
	if _, ok := p.Group(componentID(ks)); ok {
		return ks.(HybridKeyShare).Component(), nil
	}
	return nil, nil
}

// componentID returns the group of the classical half, zero if there is none.
func componentID(ks KeyShare) NamedGroup {
	if h, ok := ks.(HybridKeyShare); ok {
		return h.Component().Group().ID()
	}
	return 0
}

// makeShares makes shares for exactly ids. A group that is the classical half
// of another one in the list shares its private key.
func (p *Provider) makeShares(ids []NamedGroup) ([]KeyShare, error) {
	var shares []KeyShare
	components := make(map[NamedGroup]KeyShare)
	for _, g := range p.groups {
		if IsPostQuantum(g) && slices.Contains(ids, g.ID()) {
			ks, err := g.KeyShare()
			if err != nil {
				destroy(shares)
				return nil, err
			}
			shares = append(shares, ks)
			if h, ok := ks.(HybridKeyShare); ok {
				components[componentID(ks)] = h.Component()
			}
		}
	}
	for _, g := range p.groups {
		if IsPostQuantum(g) || !p.allows(g) || !slices.Contains(ids, g.ID()) {
			continue
		}
		ks := components[g.ID()]
		if ks == nil {
			var err error
			if ks, err = g.KeyShare(); err != nil {
				destroy(shares)
				return nil, err
			}
		}
		shares = append(shares, ks)
	}
	p.sortShares(shares)
	return shares, nil
}

func (p *Provider) sortShares(shares []KeyShare) {
	rank := func(ks KeyShare) int {
		return slices.IndexFunc(p.groups, func(g Group) bool { return g.ID() == ks.Group().ID() })
	}
	slices.SortFunc(shares, func(a, b KeyShare) int { return rank(a) - rank(b) })
}

func destroy(shares []KeyShare) {
	for _, ks := range shares {
		ks.Destroy()
	}
}

// Select chooses a server's group for a client that lists the supported groups
// and sent shares for some of them. Post-quantum groups go first, then groups
// with a share, then this provider's order: a round trip is spent to get a
// post-quantum group, never to get a preferred classical one. If the chosen
// group has no share, the server sends a HelloRetryRequest for it.
//
// The error is [ErrNoGroup], or [ErrClassical] where the policy [Require] refuses
// classical groups that are in common.
func (p *Provider) Select(supported, shares []NamedGroup) (Group, error) {
	var best Group
	bestRank := -1
	classical := false
	for _, g := range p.groups {
		if !slices.Contains(supported, g.ID()) {
			continue
		}
		if !p.allows(g) {
			classical = true
			continue
		}
		rank := 0
		if IsPostQuantum(g) {
			rank += 2
		}
		if slices.Contains(shares, g.ID()) {
			rank++
		}
		if rank > bestRank {
			best, bestRank = g, rank
		}
	}
	switch {
	case best != nil:
		return best, nil
	case classical:
		return nil, ErrClassical
	}
	return nil, ErrNoGroup
}
