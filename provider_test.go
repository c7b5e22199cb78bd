package pqkx_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pqkx/pqkx"
)

// A toy is a group without cryptography, for tests of the provider alone.
type toy struct {
	id          pqkx.NamedGroup
	postQuantum bool
	component   *toy
	fail        error
}

func (g toy) ID() pqkx.NamedGroup { return g.id }
func (g toy) FIPS() bool          { return true }
func (g toy) PostQuantum() bool   { return g.postQuantum }
func (g toy) Sizes() pqkx.Sizes   { return pqkx.Sizes{ClientShare: 1, ServerShare: 1, SharedSecret: 1} }

func (g toy) KeyShare() (pqkx.KeyShare, error) {
	if g.fail != nil {
		return nil, g.fail
	}
	if g.component != nil {
		return toyHybrid{toyShare{g}}, nil
	}
	return toyShare{g}, nil
}

func (g toy) Encapsulate([]byte) (_, _ []byte, err error) { return nil, nil, errors.New("toy") }

type toyShare struct{ group toy }

func (s toyShare) Group() pqkx.Group                  { return s.group }
func (s toyShare) Bytes() []byte                      { return []byte{0} }
func (s toyShare) Decapsulate([]byte) ([]byte, error) { return nil, errors.New("toy") }
func (s toyShare) Destroy()                           {}

type toyHybrid struct{ toyShare }

func (s toyHybrid) Component() pqkx.KeyShare { return toyShare{*s.group.component} }

var (
	classicalA = toy{id: 0xA0}
	classicalB = toy{id: 0xB0}
	classicalC = toy{id: 0xC0}
	hybridA    = toy{id: 0xA1, postQuantum: true, component: &classicalA}
	hybridB    = toy{id: 0xB1, postQuantum: true, component: &classicalB}
	pure       = toy{id: 0xD1, postQuantum: true}
)

type ids = []pqkx.NamedGroup

func TestNewRefuses(t *testing.T) {
	for name, groups := range map[string][]pqkx.Group{
		"no group":        {},
		"nil":             {classicalA, nil},
		"twice":           {classicalA, hybridA, classicalA},
		"zero code point": {toy{}},
	} {
		if _, err := pqkx.New(groups...); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	classical, err := pqkx.New(classicalA)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := classical.WithPolicy(pqkx.Require); err == nil {
		t.Error("Require without a post-quantum group: no error")
	}
	if _, err := classical.WithPolicy(pqkx.Upgrade + 1); err == nil {
		t.Error("unknown policy: no error")
	}
	if _, err := classical.WithShares(0xB0); err == nil {
		t.Error("share for a group that is not there: no error")
	}
}

func TestKeyShares(t *testing.T) {
	mixed := []pqkx.Group{classicalA, hybridB, hybridA, classicalB, classicalC}
	for _, test := range []struct {
		name   string
		groups []pqkx.Group
		policy pqkx.Policy
		hint   pqkx.NamedGroup
		want   ids
	}{
		{"first hybrid and its half", mixed, pqkx.Prefer, 0, ids{0xB1, 0xB0}},
		{"in the order of the list", []pqkx.Group{classicalA, hybridA}, pqkx.Prefer, 0, ids{0xA0, 0xA1}},
		{"half not in the list", []pqkx.Group{hybridA, classicalB}, pqkx.Prefer, 0, ids{0xA1}},
		{"no half", []pqkx.Group{pure, classicalA}, pqkx.Prefer, 0, ids{0xD1}},
		{"classical only", []pqkx.Group{classicalB, classicalA}, pqkx.Prefer, 0, ids{0xB0}},
		{"post-quantum hint", mixed, pqkx.Prefer, 0xA1, ids{0xA0, 0xA1}},
		{"classical hint", mixed, pqkx.Prefer, 0xC0, ids{0xB1, 0xC0}},
		{"classical hint, the half anyway", mixed, pqkx.Prefer, 0xB0, ids{0xB1, 0xB0}},
		{"hint among classical groups", []pqkx.Group{classicalB, classicalA}, pqkx.Prefer, 0xA0, ids{0xA0}},
		{"hint that is not in the list", mixed, pqkx.Prefer, 0xEE, ids{0xB1, 0xB0}},
		{"require", mixed, pqkx.Require, 0, ids{0xB1}},
		{"require, classical hint", mixed, pqkx.Require, 0xC0, ids{0xB1}},
		{"upgrade", mixed, pqkx.Upgrade, 0, ids{0xA0}},
		{"upgrade, classical hint", mixed, pqkx.Upgrade, 0xC0, ids{0xC0}},
		{"upgrade, post-quantum hint", mixed, pqkx.Upgrade, 0xB1, ids{0xA0}},
		{"upgrade, nothing classical", []pqkx.Group{pure}, pqkx.Upgrade, 0, ids{0xD1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := must(must(pqkx.New(test.groups...)).WithPolicy(test.policy))
			got := idsOf(must(p.KeyShares(test.hint)))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("shares (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWithShares(t *testing.T) {
	p := must(pqkx.New(classicalA, hybridB, hybridA, classicalB))
	for _, want := range []ids{{}, {0xA0}, {0xA0, 0xB1, 0xA1, 0xB0}, {0xB1, 0xB0}} {
		got := idsOf(must(must(p.WithShares(want...)).KeyShares(0xA1)))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("shares (-want +got):\n%s", diff)
		}
	}
	failure := errors.New("no entropy")
	broken := must(pqkx.New(hybridA, toy{id: 0xF0, fail: failure}))
	if _, err := must(broken.WithShares(0xA1, 0xF0)).KeyShares(0); !errors.Is(err, failure) {
		t.Errorf("got error %v, want the group's", err)
	}
}

func TestSupportedGroups(t *testing.T) {
	p := must(pqkx.New(classicalA, hybridB, pure))
	if diff := cmp.Diff(ids{0xA0, 0xB1, 0xD1}, p.SupportedGroups()); diff != "" {
		t.Errorf("prefer (-want +got):\n%s", diff)
	}
	require := must(p.WithPolicy(pqkx.Require))
	if diff := cmp.Diff(ids{0xB1, 0xD1}, require.SupportedGroups()); diff != "" {
		t.Errorf("require (-want +got):\n%s", diff)
	}
	if _, ok := require.Group(0xA0); ok {
		t.Error("require: Group returns a classical group")
	}
	if g, ok := p.Group(0xA0); !ok || g.ID() != 0xA0 {
		t.Error("prefer: Group does not return a classical group")
	}
}

func TestSelect(t *testing.T) {
	p := must(pqkx.New(classicalA, hybridB, hybridA, classicalB))
	require := must(p.WithPolicy(pqkx.Require))
	for _, test := range []struct {
		name              string
		p                 *pqkx.Provider
		supported, shares ids
		want              pqkx.NamedGroup
		err               error
	}{
		{"post-quantum before a share", p, ids{0xA0, 0xA1}, ids{0xA0}, 0xA1, nil},
		{"share before order", p, ids{0xB1, 0xA1}, ids{0xA1}, 0xA1, nil},
		{"order", p, ids{0xA1, 0xB1}, ids{0xA1, 0xB1}, 0xB1, nil},
		{"order without shares", p, ids{0xA1, 0xB1}, nil, 0xB1, nil},
		{"classical, share first", p, ids{0xA0, 0xB0}, ids{0xB0}, 0xB0, nil},
		{"unknown and GREASE", p, ids{0x0A0A, 0x0100, 0xB0}, ids{0x0A0A}, 0xB0, nil},
		{"nothing in common", p, ids{0x0100}, nil, 0, pqkx.ErrNoGroup},
		{"require", require, ids{0xA0, 0xA1}, ids{0xA0}, 0xA1, nil},
		{"require, classical only", require, ids{0xA0}, ids{0xA0}, 0, pqkx.ErrClassical},
		{"require, nothing in common", require, ids{0x0100}, nil, 0, pqkx.ErrNoGroup},
	} {
		t.Run(test.name, func(t *testing.T) {
			g, err := test.p.Select(test.supported, test.shares)
			if !errors.Is(err, test.err) || (err == nil) != (test.err == nil) {
				t.Fatalf("error %v, want %v", err, test.err)
			}
			if err == nil && g.ID() != test.want {
				t.Errorf("selected %v, want %v", g.ID(), test.want)
			}
		})
	}
}

func TestKeyShareError(t *testing.T) {
	err := error(&pqkx.KeyShareError{Group: pqkx.X25519MLKEM768, Half: pqkx.HalfPostQuantum, Cause: pqkx.CauseModulus})
	if !errors.Is(err, pqkx.ErrKeyShare) {
		t.Error("does not wrap ErrKeyShare")
	}
	const want = "pqkx: X25519MLKEM768: invalid key share: post-quantum half: coefficient not reduced modulo q"
	if err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}

func TestNamedGroup(t *testing.T) {
	for id, want := range map[pqkx.NamedGroup]string{
		pqkx.X25519: "x25519", 0x001E: "x448", 0x0A0A: "GREASE(0x0A0A)", 0xFAFA: "GREASE(0xFAFA)", 0x1A0A: "0x1A0A", 0xFE00: "0xFE00",
	} {
		if got := id.String(); got != want {
			t.Errorf("%#04x: got %q, want %q", uint16(id), got, want)
		}
	}
}

func idsOf(shares []pqkx.KeyShare) ids {
	list := ids{}
	for _, ks := range shares {
		list = append(list, ks.Group().ID())
	}
	return list
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
