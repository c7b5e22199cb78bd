package kat

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pqkx/pqkx"
)

// tlsHybrids reads cases of the TLS hybrids that give d, z, m and the private
// keys of the curve, with the role that is on trial.
var tlsHybrids = format{
	name: "TLS hybrids JSON",
	recogniseJSON: func(v *value) bool {
		list := v.find("groups")
		return list != nil && len(list.array) > 0 && list.array[0].has("group", "codepoint", "cases")
	},
	readJSON: func(f *File, v *value) error {
		list, err := v.arrayOf("groups")
		if err != nil {
			return err
		}
		for _, g := range list {
			if err := readTLSHybrid(f, g); err != nil {
				return err
			}
		}
		v.ignore("note", "label")
		return v.done()
	},
}

func readTLSHybrid(f *File, v *value) error {
	name, err := v.str("group")
	if err != nil {
		return err
	}
	id, ok := groupByName(name)
	if !ok || len(groups[id]) < 2 {
		return v.errorf("unknown hybrid %q", name)
	}
	if err := checkHybrid(v, id); err != nil {
		return err
	}
	cases, err := v.arrayOf("cases")
	if err != nil {
		return err
	}
	seen := make(map[int]bool)
	for _, e := range cases {
		n, err := e.num("id")
		if err != nil {
			return err
		}
		if seen[n] {
			return e.errorf("id %d stands twice", n)
		}
		seen[n] = true
		c := &Case{Group: name, ID: strconv.Itoa(n), Algorithm: id.String()}
		if err := readTLSHybridCase(e, id, c); err != nil {
			return err
		}
		f.add(c)
	}
	return v.done()
}

// checkHybrid compares what the file says of a hybrid with what we know.
func checkHybrid(v *value, id pqkx.NamedGroup) error {
	code, err := v.str("codepoint")
	if err != nil {
		return err
	}
	if n, err := strconv.ParseUint(strings.TrimPrefix(code, "0x"), 16, 16); err != nil || pqkx.NamedGroup(n) != id {
		return v.errorf("code point %s is not of %v", code, id)
	}
	order, err := v.str("order")
	if err != nil {
		return err
	}
	if want := map[bool]string{true: "ec||pq", false: "pq||ec"}[groups[id][0].kem == ""]; order != want {
		return v.errorf("order %s, but %v is %s", order, id, want)
	}
	v.ignore("pq", "ec")
	return nil
}

func readTLSHybridCase(v *value, id pqkx.NamedGroup, c *Case) error {
	result, err := v.str("result")
	if err != nil {
		return err
	}
	if c.Expect, err = expectByName(result); err != nil {
		return v.errorf("%v", err)
	}
	comment, err := v.optional("comment")
	if err != nil {
		return err
	}
	switch c.Expect {
	case Acceptable:
		c.Policy, c.Fault = comment, ContentFault
	case Invalid:
		c.Fault = ContentFault
		if strings.Contains(comment, "one byte") || strings.Contains(comment, "empty") {
			c.Fault = LengthFault
		}
	}
	role, err := v.str("role")
	if err != nil {
		return err
	}
	given, err := v.values(map[string]string{"d": "d", "z": "z", "m": M, "clientECPriv": "client", "serverECPriv": "server"})
	if err != nil {
		return err
	}
	seeds := map[string][]byte{ClientSeed: nil, ServerSeed: nil}
	for _, p := range groups[id] { // in wire order
		if p.kem == "" {
			seeds[ClientSeed] = append(seeds[ClientSeed], given["client"]...)
			seeds[ServerSeed] = append(seeds[ServerSeed], given["server"]...)
		} else {
			seeds[ClientSeed] = slices.Concat(seeds[ClientSeed], given["d"], given["z"])
			seeds[ServerSeed] = append(seeds[ServerSeed], given[M]...)
		}
	}
	for name, n := range c.lengths() { // also of a seed that the role has no use for
		if seed, ok := seeds[name]; ok && len(seed) != n {
			return v.errorf("d, z, m and the private keys make a %s of %d bytes, want %d", name, len(seed), n)
		}
	}
	return assignRole(v, c, role, seeds)
}

// assignRole splits the shares into what the role is given and what it makes.
func assignRole(v *value, c *Case, role string, seeds map[string][]byte) error {
	c.In, c.Want = make(Values), make(Values)
	roles := map[string]struct{ in, want []string }{
		"both":   {nil, []string{"clientShare", "serverShare", "sharedSecret"}},
		"client": {[]string{"serverShare"}, []string{"clientShare", "sharedSecret"}},
		"server": {[]string{"clientShare"}, []string{"serverShare", "sharedSecret"}},
	}
	r, ok := roles[role]
	if !ok {
		return v.errorf("unknown role %q", role)
	}
	if role != "server" {
		c.In[ClientSeed] = seeds[ClientSeed]
	}
	if role != "client" {
		c.In[ServerSeed] = seeds[ServerSeed]
	}
	fields := map[string]string{"clientShare": Client, "serverShare": Server, "sharedSecret": SS}
	for _, name := range r.in {
		if c.Expect != Valid {
			c.FaultIn = fields[name]
		}
		b, err := v.hex(name)
		if err != nil {
			return err
		}
		c.In[fields[name]] = b
	}
	for _, name := range r.want {
		if !v.has(name) && c.Expect != Valid {
			continue
		}
		b, err := v.hex(name)
		if err != nil {
			return err
		}
		if len(b) == 0 {
			return fmt.Errorf("%s: no expected %s", v.where(), name)
		}
		c.Want[fields[name]] = b
	}
	return v.done()
}
