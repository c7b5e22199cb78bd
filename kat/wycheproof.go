package kat

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// wycheproof reads C2SP Wycheproof: the four kinds of ML-KEM, XDH and ECDH with
// raw points, ASN.1, PEM and JSON Web Keys.
var wycheproof = format{
	name:          "Wycheproof",
	recogniseJSON: func(v *value) bool { return v.has("numberOfTests", "testGroups") },
	readJSON:      readWycheproof,
}

// wycheproofTypes are the types of group that are understood, with a reader for
// a test.
var wycheproofTypes = map[string]func(g *wycheproofGroup, v *value, c *Case) error{
	"MLKEMKeyGen":               (*wycheproofGroup).keyGen,
	"MLKEMTest":                 (*wycheproofGroup).decapsSeed,
	"MLKEMEncapsTest":           (*wycheproofGroup).encaps,
	"MLKEMDecapsValidationTest": (*wycheproofGroup).decaps,
	"XdhComp":                   (*wycheproofGroup).point,
	"XdhAsnComp":                (*wycheproofGroup).asn,
	"XdhPemComp":                (*wycheproofGroup).pem,
	"XdhJwkComp":                (*wycheproofGroup).jwk,
	"EcdhEcpointTest":           (*wycheproofGroup).point,
	"EcdhTest":                  (*wycheproofGroup).asn,
	"EcdhPemTest":               (*wycheproofGroup).pem,
	"EcdhWebcryptoTest":         (*wycheproofGroup).jwk,
}

type wycheproofGroup struct {
	kind, algorithm string
	skip            string
}

func readWycheproof(f *File, v *value) error {
	want, err := v.num("numberOfTests")
	if err != nil {
		return err
	}
	groups, err := v.arrayOf("testGroups")
	if err != nil {
		return err
	}
	seen := make(map[int]bool)
	for _, gv := range groups {
		g, err := readWycheproofGroup(gv)
		if err != nil {
			return err
		}
		tests, err := gv.arrayOf("tests")
		if err != nil {
			return err
		}
		for _, tv := range tests {
			id, err := tv.num("tcId")
			if err != nil {
				return err
			}
			if seen[id] {
				return tv.errorf("tcId %d stands twice", id)
			}
			seen[id] = true
			c, err := g.read(tv)
			if err != nil {
				return fmt.Errorf("tcId %d: %w", id, err)
			}
			c.ID = fmt.Sprintf("tcId %d", id)
			f.add(c)
		}
	}
	if len(seen) != want {
		return fmt.Errorf("%d tests, but numberOfTests is %d", len(seen), want)
	}
	return nil
}

func readWycheproofGroup(v *value) (*wycheproofGroup, error) {
	g := new(wycheproofGroup)
	var err error
	if g.kind, err = v.str("type"); err != nil {
		return nil, err
	}
	if wycheproofTypes[g.kind] == nil {
		return nil, v.errorf("unknown type %q", g.kind)
	}
	if strings.HasPrefix(g.kind, "MLKEM") {
		if g.algorithm, err = v.str("parameterSet"); err != nil {
			return nil, err
		}
		if _, ok := kems[g.algorithm]; !ok {
			return nil, v.errorf("unknown parameterSet %q", g.algorithm)
		}
		return g, nil
	}
	curve, err := v.str("curve")
	if err != nil {
		return nil, err
	}
	var c Case
	if _, _, err := setCurve(&c, curve); err != nil {
		return nil, v.errorf("%v", err)
	}
	g.algorithm, g.skip = c.Algorithm, c.Skip
	return g, nil
}

// read reads what all types have in common, and the rest by type.
func (g *wycheproofGroup) read(v *value) (*Case, error) {
	c := &Case{Algorithm: g.algorithm, Skip: g.skip, In: make(Values), Want: make(Values)}
	result, err := v.str("result")
	if err != nil {
		return nil, err
	}
	if c.Expect, err = expectByName(result); err != nil {
		return nil, v.errorf("%v", err)
	}
	flags, err := readFlags(v)
	if err != nil {
		return nil, err
	}
	comment, err := v.optional("comment")
	if err != nil {
		return nil, err
	}
	if c.Expect == Acceptable {
		c.Policy = strings.Join(flags, ", ")
	}
	v.ignore("tcId")
	if c.Skip != "" {
		return c, nil
	}
	if err := wycheproofTypes[g.kind](g, v, c); err != nil {
		return nil, err
	}
	if c.Expect != Valid {
		g.setFault(c, comment, flags)
	}
	if c.Skip != "" {
		for _, f := range flags {
			if slices.Contains(pointFlags, f) {
				c.Broken = "a case about a point (" + f + "), but " + c.Skip
			}
		}
	}
	return c, v.done()
}

// setFault is [Case.setFault] for what may or must be refused. Of an elliptic
// curve it is the peer's point.
func (g *wycheproofGroup) setFault(c *Case, comment string, flags []string) {
	if strings.HasPrefix(g.kind, "MLKEM") {
		c.setFault(comment, flags)
		return
	}
	c.setFault("", flags)
	c.FaultIn = Server
}

func expectByName(s string) (Expect, error) {
	for _, e := range []Expect{Valid, Invalid, Acceptable} {
		if s == e.String() {
			return e, nil
		}
	}
	return 0, fmt.Errorf("unknown result %q", s)
}

func readFlags(v *value) ([]string, error) {
	var flags []string
	if !v.has("flags") {
		return nil, nil
	}
	m, err := v.member("flags")
	if err != nil || !m.isArray() {
		return nil, v.errorf("flags is not an array")
	}
	for _, f := range m.array {
		s, ok := f.token.(string)
		if !ok {
			return nil, f.errorf("not a string")
		}
		flags = append(flags, s)
	}
	return flags, nil
}

// give sets a case's inputs and, unless it is invalid, what is wanted. Values
// that are wanted must not be empty; an invalid case has empty ones or none.
func (c *Case) give(v *value, in, want map[string]string) (err error) {
	if c.In, err = v.values(in); err != nil {
		return err
	}
	c.Want = make(Values)
	for from, to := range want {
		if c.Expect == Invalid && !v.has(from) {
			continue
		}
		b, err := v.hex(from)
		switch {
		case err != nil:
			return err
		case c.Expect == Invalid && to != EK: // which has no value, or one of no use
		case c.Expect == Invalid && len(b) == 0:
		case len(b) == 0:
			return v.errorf("no expected %s", to)
		default:
			c.Want[to] = b
		}
	}
	return nil
}

func (g *wycheproofGroup) keyGen(v *value, c *Case) error {
	return c.give(v, map[string]string{"seed": Seed}, map[string]string{"ek": EK, "dk": DK})
}

func (g *wycheproofGroup) decapsSeed(v *value, c *Case) error {
	return c.give(v, map[string]string{"seed": Seed, "c": CT}, map[string]string{"ek": EK, "K": SS})
}

func (g *wycheproofGroup) encaps(v *value, c *Case) error {
	return c.give(v, map[string]string{"ek": EK, "m": M}, map[string]string{"c": CT, "K": SS})
}

func (g *wycheproofGroup) decaps(v *value, c *Case) error {
	if err := c.give(v, map[string]string{"dk": DK, "c": CT}, map[string]string{"K": SS}); err != nil {
		return err
	}
	if !v.has("ek") {
		return nil
	}
	ek, err := v.hex("ek")
	if err != nil {
		return err
	}
	// An invalid key may have been given another ek.
	if len(ek) != kems[g.algorithm].ek || badDK(c.In[DK]) == "" && !bytes.Equal(ekIn(c.In[DK]), ek) {
		c.Broken = "ek is not the one in dk"
	}
	return nil
}
