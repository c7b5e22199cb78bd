package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pqkx/pqkx/bench"
)

// quickBench are the arguments of a run that takes no time.
func quickBench(t *testing.T, more ...string) []string {
	t.Helper()
	skipUnlessPermitted(t)
	return append([]string{"bench", "--quick", "--effort", "0.01", "--kinds", "operation,wire", "--groups", "X25519MLKEM768"}, more...)
}

func skipUnlessPermitted(t *testing.T) {
	t.Helper()
	if err := bench.Permitted(); err != nil {
		t.Skip(err)
	}
}

// TestBenchRefused has the one line that a user sees under
// GODEBUG=fips140=only, whatever the flags.
func TestBenchRefused(t *testing.T) {
	if bench.Permitted() == nil {
		t.Skip("runs under GODEBUG=fips140=only")
	}
	for _, args := range [][]string{{"bench"}, {"bench", "--baseline", "x25519", "--quick"}} {
		runCommand(t, "", args...).want(t, exitFailure, "fips140=only").wantOneLine(t)
	}
}

func TestBench(t *testing.T) {
	o := runCommand(t, "", quickBench(t)...).want(t, exitOK, "operations", "bytes on the wire")
	for _, want := range []string{"X25519MLKEM768", "x25519", "stdlib", "circl", "tls13", "crypto/tls", "ROUND TRIPS"} {
		if !strings.Contains(o.out, want) {
			t.Errorf("stdout lacks %q:\n%s", want, o.out)
		}
	}
	if strings.Contains(o.err, "\x1b") || strings.Contains(o.err, "\r") {
		t.Errorf("a bar was drawn where there is no terminal: %q", o.err)
	}
}

func TestBenchFiles(t *testing.T) {
	dir := t.TempDir()
	page, pictures := filepath.Join(dir, "report.html"), filepath.Join(dir, "svg")
	args := quickBench(t, "--json", "--html", page, "--svg", pictures)
	out := must(t, args...)
	r, err := bench.Read(strings.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	if want := "pqkx " + strings.Join(args, " "); r.Command != want {
		t.Errorf("command %q, want %q", r.Command, want)
	}
	for _, name := range []string{page, filepath.Join(pictures, "operations.svg"), filepath.Join(pictures, "wire.svg")} {
		if info, err := os.Stat(name); err != nil || info.Size() < 1000 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	old := filepath.Join(dir, "old.json")
	if err := os.WriteFile(old, []byte(out), 0o600); err != nil {
		t.Fatal(err)
	}
	markdown := must(t, "bench", "compare", old, old)
	if !strings.HasPrefix(markdown, "# ") || !strings.Contains(markdown, "did not change") {
		t.Errorf("compare:\n%s", markdown)
	}
	runCommand(t, "", "bench", "compare", old, filepath.Join(dir, "absent")).want(t, exitFailure, "absent").wantOneLine(t)
	runCommand(t, "", "bench", "compare", old, page).want(t, exitFailure, "report.html").wantOneLine(t)
}

// TestBenchOutput: files that cannot be written are told before a run of minutes,
// which would not end within the patience of these tests.
func TestBenchOutput(t *testing.T) {
	skipUnlessPermitted(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"--html", dir}, {"--html", dir + "/absent/x.html"}, {"--svg", file}} {
		o := runCommand(t, "", append([]string{"bench", "--effort", "100"}, args...)...).want(t, exitFailure, args[1])
		o.wantOneLine(t)
	}
}

// TestBenchInterrupted also checks that a run that did not end wrote nothing.
func TestBenchInterrupted(t *testing.T) {
	skipUnlessPermitted(t)
	dir := t.TempDir()
	old, page := filepath.Join(dir, "old.html"), filepath.Join(dir, "new.html")
	if err := os.WriteFile(old, []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{old, page} {
		cmd := pqkxCommand(t, "bench", "--effort", "100", "--kinds", "operation", "--html", file)
		stderr := new(lockedBuffer)
		cmd.Stderr = stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(patience); !strings.Contains(stderr.String(), "operations") && time.Now().Before(end); {
			time.Sleep(10 * time.Millisecond)
		}
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		cmd.Wait()
		if got := cmd.ProcessState.ExitCode(); got != exitFailure || !strings.HasSuffix(stderr.String(), "\npqkx: bench: interrupt signal received\n") {
			t.Errorf("exit status %d, stderr:\n%s", got, stderr)
		}
	}
	if data, err := os.ReadFile(old); string(data) != "kept" {
		t.Errorf("the file that was there has %q, %v", data, err)
	}
	if _, err := os.Stat(page); err == nil {
		t.Error("a run that was interrupted left a page")
	}
}

func TestBenchstat(t *testing.T) {
	out := must(t, quickBench(t, "--benchstat")...)
	if !strings.Contains(out, "\nBenchmarkClientShare/group=X25519MLKEM768/impl=ours/role=client 1 ") {
		t.Errorf("stdout:\n%.2000s", out)
	}
}

func TestBenchUsage(t *testing.T) {
	skipUnlessPermitted(t)
	for _, test := range []struct{ args, why string }{
		{"--kinds taste", "taste"},
		{"--groups x25518", "x25518"},
		{"--baseline default", "--baseline"},
		{"--effort 0", "--effort"},
		{"--mss 0", "--mss"},
		{"--link rtt=1", "rtt=1"},
		{"--json --benchstat", "--benchstat"},
		{"--seed minus", "seed"},
		{"more", "more"},
		{"compare one", "OLD NEW"},
	} {
		runCommand(t, "", append([]string{"bench"}, strings.Fields(test.args)...)...).want(t, exitUsage, test.why).wantOneLine(t)
	}
}
