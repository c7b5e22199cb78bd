package kat

import (
	"errors"
	"fmt"
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
