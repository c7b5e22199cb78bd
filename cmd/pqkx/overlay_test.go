package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// TestOverlay has a user's program built with what the command prints.
func TestOverlay(t *testing.T) {
	cache := t.TempDir()
	path := strings.TrimSuffix(must(t, "overlay", "--cache", cache), "\n")
	if filepath.Dir(filepath.Dir(path)) != cache {
		t.Fatalf("the path %q is not in %s", path, cache)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(text) {
		t.Errorf("%s is not JSON", path)
	}
	if again := must(t, "overlay", "--cache", cache); strings.TrimSpace(again) != path {
		t.Errorf("second time: %q", again)
	}

	dir := t.TempDir()
	const program = `package main
import "crypto/tls"
func main() {
	_, ok := any(tls.CurveID(0)).(interface{ PQKXContract() int })
	println(ok)
}
`
	source := filepath.Join(dir, "main.go")
	if err := os.WriteFile(source, []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	claim := func(version string) string { return "-ldflags=-X runtime.buildVersion=" + version }
	for _, test := range []struct {
		name string
		args []string
		env  string
		want string
	}{
		{"flag", []string{"-overlay", path}, "", "true"},
		{"GOFLAGS", nil, "GOFLAGS=-overlay=" + path, "true"},
		{"without", nil, "", "false"},
		{"experiment", []string{"-overlay", path, claim(runtime.Version() + "-X:other")}, "", "true"},
		{"another release", []string{"-overlay", path, claim("go1.26.99")}, "", "panic: crypto/tls: built by go1.26.99 with a pqkx overlay"},
	} {
		cmd := exec.CommandContext(t.Context(), "go", slices.Concat([]string{"run"}, test.args, []string{source})...)
		cmd.Env = append(os.Environ(), test.env)
		out, err := cmd.CombinedOutput()
		if failed := strings.HasPrefix(test.want, "panic"); failed != (err != nil) || !strings.HasPrefix(string(out), test.want) {
			t.Errorf("%s: the program says %q, %v; want %q", test.name, out, err, test.want)
		}
	}
}

func TestOverlayList(t *testing.T) {
	o := runCommand(t, "", "overlay", "--cache", t.TempDir(), "--list").want(t, exitOK, "crypto/tls/key_schedule.go edited", "crypto/tls/pqkx.go added")
	if strings.Count(o.out, "\n") != 1 {
		t.Errorf("stdout has more than the path: %q", o.out)
	}
}

func TestOverlayMistakes(t *testing.T) {
	runCommand(t, "", "overlay", "extra").want(t, exitUsage, "unexpected argument").wantOneLine(t)
	runCommand(t, "", "overlay", "--nothing").want(t, exitUsage, "nothing").wantOneLine(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	runCommand(t, "", "overlay", "--cache", file).want(t, exitFailure, "file").wantOneLine(t)
	t.Setenv("PATH", t.TempDir())
	runCommand(t, "", "overlay").want(t, exitFailure, "go env").wantOneLine(t)
}
