package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// generated writes vectors to a file and returns its name and what is in it.
func generated(t *testing.T, args ...string) (name, text string) {
	t.Helper()
	name = filepath.Join(t.TempDir(), "vectors")
	runCommand(t, "", append([]string{"kat", "generate", "-o", name}, args...)...).want(t, exitOK)
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return name, string(b)
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestKAT(t *testing.T) {
	name, _ := generated(t, "--groups", "X25519MLKEM768,secp521r1", "--count", "1")
	for _, impl := range []string{"ours", "stdlib"} {
		got := runCommand(t, "", "kat", name, "--impl", impl).want(t, exitOK)
		if want := name + ": pqkx JSON, X25519MLKEM768, secp521r1: 4 cases, 4 passed\n"; !strings.HasSuffix(got.out, want) {
			t.Errorf("%s:\n%s\nwant %s", impl, got.out, want)
		}
	}
	got := runCommand(t, "", "kat", "--impl=circl", name).want(t, exitOK)
	for _, want := range []string{"2 passed, 2 skipped", "skipped 2: secp521r1 is not offered by the implementation circl"} {
		if !strings.Contains(got.out, want) {
			t.Errorf("circl:\n%s\nwant %s", got.out, want)
		}
	}
}

func TestKATFailure(t *testing.T) {
	name, text := generated(t, "--groups", "secp256r1", "--count", "2")
	at := strings.LastIndex(text, `"shared_secret": "`) + len(`"shared_secret": "`)
	was := text[at : at+64]
	is := map[bool]string{true: "1", false: "0"}[was[0] == '0'] + was[1:]
	write(t, name, text[:at]+is+text[at+64:])
	got := runCommand(t, "", "kat", name).want(t, exitFailure, "pqkx: kat: 2 of 4 cases failed\n")
	for _, want := range []string{"FAIL", "4 cases, 2 passed, 2 failed", "failed secp256r1 2 SHA-256: secp256r1: shared_secret differs", "expected " + is, "got      " + was} {
		want = strings.ReplaceAll(want, "shared_secret differs", "ss differs")
		if !strings.Contains(got.out, want) {
			t.Errorf("stdout lacks %q:\n%s", want, got.out)
		}
	}

	var report katReport
	got = runCommand(t, "", "kat", "--json", name).want(t, exitFailure, "2 of 4 cases failed")
	if err := json.Unmarshal([]byte(got.out), &report); err != nil {
		t.Fatalf("%v in:\n%s", err, got.out)
	}
	f := report.Files[0].Failures[0]
	if report.Total.Failed != 2 || f.Expected != is || f.Got != was || f.Field != "ss" || f.Group != "secp256r1" {
		t.Errorf("report %+v, failure %+v", report.Total, f)
	}
}

func TestKATFiles(t *testing.T) {
	dir := t.TempDir()
	good, _ := generated(t, "--nist", "Kyber512", "--count", "1")
	copyTo := func(name string) string {
		b, err := os.ReadFile(good)
		if err != nil {
			t.Fatal(err)
		}
		return write(t, filepath.Join(dir, name), string(b))
	}
	copyTo("a.rsp")
	write(t, filepath.Join(dir, "README.md"), "# About\n\nthese vectors\n")
	got := runCommand(t, "", "kat", dir).want(t, exitOK)
	if !strings.Contains(got.out, "README.md: not vectors") || !strings.Contains(got.out, "2 files: 1 cases, 1 passed\n") {
		t.Errorf("a directory:\n%s", got.out)
	}
	runCommand(t, "", "kat", dir+"/...").want(t, exitOK)

	runCommand(t, "", "kat", filepath.Join(dir, "README.md")).want(t, exitFailure, "1 of 1 files could not be used")
	runCommand(t, "", "kat", filepath.Join(dir, "none")).want(t, exitFailure, "could not be used")
	write(t, filepath.Join(dir, "b.txt"), "what is this\n")
	got = runCommand(t, "", "kat", dir).want(t, exitFailure, "1 of 3 files could not be used")
	if !strings.Contains(got.out, "b.txt: not in a known format of test vectors") {
		t.Errorf("an unknown file in a directory:\n%s", got.out)
	}

	request, text := generated(t, "--nist", "Kyber512", "--request", "--count", "1")
	got = runCommand(t, "", "kat", request).want(t, exitFailure, "could not be used")
	if !strings.Contains(got.out, "request file") || !strings.HasPrefix(text, "count = 0\nseed = 061550234D158C5EC95595FE04EF7A25767F2E24CC2BC479D09D86DC9ABCFDE7056A8C266F9EF97ED08541DBD2E1FFA1\npk =\n") {
		t.Errorf("a request file:\n%s\n%s", text, got.out)
	}
	_, response := generated(t, "--nist", "ML-KEM-512", "--count", "1")
	got = runCommand(t, response, "kat", "-").want(t, exitOK)
	if !strings.Contains(got.out, "standard input: NIST .rsp, ML-KEM-512: 1 cases, 1 passed") {
		t.Errorf("standard input:\n%s", got.out)
	}
	got = runCommand(t, response, "kat", "--impl", "stdlib", "-").want(t, exitFailure, "nothing ran")
	if !strings.Contains(got.out, "none") {
		t.Errorf("nothing that it has:\n%s", got.out)
	}
}

// TestKATWalk has a directory with what a walk has to tell of.
func TestKATWalk(t *testing.T) {
	dir := t.TempDir()
	good, text := generated(t, "--nist", "Kyber512", "--count", "1")
	if err := os.Symlink(good, filepath.Join(dir, "link.rsp")); err != nil {
		t.Skip(err)
	}
	for _, name := range []string{"COPYING", "LICENSE-MIT", "README.txt", "notes.md"} {
		write(t, filepath.Join(dir, name), "words\n")
	}
	got := runCommand(t, "", "kat", dir).want(t, exitOK)
	if !strings.Contains(got.out, "link.rsp: NIST .rsp, Kyber512: 1 cases, 1 passed") || strings.Count(got.out, "not vectors") != 4 {
		t.Errorf("a link and documentation:\n%s", got.out)
	}
	got = runCommand(t, "", "kat", "--json", dir).want(t, exitOK)
	if strings.Count(got.out, `"documentation": true`) != 4 {
		t.Errorf("documentation in JSON:\n%s", got.out)
	}

	write(t, filepath.Join(dir, "z.rsp"), text)
	for name, target := range map[string]string{"dangling": "nowhere", "elsewhere": t.TempDir()} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	got = runCommand(t, "", "kat", dir).want(t, exitFailure, "2 of 8 files could not be used")
	for _, want := range []string{"dangling: ", "elsewhere: neither a file nor a directory", "z.rsp: NIST .rsp, Kyber512: 1 cases, 1 passed"} {
		if !strings.Contains(got.out, want) {
			t.Errorf("stdout lacks %q:\n%s", want, got.out)
		}
	}
}

// TestKATVerdict reads what ACVP has beside its vectors.
func TestKATVerdict(t *testing.T) {
	name := write(t, filepath.Join(t.TempDir(), "validation.json"), `{"vsId": 42, "disposition": "passed", "tests": [{"tcId": 1, "result": "passed"}]}`)
	got := runCommand(t, "", "kat", name).want(t, exitFailure, "nothing ran")
	if !strings.Contains(got.out, "a verdict on results: it has no vectors") {
		t.Error(got.out)
	}
}

func TestKATUsage(t *testing.T) {
	for _, args := range [][]string{
		{"kat"}, {"kat", "--impl", "openssl", "x"}, {"kat", "--no-such-flag", "x"}, {"kat", "x", "--no-such-flag"},
		{"kat", "generate", "x"}, {"kat", "generate", "--groups", "x448"}, {"kat", "generate", "--nist", "RSA"},
		{"kat", "generate", "--request"}, {"kat", "generate", "--count", "-1"},
		{"kat", "generate", "--nist", "Kyber512", "--groups", "x25519"},
	} {
		got := runCommand(t, "", args...).want(t, exitUsage, "pqkx: ")
		if strings.Count(got.err, "\n") != 1 || got.out != "" {
			t.Errorf("%v: stdout %q, stderr %q", args, got.out, got.err)
		}
	}
	got := runCommand(t, "", "kat", "--help").want(t, exitOK)
	for _, want := range []string{"Wycheproof", "ACVP", "--impl implementation", "--json"} {
		if !strings.Contains(got.out, want) {
			t.Errorf("help lacks %q:\n%s", want, got.out)
		}
	}
	if got := runCommand(t, "", "kat", "generate", "--schema").want(t, exitOK); !json.Valid([]byte(got.out)) {
		t.Errorf("the schema is not JSON:\n%s", got.out)
	}
}

func TestExcerpt(t *testing.T) {
	long := strings.Repeat("ab", 200)
	for _, test := range []struct{ want, got, wantOut, gotOut string }{
		{"00", "01", "00", "01"},
		{long, "cd" + long[2:], long[:128] + " [136 bytes]", "cd" + long[2:128] + " [136 bytes]"},
		{long, long[:200] + "cd" + long[202:], "[92 bytes] " + long[184:312] + " [44 bytes]", "[92 bytes] " + long[184:200] + "cd" + long[202:312] + " [44 bytes]"},
		{long, "", long[:128] + " [136 bytes]", ""},
	} {
		if a, b := excerpt(test.want, test.got); a != test.wantOut || b != test.gotOut {
			t.Errorf("excerpt:\n%s\n%s\nwant\n%s\n%s", a, b, test.wantOut, test.gotOut)
		}
	}
}

func TestProgressBar(t *testing.T) {
	var out strings.Builder
	p := progressBar{w: &out, label: "file", total: 200}
	p.add(1)
	if out.Len() != 0 {
		t.Errorf("at once: %q", out.String())
	}
	p.start = p.start.Add(-barDelay)
	p.add(99)
	if want := "\r\x1b[K[###############...............]  50% file"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
	p.add(1) // too soon for another one
	p.clear()
	if want := "file\r\x1b[K"; !strings.HasSuffix(out.String(), want) {
		t.Errorf("%q does not end in %q", out.String(), want)
	}
}
