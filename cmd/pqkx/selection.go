package main

import (
	"crypto/fips140"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/preset"
)

// A selection is what the flags --groups and --policy say.
type selection struct{ groups, policy string }

// groupsHelp says what a list of groups is. The word in back quotes is the
// flag's value, see [flag.UnquoteUsage].
const groupsHelp = "`LIST` of groups in order of preference, with commas between: names as\n" +
	"'pqkx groups' has them, code points, and the presets default, fips and all"

func (s *selection) register(f *flags) {
	f.StringVar(&s.groups, "groups", "default", groupsHelp)
	f.StringVar(&s.policy, "policy", pqkx.Prefer.String(), "`POLICY` for post-quantum groups: prefer takes one wherever both sides know\n"+
		"one, require refuses a classical one, upgrade sends only the small classical\nshare and lets the server ask for more")
}

// provider makes the provider that was asked for.
func (s *selection) provider() (*pqkx.Provider, error) {
	groups, err := parseGroups(s.groups)
	if err != nil {
		return nil, usagef("--groups: %w", err)
	}
	p, err := pqkx.New(groups...)
	if err != nil {
		return nil, usagef("--groups: %w", err)
	}
	policy, err := parsePolicy(s.policy)
	if err != nil {
		return nil, usagef("--policy: %w", err)
	}
	if p, err = p.WithPolicy(policy); err != nil {
		return nil, usagef("--policy: %w", err)
	}
	return p, nil
}

func parsePolicy(name string) (pqkx.Policy, error) {
	policies := []pqkx.Policy{pqkx.Prefer, pqkx.Require, pqkx.Upgrade}
	for _, p := range policies {
		if strings.EqualFold(name, p.String()) {
			return p, nil
		}
	}
	return 0, fmt.Errorf("unknown policy %q; known: %s", name, joinNames(policies))
}

var presets = map[string]func() *pqkx.Provider{
	"default": preset.Default,
	"fips":    preset.FIPS,
	"all":     preset.All,
}

// aliases are common names, in lower case, that are not the IANA ones.
var aliases = map[string]pqkx.NamedGroup{
	"p-256": pqkx.Secp256r1, "p256": pqkx.Secp256r1, "prime256v1": pqkx.Secp256r1,
	"p-384": pqkx.Secp384r1, "p384": pqkx.Secp384r1,
	"p-521": pqkx.Secp521r1, "p521": pqkx.Secp521r1,
}

// parseGroups returns the groups of a list with commas, in its order. It
// refuses unknown names and a group that is named twice.
func parseGroups(list string) ([]pqkx.Group, error) {
	var groups []pqkx.Group
	for name := range strings.SplitSeq(list, ",") {
		found, err := groupsNamed(strings.TrimSpace(name))
		if err != nil {
			return nil, err
		}
		for _, g := range found {
			if slices.ContainsFunc(groups, func(h pqkx.Group) bool { return h.ID() == g.ID() }) {
				return nil, fmt.Errorf("group %v is in the list twice", g.ID())
			}
			groups = append(groups, g)
		}
	}
	return groups, nil
}

// groupsNamed returns the groups of a preset, or the one group of that name.
func groupsNamed(name string) ([]pqkx.Group, error) {
	if name == "" {
		return nil, errors.New("the list lacks a name; see 'pqkx groups'")
	}
	if p, ok := presets[strings.ToLower(name)]; ok {
		return p().Groups(), nil
	}
	id := aliases[strings.ToLower(name)]
	if code, err := strconv.ParseUint(name, 0, 16); err == nil {
		id = pqkx.NamedGroup(code)
	}
	all := preset.All()
	for _, g := range all.Groups() {
		if g.ID() == id || strings.EqualFold(g.ID().String(), name) {
			return []pqkx.Group{g}, nil
		}
	}
	mode := ""
	if fips140.Enforced() {
		mode = " under GODEBUG=fips140=only"
	}
	return nil, fmt.Errorf("unknown group %q; known%s: %s", name, mode, joinNames(all.SupportedGroups()))
}

// joinNames lists names with commas.
func joinNames[T fmt.Stringer](list []T) string {
	names := make([]string, len(list))
	for i, v := range list {
		names[i] = v.String()
	}
	return strings.Join(names, ", ")
}
