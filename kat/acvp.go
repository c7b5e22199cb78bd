package kat

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// acvp reads ML-KEM vectors of NIST's ACVP, keyGen and encapDecap: prompts,
// expected results, both in one (internalProjection), alone or in the array
// that a session downloads, with keys by group or by test, expanded or as
// seeds. Prompts and results in files of their own wait for [Pair].
var acvp = format{
	name:          "ACVP ML-KEM",
	recogniseJSON: func(v *value) bool { return slices.ContainsFunc(sets(v), isVectorSet) || isVerdict(v) },
	readJSON:      readACVP,
}

// sets returns the vector sets of a file. The header of a session is none.
func sets(v *value) []*value {
	if !v.isArray() {
		return []*value{v}
	}
	return slices.DeleteFunc(slices.Clone(v.array), func(s *value) bool {
		return !isVectorSet(s) && (s.has("acvVersion") || s.has("vectorSetUrls") || s.has("url"))
	})
}

func isVectorSet(v *value) bool { return v.has("vsId") && v.has("algorithm") }

// A vectorSet is the tests of one set, or their results, or both.
type vectorSet struct {
	file    *File
	vsID    int
	mode    string // may be empty
	groups  []*vectorGroup
	prompts bool // the groups say what to do
}

type vectorGroup struct {
	id                              int
	parameterSet, function, keyForm string
	tests                           []*vectorTest
}

type vectorTest struct {
	id     int
	given  map[string][]byte
	result map[string][]byte
	other  []byte // the key that the function does not need; see checkOther
	passed *bool
	reason string // in a projection
}

// isVerdict reports whether v is what NIST answers to results, validation.json
// in its repository.
func isVerdict(v *value) bool { return v.has("vsId", "disposition", "tests") }

func readACVP(f *File, v *value) error {
	if isVerdict(v) {
		f.add(&Case{ID: "validation", Skip: "a verdict on results: it has no vectors"})
		return nil
	}
	found := sets(v)
	if len(found) == 0 {
		return errors.New("no vector set")
	}
	for _, s := range found {
		if !isVectorSet(s) {
			return s.errorf("neither a vector set nor the header of a session")
		}
		if algorithm, err := s.str("algorithm"); err != nil {
			return err
		} else if algorithm != "ML-KEM" {
			return s.errorf("algorithm %q, want ML-KEM", algorithm)
		}
		if !s.has("testGroups") && (s.has("parameterSets") || s.has("capabilities")) {
			f.add(&Case{ID: "registration", Skip: "a registration: it asks for vectors and has none"})
			continue
		}
		set, err := readVectorSet(s)
		if err != nil {
			return err
		}
		set.file = f
		f.acvp = append(f.acvp, set)
	}
	return nil
}

func readVectorSet(v *value) (*vectorSet, error) {
	s := new(vectorSet)
	var err error
	if s.vsID, err = v.num("vsId"); err != nil {
		return nil, err
	}
	if s.mode, err = v.optional("mode"); err != nil {
		return nil, err
	}
	if s.mode != "" && s.mode != "keyGen" && s.mode != "encapDecap" {
		return nil, v.errorf("unknown mode %q", s.mode)
	}
	revision, err := v.optional("revision")
	if err != nil {
		return nil, err
	}
	if revision != "" && !strings.HasPrefix(revision, "FIPS203") {
		return nil, v.errorf("unknown revision %q", revision)
	}
	v.ignore("algorithm", "acvVersion", "isSample", "showExpected")
	groups, err := v.arrayOf("testGroups")
	if err != nil {
		return nil, err
	}
	seen := make(map[int]bool)
	for _, g := range groups {
		group, err := s.readGroup(g)
		if err != nil {
			return nil, err
		}
		if seen[group.id] {
			return nil, g.errorf("tgId %d stands twice", group.id)
		}
		seen[group.id] = true
		s.groups = append(s.groups, group)
	}
	if err := s.uniqueTests(); err != nil {
		return nil, err
	}
	return s, v.done()
}

// uniqueTests refuses a tcId that stands twice: it would make the match of
// prompts and results ambiguous.
func (s *vectorSet) uniqueTests() error {
	seen := make(map[int]bool)
	for _, g := range s.groups {
		for _, t := range g.tests {
			if seen[t.id] {
				return fmt.Errorf("group %d: tcId %d stands twice", g.id, t.id)
			}
			seen[t.id] = true
		}
	}
	return nil
}

func (s *vectorSet) readGroup(v *value) (*vectorGroup, error) {
	g := new(vectorGroup)
	var err error
	if g.id, err = v.num("tgId"); err != nil {
		return nil, err
	}
	if prompt := v.has("parameterSet"); prompt != s.prompts && len(s.groups) > 0 {
		return nil, v.errorf("some groups have a parameterSet and some have none")
	} else if prompt {
		s.prompts = true
		if err := g.readKind(v, s.mode); err != nil {
			return nil, err
		}
	}
	shared := make(map[string][]byte) // by all tests of the group
	for _, name := range []string{"ek", "dk", "d", "z"} {
		if v.has(name) {
			if shared[name], err = v.hex(name); err != nil {
				return nil, err
			}
		}
	}
	tests, err := v.arrayOf("tests")
	if err != nil {
		return nil, err
	}
	for _, t := range tests {
		test, err := g.readTest(t, shared)
		if err != nil {
			return nil, err
		}
		g.tests = append(g.tests, test)
	}
	return g, v.done()
}

// readKind reads what a group of prompts says of all its tests.
func (g *vectorGroup) readKind(v *value, mode string) (err error) {
	if g.parameterSet, err = v.str("parameterSet"); err != nil {
		return err
	}
	if _, ok := kems[g.parameterSet]; !ok || !strings.HasPrefix(g.parameterSet, "ML-KEM-") || strings.HasSuffix(g.parameterSet, "-ipd") {
		return v.errorf("unknown parameterSet %q", g.parameterSet)
	}
	testType, err := v.str("testType")
	if err != nil {
		return err
	}
	if testType != "AFT" && testType != "VAL" {
		return v.errorf("unknown testType %q", testType)
	}
	if g.function, err = v.optional("function"); err != nil {
		return err
	}
	if g.function == "" && mode != "encapDecap" {
		g.function = "keyGen"
	}
	if _, ok := functions[g.function]; !ok || mode == "keyGen" && g.function != "keyGen" {
		return v.errorf("unknown function %q", g.function)
	}
	if g.keyForm, err = v.optional("keyFormat"); err != nil {
		return err
	}
	if !slices.Contains([]string{"", "none", "seed", "expanded"}, g.keyForm) {
		return v.errorf("unknown keyFormat %q", g.keyForm)
	}
	return nil
}

// functions tells which values a test is given, and which it has to find.
var functions = map[string]struct{ given, result []string }{
	"keyGen":                {[]string{"d", "z"}, []string{"ek", "dk"}},
	"encapsulation":         {[]string{"ek", "m"}, []string{"c", "k"}},
	"decapsulation":         {[]string{"dk", "d", "z", "c"}, []string{"k"}},
	"encapsulationKeyCheck": {[]string{"ek"}, nil},
	"decapsulationKeyCheck": {[]string{"dk", "d", "z"}, nil},
}

func (g *vectorGroup) readTest(v *value, shared map[string][]byte) (*vectorTest, error) {
	t := &vectorTest{given: make(map[string][]byte), result: make(map[string][]byte)}
	var err error
	if t.id, err = v.num("tcId"); err != nil {
		return nil, err
	}
	kind := functions[g.function]
	for _, name := range []string{"ek", "dk", "d", "z", "m", "c", "k"} {
		b, ok := shared[name]
		if v.has(name) {
			if ok {
				return nil, v.errorf("%s is given by the group and by the test", name)
			}
			if b, err = v.hex(name); err != nil {
				return nil, err
			}
		} else if !ok {
			continue
		}
		// A projection also has the other key. It is no input of the function.
		switch {
		case g.function == "" || slices.Contains(kind.result, name):
			t.result[name] = b
		case slices.Contains(kind.given, name), g.function == "encapsulation" && name == "dk":
			t.given[name] = b
		case name == "ek" || name == "dk":
			t.other = b
		default:
			return nil, v.errorf("%s is given, for which %s has no use", name, g.function)
		}
	}
	if v.has("testPassed") {
		passed, err := v.boolean("testPassed")
		if err != nil {
			return nil, err
		}
		t.passed = &passed
	}
	if t.reason, err = v.optional("reason"); err != nil {
		return nil, err
	}
	v.ignore("deferred")
	return t, v.done()
}

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
