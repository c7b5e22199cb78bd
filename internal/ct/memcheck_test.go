package ct

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/pqkx/pqkx/internal/backend"
)

var require = flag.Bool("ct.require", false, "fail where valgrind is not installed, instead of skipping")

// inTheOpen are places, as expressions, in which an operation publishes by what
// it does next what it computed. They are no leaks, and there are no others.
var inTheOpen = map[string][]string{
	// RFC 8446, section 7.4.2: a secret of zeros is refused, which the peer who
	// caused it is told. crypto/ecdh decides that on the result.
	"ecdh x25519/decap": {`^crypto/ecdh\.\(\*x25519Curve\)\.ecdh$`},
	// The matrix is sampled by rejection from rho, which comes from the seed as
	// the secret does, and is published in the encapsulation key.
	"mlkem512/keygen": sampling,
	"mlkem768/keygen": sampling,
}

var sampling = []string{`/internal/ring\.uniform(Generic|[A-Z0-9]+\.abi0)$`, `/internal/kem\.(runSequential|\(\*workspace\)\.runParallel)$`}

// controls are programs whose reports are known: they show that the check can
// fail, and that it does not fail of itself.
var controls = map[string][]string{
	"control/clean":    nil,
	"control/unmarked": nil,
	"control/branch":   {`^main\.branch$`},
	"control/address":  {`^main\.address$`},
}

// TestMemcheck runs every operation under Valgrind with its secrets marked as
// undefined: no branch and no address may depend on them, in Go and in assembly.
// It does not see instructions whose time depends on their operands: see
// TestDivisions.
func TestMemcheck(t *testing.T) {
	if testing.Short() && !*require {
		t.Skip("takes half a minute")
	}
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("client requests are written for linux/amd64")
	}
	valgrind, err := exec.LookPath("valgrind")
	if err != nil && *require {
		t.Fatal(err)
	}
	if err != nil {
		t.Skip("valgrind is not installed")
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "memcheck")
	args := []string{"build", "-tags", "valgrind" + extraTags, "-ldflags", "-w", "-o", program, "./memcheck"}
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		t.Fatalf("go %v: %v\n%s", args, err, out)
	}
	list, err := exec.Command(program).Output()
	if err != nil {
		t.Fatal(err)
	}
	targets := strings.Split(strings.TrimSpace(string(list)), "\n")
	for name := range controls {
		if !slices.Contains(targets, name) {
			t.Errorf("the program has no %s", name)
		}
	}
	shown := availableUnder(t, valgrind, program)
	for _, name := range backend.Available() {
		if !slices.Contains(shown, name) {
			t.Run(name, func(t *testing.T) {
				t.Skipf("valgrind shows a processor without it, which has %v: see TestFlow", shown)
			})
			continue
		}
		for _, target := range targets {
			if name != shown[0] && strings.HasPrefix(target, "control/") {
				continue // once is enough
			}
			t.Run(name+" "+target, func(t *testing.T) {
				t.Parallel()
				log := filepath.Join(dir, strings.NewReplacer("/", "-", " ", "-").Replace(name+target))
				cmd := exec.Command(valgrind, "--error-limit=no", "--num-callers=40", "--log-file="+log, program, target)
				cmd.Env = append(os.Environ(), backend.Variable+"="+name)
				if out, err := cmd.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("ran "+target)) {
					t.Fatalf("%v\n%s", err, out)
				}
				text, err := os.ReadFile(log)
				if err != nil {
					t.Fatal(err)
				}
				checkReports(t, target, reports(string(text)))
			})
		}
	}
}

// availableUnder returns the backends that the processor has which valgrind
// shows to programs.
func availableUnder(t *testing.T, valgrind, program string) []string {
	t.Helper()
	cmd := exec.Command(valgrind, "--log-file=/dev/null", program, "backends")
	cmd.Env = append(os.Environ(), backend.Variable+"=")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(out))
}

// checkReports compares the places that were reported with those that are known.
func checkReports(t *testing.T, target string, got []report) {
	t.Helper()
	want, isControl := controls[target]
	if !isControl {
		want = inTheOpen[target]
	}
	var places []string
	for _, r := range got {
		known := func(w string) bool { return regexp.MustCompile(w).MatchString(r.place()) }
		if !slices.ContainsFunc(want, known) {
			t.Errorf("%s in %s\n%s", r.kind, r.place(), strings.Join(r.frames, "\n"))
		}
		places = append(places, r.place())
	}
	for _, w := range want {
		if !slices.ContainsFunc(places, regexp.MustCompile(w).MatchString) {
			t.Errorf("nothing reported in %s", w)
		}
	}
	t.Logf("%d reports, %d expected places", len(got), len(want))
}

// A report is an error that memcheck reports: what, and where, innermost first.
type report struct {
	kind   string
	frames []string
}

var (
	kindLine  = regexp.MustCompile(`^==\d+== (Conditional jump|Use of uninitialised|Syscall param)`)
	frameLine = regexp.MustCompile(`^==\d+==    (?:at|by) 0x[0-9A-F]+: (.*) \(in .*\)`)
)

// reports reads a log of memcheck, without the noise of Go's scheduler and
// allocator, which keep secrets of their own on stacks that Valgrind does not
// know.
func reports(log string) (list []report) {
	var current *report
	finish := func() {
		if current != nil && current.ours() {
			list = append(list, *current)
		}
		current = nil
	}
	for line := range strings.Lines(log) {
		if m := kindLine.FindStringSubmatch(line); m != nil {
			finish()
			current = &report{kind: m[1]}
		} else if m := frameLine.FindStringSubmatch(line); m != nil && current != nil {
			current.frames = append(current.frames, m[1])
		} else if !strings.Contains(line, " by ") {
			finish()
		}
	}
	finish()
	return list
}

// ownCode is code that works on secrets.
var ownCode = regexp.MustCompile(`^(main\.[a-z]|main\.\(|github\.com/|crypto/|golang\.org/x/crypto|internal/byteorder|vendor/)`)

// place is the innermost function that works on secrets.
func (r *report) place() string {
	for _, f := range r.frames {
		if ownCode.MatchString(f) && f != "main.main" {
			return f
		}
	}
	return ""
}

// ours reports whether code that works on secrets is at fault: it is on the
// stack, and what is on top of it is no part of the scheduler or the allocator.
func (r *report) ours() bool {
	if r.place() == "" {
		return false
	}
	top := r.frames[0]
	return !strings.HasPrefix(top, "runtime.") || regexp.MustCompile(`^runtime\.(mem|cmp|map|str)`).MatchString(top)
}

// TestReports checks the reader of the log.
func TestReports(t *testing.T) {
	log := `==1== Memcheck, a memory error detector
==1== Conditional jump or move depends on uninitialised value(s)
==1==    at 0x4E00D5: runtime.memequal (in /x)
==1==    by 0x4DFE34: crypto/example.Leak (in /x)
==1==    by 0x4DFE34: main.main (in /x)
==1== 
==1== Conditional jump or move depends on uninitialised value(s)
==1==    at 0x4E00D5: runtime.mallocgc (in /x)
==1==    by 0x4DFE34: crypto/example.Clean (in /x)
==1== 
==1== Invalid read of size 8
==1==    at 0x4E00D5: crypto/example.Other (in /x)
==1== Use of uninitialised value of size 8
==1==    at 0x4E00D5: main.branch (in /x)
==1== ERROR SUMMARY: 4 errors
`
	var places []string
	for _, r := range reports(log) {
		places = append(places, r.place())
	}
	if want := []string{"crypto/example.Leak", "main.branch"}; !slices.Equal(places, want) {
		t.Errorf("places %v, want %v", places, want)
	}
}
