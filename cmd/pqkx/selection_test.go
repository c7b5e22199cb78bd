package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/preset"
)

func TestParseGroups(t *testing.T) {
	all := preset.All().SupportedGroups()
	tests := []struct {
		list string
		want []pqkx.NamedGroup
	}{
		{"x25519mlkem768", []pqkx.NamedGroup{pqkx.X25519MLKEM768}},
		{"P-256,p384, prime256v1x", nil},
		{"P-384, p256", []pqkx.NamedGroup{pqkx.Secp384r1, pqkx.Secp256r1}},
		{"4588,0x0017", []pqkx.NamedGroup{pqkx.X25519MLKEM768, pqkx.Secp256r1}},
		{"prime256v1,P-521", []pqkx.NamedGroup{pqkx.Secp256r1, pqkx.Secp521r1}},
		{"default", preset.Default().SupportedGroups()},
		{"FIPS", preset.FIPS().SupportedGroups()},
		{"all", all},
		{"default,p256", nil},
		{"", nil},
		{"p256,,p384", nil},
		{"0", nil},
		{"99999", nil},
	}
	for _, g := range all {
		tests = append(tests, struct {
			list string
			want []pqkx.NamedGroup
		}{strings.ToUpper(g.String()), []pqkx.NamedGroup{g}})
	}
	for _, test := range tests {
		groups, err := parseGroups(test.list)
		if (err == nil) != (test.want != nil) {
			t.Errorf("%q: error %v, want groups %v", test.list, err, test.want)
			continue
		}
		var got []pqkx.NamedGroup
		for _, g := range groups {
			got = append(got, g.ID())
		}
		if fmt.Sprint(got) != fmt.Sprint(test.want) {
			t.Errorf("%q: got %v, want %v", test.list, got, test.want)
		}
	}
}

// TestKyberIsOff: the obsolete groups are there only for those who name them.
func TestKyberIsOff(t *testing.T) {
	var s selection
	s.register(newFlags("test", "", ""))
	p, err := s.provider()
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range p.SupportedGroups() {
		if describe(id).status != standard {
			t.Errorf("%v is on by default, and is %s", id, describe(id).status)
		}
	}
}

func TestPolicies(t *testing.T) {
	for name, want := range map[string]pqkx.Policy{"prefer": pqkx.Prefer, "Require": pqkx.Require, "UPGRADE": pqkx.Upgrade} {
		p, err := (&selection{groups: "default", policy: name}).provider()
		if err != nil || p.Policy() != want {
			t.Errorf("%s: got %v, %v", name, p.Policy(), err)
		}
	}
}
