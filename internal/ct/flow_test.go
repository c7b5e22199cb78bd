package ct

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// knownFlows are functions in which something depends on what was read, with the
// reason why that is no secret. A function of each kind must be found, and there
// are no others.
var knownFlows = []struct {
	function *regexp.Regexp
	reason   string // of Flow's; empty for any
	public   string
}{
	{regexp.MustCompile(`^uniform`), "", "samples the matrix by rejection, from rho, which is part of the encapsulation key"},
	{regexp.MustCompile(`^decode`), resultOfData, "whether coefficients are reduced, which is asked of a peer's encapsulation key alone"},
}

// TestFlow follows data through every file of our assembly for amd64, for
// whatever processor it is.
func TestFlow(t *testing.T) {
	files, err := filepath.Glob("../*/*_amd64.s")
	if err != nil {
		t.Fatal(err)
	}
	packages := make(map[string]bool)
	for _, file := range files {
		name, _ := filepath.Rel("..", file)
		packages[filepath.Dir(name)] = true
		t.Run(name, func(t *testing.T) {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			functions, leaks := Flow(string(source))
			if want := strings.Count(string(source), "\nTEXT "); len(functions) != want || want == 0 {
				t.Errorf("%d functions read, %d are there", len(functions), want)
			}
			checkFlows(t, functions, leaks)
			t.Logf("%d functions", len(functions))
		})
	}
	for _, name := range []string{"keccak", "ring"} {
		if !packages[name] {
			t.Errorf("no assembly of package %s", name)
		}
	}
}

// checkFlows compares what was found in a file with what is known.
func checkFlows(t *testing.T, functions []string, leaks []Leak) {
	t.Helper()
	found := make([]bool, len(knownFlows))
leaks:
	for _, l := range leaks {
		for i, known := range knownFlows {
			if known.function.MatchString(l.Function) && (known.reason == "" || known.reason == l.Reason) {
				found[i] = true
				continue leaks
			}
		}
		t.Error(l)
	}
	for i, known := range knownFlows {
		if slices.ContainsFunc(functions, known.function.MatchString) && !found[i] {
			t.Errorf("nothing found in %s, which %s", known.function, known.public)
		}
	}
}

// TestFlowControls are functions that leak in one line each, marked by its
// reason, and functions of the same shape that do not.
func TestFlowControls(t *testing.T) {
	source, err := os.ReadFile("testdata/flow.s")
	if err != nil {
		t.Fatal(err)
	}
	want := make(map[int]string)
	n := 0
	for line := range strings.Lines(string(source)) {
		n++
		if _, reason, ok := strings.Cut(line, "// LEAK "); ok {
			want[n] = strings.TrimSpace(reason)
		}
	}
	functions, leaks := Flow(string(source))
	leaking := make(map[string]bool)
	for _, l := range leaks {
		leaking[l.Function] = true
		if reason, ok := want[l.Line]; !ok || !strings.Contains(l.Reason, reason) {
			t.Errorf("%v, not expected", l)
		}
		delete(want, l.Line)
	}
	for _, line := range slices.Sorted(maps.Keys(want)) {
		t.Errorf("line %d: not found: %s", line, want[line])
	}
	for _, f := range functions {
		if strings.HasPrefix(f, "clean") == leaking[f] {
			t.Errorf("%s leaks: %v", f, leaking[f])
		}
	}
}

// TestFlowOnOurs puts a comparison of vectors before each branch of ours.
func TestFlowOnOurs(t *testing.T) {
	source, err := os.ReadFile("../ring/ring_amd64.s")
	if err != nil {
		t.Fatal(err)
	}
	branches := 0
	for i, function := range strings.SplitAfter(string(source), "\nTEXT ") {
		if i == 0 {
			continue
		}
		for _, at := range branch.FindAllStringIndex(function, -1) {
			branches++
			bad := "TEXT " + function[:at[0]] + "\tVPTEST Y0, Y0\n" + function[at[0]:]
			line := strings.Count(bad[:at[0]+len("TEXT ")], "\n") + 2
			_, leaks := Flow(bad)
			if !slices.ContainsFunc(leaks, func(l Leak) bool { return l.Line == line && strings.HasPrefix(l.Reason, "branches") }) {
				t.Errorf("a branch on data was not found: %q in %.20s", function[at[0]:at[1]], function)
			}
		}
	}
	if branches < 20 {
		t.Errorf("%d branches, want those of every loop", branches)
	}
}

var branch = regexp.MustCompile(`(?m)^\tJ[^M]\w* +\w+$`)
