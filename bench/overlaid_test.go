package bench

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/pqkx/pqkx"
)

// startedOverlaid returns the process of crypto/tls+pqkx.
func startedOverlaid(t *testing.T) *overlaid {
	t.Helper()
	r := &run{report: newReport(Options{})}
	o, err := r.startOverlaid(t.Context())
	if err != nil || o == nil {
		t.Fatalf("no process: %v, %v", err, r.report.Skipped)
	}
	return o
}

// TestOverlaid has each group negotiated in the other process, those too that
// crypto/tls has never heard of, and weighs and times one.
func TestOverlaid(t *testing.T) {
	o := startedOverlaid(t)
	for _, kind := range []string{ECDSA, RSA} {
		stacks := o.stacks(allGroups(), kind)
		if len(stacks) != len(allGroups()) {
			t.Errorf("%d stacks for %d groups", len(stacks), len(allGroups()))
		}
		for _, s := range stacks {
			if err := s.check(); err != nil {
				t.Errorf("%v: %v", s.Group, err)
			}
		}
	}
	s := o.stacks(allGroups(), ECDSA)[0]
	if values, err := timeHandshakes(s, nil); err != nil || len(values) != 3 || values[0] <= 0 || values[1] <= 0 {
		t.Errorf("CPU of client, server and both: %v, %v", values, err)
	}
	if values, err := handshakeRate(s, runtime.NumCPU()); err != nil || len(values) != 1 || values[0] <= 0 {
		t.Errorf("handshakes a second: %v, %v", values, err)
	}
	if results, err := handshakeMemory(s); err != nil || len(results) != 2 || results[0].Value < 1 || results[0].Host != HostOverlaid {
		t.Errorf("memory: %v, %v", results, err)
	}
	s.Group = pqkx.NamedGroup(0x1234)
	if err := s.check(); err == nil || !strings.Contains(err.Error(), "no group") {
		t.Errorf("unknown group: %v", err)
	}
	if err := o.stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
	if _, err := os.Stat(o.dir); !os.IsNotExist(err) {
		t.Errorf("%s is left behind: %v", o.dir, err)
	}
}

// TestOverlaidEnds checks that a process that is gone is an error, not a wait.
func TestOverlaidEnds(t *testing.T) {
	o := startedOverlaid(t)
	s := o.stacks(allGroups(), ECDSA)[0]
	if err := o.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := s.check(); err == nil || !strings.Contains(err.Error(), "the process ended") {
		t.Errorf("check: %v", err)
	}
	if err := o.stop(); err == nil {
		t.Error("stop: no error for a process that was killed")
	}
}

func TestServeOverlaidWithoutOverlay(t *testing.T) {
	if err := ServeOverlaid(strings.NewReader(""), new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), "without the overlay") {
		t.Errorf("error %v", err)
	}
}

// TestOverlaidAbsent has no go command, and then that of another release.
func TestOverlaidAbsent(t *testing.T) {
	absent := func(want string) {
		t.Helper()
		r := &run{report: newReport(Options{})}
		o, err := r.startOverlaid(t.Context())
		if err != nil || len(o.stacks(allGroups(), ECDSA)) != 0 || o.stop() != nil {
			t.Errorf("%s: process %v, error %v", want, o, err)
		}
		if s := r.report.Skipped; len(s) != 1 || s[0].What != HostOverlaid || !strings.Contains(s[0].Why, want) {
			t.Errorf("the report says %q, want %q", s, want)
		}
	}
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	absent("not at hand")
	if runtime.GOOS == "windows" {
		return // has no shell scripts
	}
	const script = `#!/bin/sh
case $1 in
list) echo / ;;
env) echo '{"GOROOT": "/nowhere", "GOVERSION": "go1.26.99"}' ;;
esac
`
	if err := os.WriteFile(filepath.Join(dir, "go"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	absent("the go command is of go1.26.99, and this program was built by " + runtime.Version())
}
