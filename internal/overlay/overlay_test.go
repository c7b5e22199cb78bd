package overlay

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// installed returns the toolchain that runs the tests. PQKX_TOOLCHAIN in the
// environment names another one, by its GOROOT.
func installed(t *testing.T) Toolchain {
	t.Helper()
	if root := os.Getenv("PQKX_TOOLCHAIN"); root != "" {
		text, err := os.ReadFile(filepath.Join(root, "VERSION"))
		if err != nil {
			t.Fatal(err)
		}
		version, _, _ := strings.Cut(string(text), "\n")
		return Toolchain{Root: root, Version: version}
	}
	tc, err := Find(t.Context(), ".")
	if err != nil {
		t.Fatal(err)
	}
	return tc
}

func installedFiles(t *testing.T) map[string][]byte {
	t.Helper()
	files, err := installed(t).read()
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func made(t *testing.T) *Overlay {
	t.Helper()
	o, err := Make(installed(t))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// TestWrite writes an overlay, which the toolchain compiles, and checks that the
// JSON leads from files that exist, or one that must not, to files that are there.
func TestWrite(t *testing.T) {
	o, dir := made(t), t.TempDir()
	path, err := o.Write(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(dir, o.Key(), jsonName); path != want {
		t.Errorf("path %s, want %s", path, want)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var parsed struct{ Replace map[string]string }
	if err := json.Unmarshal(text, &parsed); err != nil {
		t.Fatal(err)
	}
	if len(parsed.Replace) != 7 {
		t.Errorf("the overlay has %d files, want 7", len(parsed.Replace))
	}
	for from, to := range parsed.Replace {
		_, err := os.Stat(from)
		if added := filepath.Base(from) == hookName; added != os.IsNotExist(err) {
			t.Errorf("%s: %v", from, err)
		}
		if _, err := os.Stat(to); err != nil {
			t.Error(err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".new-*")); left != nil {
		t.Errorf("left behind: %v", left)
	}
}

// TestWriteAgain checks that a whole overlay is used again, without a compiler,
// and that a damaged one is made anew.
func TestWriteAgain(t *testing.T) {
	o, dir := made(t), t.TempDir()
	path, err := o.Write(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if again, err := o.Write(cancelled, dir); err != nil || again != path {
		t.Errorf("second time: %q, %v", again, err)
	}
	damaged := filepath.Join(filepath.Dir(path), "common.go")
	if err := os.WriteFile(damaged, []byte("package tls"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Write(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(damaged); err != nil || !bytes.Equal(text, o.files["common.go"]) {
		t.Errorf("damaged file was not made anew: %v", err)
	}
}

func TestWriteAtOnce(t *testing.T) {
	o, dir := made(t), t.TempDir()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			path, err := o.Write(t.Context(), dir)
			if err != nil || !o.whole(filepath.Dir(path)) {
				t.Errorf("%s: %v", path, err)
			}
		})
	}
	wg.Wait()
}

// TestLines checks that every line of an edited file has its old number, and
// that few have changed.
func TestLines(t *testing.T) {
	files := installedFiles(t)
	changed := 0
	for name, text := range made(t).files {
		if name == hookName {
			continue
		}
		before, after := strings.Split(string(files[name]), "\n"), strings.Split(string(text), "\n")
		if len(before) != len(after) {
			t.Errorf("%s: %d lines, had %d", name, len(after), len(before))
			continue
		}
		for i := range before {
			if before[i] != after[i] {
				changed++
			}
		}
	}
	if want := len(edits) - 1; changed != want { // one of the two by together finds nothing
		t.Errorf("%d lines changed, want %d", changed, want)
	}
}

func TestKey(t *testing.T) {
	o := made(t)
	seen := map[string]bool{o.Key(): true}
	other := *o
	other.Toolchain.Root += "x"
	seen[other.Key()] = true
	other = *o
	other.files = maps.Clone(o.files)
	other.files[hookName] = append(slices.Clone(hook), '\n')
	seen[other.Key()] = true
	if len(seen) != 3 {
		t.Errorf("keys are not distinct: %v", seen)
	}
	if !strings.HasPrefix(o.Key(), o.Toolchain.release()+"-") {
		t.Errorf("key %q does not begin with the release", o.Key())
	}
}

func TestRefusedToolchains(t *testing.T) {
	good := installed(t)
	for _, test := range []struct {
		name   string
		change func(*Toolchain)
		want   string
	}{
		{"older", func(tc *Toolchain) { tc.Version = "go1.25.14" }, "not among the supported releases"},
		{"newer", func(tc *Toolchain) { tc.Version = "go1.28.0" }, "not among the supported releases"},
		{"development", func(tc *Toolchain) { tc.Version = "devel go1.27-0123456789" }, "not a release"},
		{"candidate", func(tc *Toolchain) { tc.Version = "go1.27rc1" }, "not a release"},
		{"a language version", func(tc *Toolchain) { tc.Version = "go1.26" }, "not a release"},
		{"somebody's fork", func(tc *Toolchain) { tc.Version = "go1.26.8-fork" }, "not a release"},
		{"no version", func(tc *Toolchain) { tc.Version = "" }, "not a release"},
		{"boringcrypto", func(tc *Toolchain) { tc.Experiment = "jsonv2,boringcrypto" }, "boringcrypto"},
		{"relative root", func(tc *Toolchain) { tc.Root = "go" }, "not an absolute path"},
		{"module cache", func(tc *Toolchain) { tc.Modules = filepath.Dir(tc.Root) }, "module cache"},
		{"nothing there", func(tc *Toolchain) { tc.Root = t.TempDir() }, "no such file"},
	} {
		t.Run(test.name, func(t *testing.T) {
			tc := good
			test.change(&tc)
			if _, err := Make(tc); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
	experiment := good
	experiment.Version = good.release() + "-X:jsonv2"
	if _, err := Make(experiment); err != nil {
		t.Errorf("an experiment elsewhere: %v", err)
	}
}

// TestRefusedSources bends one anchor of each edit, as a future release might,
// and checks that the edit is not made elsewhere.
func TestRefusedSources(t *testing.T) {
	for _, test := range []struct {
		name, file, from, to, want string
	}{
		{"other signature", "common.go", ") curvePreferences(version uint16)", ") curvePreferences(version uint32)", "curvePreferences(uint16)"},
		{"other receiver", "common_string.go", "func (i CurveID) String()", "func (i *CurveID) String()", "(CurveID) String()"},
		{"renamed", "common.go", "func isPQKeyExchange(", "func isPostQuantum(", "isPQKeyExchange"},
		{"interface", "key_schedule.go", "type keySharePrivateKeys struct {\n", "type keySharePrivateKeys interface { any }\ntype other struct {\n", "no struct"},
		{"other check", "handshake_client_tls13.go", "hs.keyShareKeys.ecdhe == nil", "hs.keyShareKeys.noECDH()", "ecdhe == nil"},
		{"twice", "handshake_client_tls13.go", "hs.keyShareKeys.ecdhe == nil", "hs.keyShareKeys.ecdhe == nil || hs.keyShareKeys.ecdhe == nil", "2 places"},
		{"other argument", "handshake_client.go", "keyExchangeForCurveID(curveID)", "keyExchangeForCurveID(hello.supportedCurves[0])", "0 places"},
		{"other alert", "handshake_server_tls13.go", "clientKeyShare.data)\n\tif err != nil {\n\t\tc.sendAlert(alertIllegalParameter)",
			"clientKeyShare.data)\n\tif err != nil {\n\t\tc.sendAlert(alertHandshakeFailure)", "alert and a return"},
		{"other condition", "handshake_server_tls13.go", "clientKeyShare.data)\n\tif err != nil {", "clientKeyShare.data)\n\tif nil != err {", `no "if err != nil"`},
		{"a new caller", "ticket.go", "\nfunc ", "\nfunc another() { keyExchangeForCurveID(0) }\nfunc ", "another calls keyExchangeForCurveID"},
		{"not Go", "tls.go", "package tls", "package", "expected"},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := installedFiles(t)
			bent := strings.Replace(string(files[test.file]), test.from, test.to, 1)
			if bent == string(files[test.file]) {
				t.Fatalf("%s has no %q", test.file, test.from)
			}
			files[test.file] = []byte(bent)
			if _, err := editAll(files); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
	for _, name := range []string{"common.go", "common_string.go", "key_schedule.go"} {
		files := installedFiles(t)
		delete(files, name)
		if _, err := editAll(files); err == nil {
			t.Errorf("without %s: no error", name)
		}
	}
	files := installedFiles(t)
	files[hookName] = []byte("package tls")
	if _, err := editAll(files); err == nil {
		t.Errorf("with a %s of Go's: no error", hookName)
	}
}

// TestNotCompiling checks that what passes the edits and is no Go program yet
// is not written.
func TestNotCompiling(t *testing.T) {
	o, dir := made(t), t.TempDir()
	o.files["common.go"] = bytes.Replace(o.files["common.go"], []byte("type CurveID uint16"), []byte("type CurveID uint9"), 1)
	if _, err := o.Write(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "does not compile") {
		t.Errorf("error %v, want that of the compiler", err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestFindWithoutGo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := Find(t.Context(), "."); err == nil {
		t.Error("no error without a go command")
	}
}
