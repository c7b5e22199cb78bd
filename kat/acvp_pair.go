package kat

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Pair makes cases of the ACVP files among files: of prompts and expected
// results that belong together, and of files that hold both. They belong
// together if the vector set, the mode and the groups are the same; where
// several would fit, the one in the same directory does. It refuses prompts
// without results, results without prompts, and either that fits several times:
// the error is joined of the Err that it sets in the files at fault.
func Pair(files ...*File) error {
	var prompts, results []*vectorSet
	for _, f := range files {
		for _, s := range f.acvp {
			switch {
			case !s.prompts:
				results = append(results, s)
			case s.complete():
				s.makeCases(s)
			default:
				prompts = append(prompts, s)
			}
		}
		f.acvp = nil
	}
	for _, p := range prompts {
		i, err := p.choose(results)
		if err != nil {
			p.file.fail(err)
			continue
		}
		r := results[i]
		results = slices.Delete(results, i, i+1)
		p.makeCases(r)
		if r.file != p.file {
			p.file.note("expected results from %s", r.file.Name)
			r.file.note("expected results for %s", p.file.Name)
		}
	}
	for _, r := range results {
		r.file.fail(fmt.Errorf("expected results without prompts (vector set %d %s): give the file with the prompts as well", r.vsID, r.mode))
	}
	var errs []error
	for _, f := range files {
		errs = append(errs, f.Err)
	}
	return errors.Join(errs...)
}

func (f *File) fail(err error) {
	f.Err = errors.Join(f.Err, fmt.Errorf("%s: %s: %w", f.Name, f.Format, err))
}

// complete reports whether a set of prompts has results in it.
func (s *vectorSet) complete() bool {
	return slices.ContainsFunc(s.groups, func(g *vectorGroup) bool {
		return slices.ContainsFunc(g.tests, func(t *vectorTest) bool { return len(t.result) > 0 || t.passed != nil })
	})
}

// choose returns the results that belong to the prompts.
func (s *vectorSet) choose(results []*vectorSet) (int, error) {
	var fits []int
	for i, r := range results {
		if r.vsID == s.vsID && (r.mode == s.mode || r.mode == "" || s.mode == "") && s.sameGroups(r) {
			fits = append(fits, i)
		}
	}
	if len(fits) > 1 {
		near := slices.DeleteFunc(slices.Clone(fits), func(i int) bool {
			return filepath.Dir(results[i].file.Name) != filepath.Dir(s.file.Name)
		})
		if len(near) > 0 {
			fits = near
		}
	}
	switch len(fits) {
	case 0:
		return 0, fmt.Errorf("prompts without expected results (vector set %d %s): give the file with the results as well", s.vsID, s.mode)
	case 1:
		return fits[0], nil
	}
	return 0, fmt.Errorf("prompts with %d sets of expected results that fit (vector set %d %s)", len(fits), s.vsID, s.mode)
}

func (s *vectorSet) sameGroups(r *vectorSet) bool {
	for _, g := range r.groups {
		if s.group(g.id) == nil {
			return false
		}
	}
	return len(r.groups) == len(s.groups)
}

func (s *vectorSet) group(id int) *vectorGroup {
	i := slices.IndexFunc(s.groups, func(g *vectorGroup) bool { return g.id == id })
	if i < 0 {
		return nil
	}
	return s.groups[i]
}

func (g *vectorGroup) test(id int) *vectorTest {
	i := slices.IndexFunc(g.tests, func(t *vectorTest) bool { return t.id == id })
	if i < 0 {
		return nil
	}
	return g.tests[i]
}

// makeCases joins prompts with their results, which may be the set itself.
func (s *vectorSet) makeCases(results *vectorSet) {
	var cases []*Case
	for _, g := range s.groups {
		made, err := g.makeCases(results.group(g.id))
		if err != nil {
			if results.file != s.file {
				err = fmt.Errorf("%w (results from %s)", err, results.file.Name)
			}
			s.file.fail(fmt.Errorf("tgId %d: %w", g.id, err))
			return
		}
		cases = append(cases, made...)
	}
	s.file.Cases = append(s.file.Cases, cases...)
}

func (g *vectorGroup) makeCases(answers *vectorGroup) (cases []*Case, err error) {
	for _, t := range g.tests {
		answer := answers.test(t.id)
		if answer == nil {
			return nil, fmt.Errorf("tcId %d: no expected result", t.id)
		}
		c, err := g.makeCase(t, answer)
		if err != nil {
			return nil, fmt.Errorf("tcId %d: %w", t.id, err)
		}
		cases = append(cases, c)
	}
	if len(answers.tests) != len(g.tests) {
		return nil, fmt.Errorf("%d tests, and %d expected results", len(g.tests), len(answers.tests))
	}
	return cases, nil
}

// acvpFields are our names for ACVP's.
var acvpFields = map[string]string{"ek": EK, "dk": DK, "m": M, "c": CT, "k": SS}

func (g *vectorGroup) makeCase(t, answer *vectorTest) (*Case, error) {
	c := &Case{
		Group: fmt.Sprintf("tgId %d (%s)", g.id, g.function), ID: fmt.Sprintf("tcId %d", t.id),
		Algorithm: g.parameterSet, In: make(Values), Want: make(Values),
	}
	if err := g.giveInputs(c, t); err != nil || c.Skip != "" {
		return c, err
	}
	if functions[g.function].result == nil {
		if answer.passed == nil || len(answer.result) > 0 {
			return nil, errors.New("expected is testPassed, and nothing else")
		}
		if !*answer.passed {
			c.Expect, c.Fault = Invalid, ContentFault
			c.FaultIn = acvpFields[functions[g.function].given[0]]
		}
		g.checkOther(c, t)
		return c, nil
	}
	if answer.passed != nil {
		return nil, fmt.Errorf("testPassed is no result of %s", g.function)
	}
	for _, name := range functions[g.function].result {
		b := answer.result[name]
		if len(b) == 0 {
			return nil, fmt.Errorf("no expected %s", name)
		}
		c.Want[acvpFields[name]] = b
	}
	if len(answer.result) != len(c.Want) {
		return nil, fmt.Errorf("results that %s does not have", g.function)
	}
	g.checkOther(c, t)
	return c, nil
}

// checkOther compares the key that a function does not need with the one that
// it does, as far as the test does not bend one of them.
func (g *vectorGroup) checkOther(c *Case, t *vectorTest) {
	if t.other == nil {
		return
	}
	if c.In[Seed] != nil { // for the implementation to come to
		c.Want[EK] = t.other
		return
	}
	switch invalid := c.Expect == Invalid; {
	case g.function == "encapsulationKeyCheck" && invalid: // ek is bent, and dk is not
		if what := badDK(t.other); what != "" {
			c.Broken = "dk " + what
		}
	case g.function == "encapsulationKeyCheck":
		c.Broken = unlessEqual(ekIn(t.other), c.In[EK])
	case !invalid, t.reason == "modified H":
		c.Broken = unlessEqual(ekIn(c.In[DK]), t.other)
	}
}

func unlessEqual(inDK, ek []byte) string {
	if inDK == nil || !bytes.Equal(inDK, ek) {
		return "dk does not hold ek"
	}
	return ""
}

// giveInputs sets what the function is given.
func (g *vectorGroup) giveInputs(c *Case, t *vectorTest) error {
	d, z := t.given["d"], t.given["z"]
	if (d == nil) != (z == nil) {
		return errors.New("one of d and z without the other")
	}
	if d != nil {
		c.In[Seed] = slices.Concat(d, z)
	}
	for name, b := range t.given {
		if to, ok := acvpFields[name]; ok {
			c.In[to] = b
		}
	}
	hasKey := c.In[Seed] != nil || c.In[DK] != nil
	switch g.function {
	case "decapsulation":
		if c.In[Seed] != nil && c.In[DK] != nil {
			if g.keyForm == "" {
				return errors.New("dk and d, z are given, and no keyFormat tells which to use")
			}
			delete(c.In, map[string]string{"seed": DK, "expanded": Seed}[g.keyForm])
		}
		if g.keyForm == "seed" && c.In[Seed] == nil || g.keyForm == "expanded" && c.In[DK] == nil {
			return fmt.Errorf("no key in the form that keyFormat tells, %s", g.keyForm)
		}
	case "decapsulationKeyCheck":
		if !hasKey && g.keyForm == "none" {
			c.Skip = "keyFormat none: the prompt has no key to check (a known gap of revision FIPS203-tr1)"
			return nil
		}
		if c.In[DK] == nil && len(c.In[Seed]) == kems[g.parameterSet].seed {
			c.Skip = "a key in the form of its seed: every seed of the right length is good"
			return nil
		}
		if c.In[DK] != nil {
			delete(c.In, Seed)
		}
	}
	return g.checkInputs(c, hasKey)
}

func (g *vectorGroup) checkInputs(c *Case, hasKey bool) error {
	needs := map[string][]string{
		"keyGen": {Seed}, "encapsulation": {EK, M}, "decapsulation": {CT}, "encapsulationKeyCheck": {EK},
	}[g.function]
	for _, name := range needs {
		if len(c.In[name]) == 0 {
			return fmt.Errorf("no %s", name)
		}
	}
	if strings.HasPrefix(g.function, "decapsulation") && !hasKey {
		return errors.New("no decapsulation key")
	}
	if dk, ek := c.In[DK], c.In[EK]; g.function == "encapsulation" && dk != nil && !bytes.Equal(ekIn(dk), ek) {
		c.Broken = "dk does not hold ek"
	}
	return nil
}
