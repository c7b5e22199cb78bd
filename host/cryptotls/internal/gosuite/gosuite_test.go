package gosuite

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pqkx/pqkx/internal/overlay"
)

// asked in the environment runs the suites: "short" runs them with -short.
const asked = "PQKX_GOSUITE_RUN"

// patience bounds one run of one suite.
const patience = 15 * time.Minute

// elsewhere has the tests of crypto/tls that talk to servers in the Internet.
var elsewhere = []string{"TestBogoSuite", "TestVerifyHostname", "TestRealResumption"}

// lacking has the tests of a group that crypto/tls has since Go 1.27, and the
// providers in use here have not.
const lacking = "^TestFIPSServerCurves$/^curve=MLKEM1024$|" +
	"^TestHandshakeMLKEM$/^((Client|Server)?MLKEM1024|CurvePreferences_override_GODEBUG$)"

// A suite is a run of Go's tests of one package.
type suite struct {
	pkg      string
	use      string // file added to the package
	provider string // that the file puts into use; none if empty
	skip     func(dir string) ([]string, error)
}

var suites = map[string]suite{
	"tls/stock":    {pkg: "crypto/tls", use: "tls.go"},
	"tls/replay":   {pkg: "crypto/tls", use: "tls.go", provider: "replay"},
	"tls/default":  {pkg: "crypto/tls", use: "tls.go", provider: "default", skip: recorded},
	"http/stock":   {pkg: "net/http", use: "http.go"},
	"http/default": {pkg: "net/http", use: "http.go", provider: "default"},
}

// TestGo runs Go's tests under the overlay: not a byte that crypto/tls sends has
// changed without a provider; with one, all still hold.
func TestGo(t *testing.T) {
	if os.Getenv(asked) == "" {
		t.Skipf("takes minutes; scripts/test-overlay sets %s", asked)
	}
	tc, err := overlay.Find(t.Context(), ".")
	if err != nil {
		t.Fatal(err)
	}
	o, err := overlay.Make(tc)
	if err != nil {
		t.Fatal(err)
	}
	made, err := o.Write(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range suites {
		t.Run(name, func(t *testing.T) { s.run(t, tc.Root, made) })
	}
}

func (s suite) run(t *testing.T, root, made string) {
	dir := filepath.Join(root, "src", filepath.FromSlash(s.pkg))
	args := []string{"test", "-json", "-count=1", "-overlay", s.extend(t, made, dir)}
	if os.Getenv(asked) == "short" {
		args = append(args, "-short")
	}
	skip := elsewhere
	if s.skip != nil {
		names, err := s.skip(dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%d tests are left out, as they replay recordings", len(names))
		skip = append(names, elsewhere...)
	}
	pattern := "^(" + strings.Join(skip, "|") + ")$"
	if s.provider != "" {
		pattern += "|" + lacking
	}
	args = append(args, "-skip", pattern)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", append(args, s.pkg)...)
	cmd.Env = append(os.Environ(), "PQKX_GOSUITE="+s.provider, asked+"=")
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	report(t, out)
	if err != nil {
		t.Errorf("go %s: %v", strings.Join(args, " "), err)
	}
}

// extend adds the file of the suite to the overlay.
func (s suite) extend(t *testing.T, made, dir string) string {
	t.Helper()
	text, err := os.ReadFile(made)
	if err != nil {
		t.Fatal(err)
	}
	var parsed struct{ Replace map[string]string }
	if err := json.Unmarshal(text, &parsed); err != nil {
		t.Fatal(err)
	}
	added, err := filepath.Abs(filepath.Join("_use", s.use))
	if err != nil {
		t.Fatal(err)
	}
	parsed.Replace[filepath.Join(dir, "pqkx_use_test.go")] = added
	if text, err = json.Marshal(parsed); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "overlay.json")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// report counts the tests of a run, subtests too, and says what failed and why
// others were skipped.
func report(t *testing.T, out []byte) {
	t.Helper()
	count := make(map[string]int)
	said := make(map[string]*strings.Builder)
	var outside strings.Builder // of any test, such as a panic in another goroutine
	for line := range bytes.Lines(out) {
		var e struct{ Action, Test, Output string }
		if json.Unmarshal(line, &e) != nil {
			continue
		}
		if e.Test == "" {
			if e.Action == "output" {
				outside.WriteString(e.Output)
			}
			continue
		}
		if said[e.Test] == nil {
			said[e.Test] = new(strings.Builder)
		}
		switch e.Action {
		case "output":
			said[e.Test].WriteString(e.Output)
		case "fail":
			t.Errorf("%s failed:\n%.3000s", e.Test, said[e.Test])
			count[e.Action]++
		case "skip":
			t.Logf("%s was skipped: %s", e.Test, reason(said[e.Test].String()))
			count[e.Action]++
		case "pass":
			count[e.Action]++
		default:
			continue
		}
		delete(said, e.Test)
	}
	for name, output := range said {
		t.Errorf("%s did not end:\n%.3000s", name, output)
	}
	t.Logf("passed %d, failed %d, skipped %d", count["pass"], count["fail"], count["skip"])
	if count["pass"] == 0 || count["fail"] > 0 || !strings.Contains(outside.String(), "PASS") {
		t.Errorf("the run as a whole says:\n%.3000s", outside.String())
	}
}

// reason returns the line of a skipped test that tells why.
func reason(output string) string {
	for line := range strings.Lines(output) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "===") && !strings.HasPrefix(line, "---") {
			return line
		}
	}
	return "no reason given"
}

func TestRecorded(t *testing.T) {
	dir := t.TempDir()
	const text = `package tls
func TestA(t *testing.T) { helper(t) }
func TestB(t *testing.T) { (&x{}).run(t) }
func TestC(t *testing.T) { other(t); TestC(t) }
func helper(t *testing.T) { runTestAndUpdateIfNeeded(t) }
func (x *x) run(t *testing.T) { func() { helper(t) }() }
func other(t *testing.T) {}
`
	if err := os.WriteFile(filepath.Join(dir, "x_test.go"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := recorded(dir)
	if err != nil || strings.Join(got, " ") != "TestA TestB" {
		t.Errorf("recorded tests are %v, %v; want TestA and TestB", got, err)
	}
}
