package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pqkx/pqkx/preset"
)

// asCommand in the environment makes the test binary the command itself, so
// that tests see what a user sees: the process with its exit status.
const asCommand = "PQKX_TEST_AS_COMMAND"

// patience bounds everything that a test waits for.
const patience = time.Minute

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// pqkxCommand prepares a process of pqkx.
func pqkxCommand(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Env = append(os.Environ(), asCommand+"=1")
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// output is what a process left behind.
type output struct {
	out, err string
	status   int
}

// runCommand runs pqkx with stdin to its end.
func runCommand(t *testing.T, stdin string, args ...string) output {
	t.Helper()
	cmd := pqkxCommand(t, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &stdout, &stderr
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return output{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// want checks the exit status, and that what is to be said is on stderr.
func (o output) want(t *testing.T, status int, stderr ...string) output {
	t.Helper()
	if o.status != status {
		t.Fatalf("exit status %d, want %d; stdout:\n%s\nstderr:\n%s", o.status, status, o.out, o.err)
	}
	for _, s := range stderr {
		if !strings.Contains(o.err, s) {
			t.Errorf("stderr lacks %q:\n%s", s, o.err)
		}
	}
	return o
}

// wantOneLine checks that stderr is one line of an error.
func (o output) wantOneLine(t *testing.T) {
	t.Helper()
	if !strings.HasPrefix(o.err, "pqkx: ") || strings.Count(o.err, "\n") != 1 || !strings.HasSuffix(o.err, "\n") {
		t.Errorf("stderr is not one line with the prefix: %q", o.err)
	}
}

// must runs pqkx, which has to succeed, and returns its stdout.
func must(t *testing.T, args ...string) string {
	t.Helper()
	return runCommand(t, "", args...).want(t, exitOK).out
}

// A process is pqkx in the background.
type process struct {
	cmd    *exec.Cmd
	first  string // line of stdout
	stderr *lockedBuffer
	done   chan struct{}
}

// start starts the command and waits for a line on stdout.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{cmd: pqkxCommand(t, args...), stderr: new(lockedBuffer), done: make(chan struct{})}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd.Stderr = p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(stdout)
	line, err := r.ReadString('\n')
	go func() {
		io.Copy(io.Discard, r)
		p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		<-p.done
		if t.Failed() {
			t.Logf("stderr of %v:\n%s", args, p.stderr)
		}
	})
	if err != nil {
		t.Fatalf("no line on stdout: %v; stderr:\n%s", err, p.stderr)
	}
	p.first = strings.TrimSpace(line)
	return p
}

// stop sends a signal and returns the exit status.
func (p *process) stop(t *testing.T, signal os.Signal) int {
	t.Helper()
	if err := p.cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.done:
	case <-time.After(patience):
		t.Fatal("the process goes on")
	}
	return p.cmd.ProcessState.ExitCode()
}

// waitFor waits until stderr has s.
func (p *process) waitFor(t *testing.T, s string) {
	t.Helper()
	for end := time.Now().Add(patience); !strings.Contains(p.stderr.String(), s); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("stderr lacks %q:\n%s", s, p.stderr)
		}
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestHelp(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"help"}, {"--help"}, {"-h"}} {
		o := runCommand(t, "", args...).want(t, exitOK)
		for _, c := range commands {
			if !strings.Contains(o.out, "  "+c.name+" ") {
				t.Errorf("%v does not list %s:\n%s", args, c.name, o.out)
			}
		}
	}
	for _, c := range commands {
		o := runCommand(t, "", c.name, "--help").want(t, exitOK)
		if !strings.HasPrefix(o.out, "Usage: pqkx "+c.name+" [flags]") || !strings.Contains(o.out, "\nFlags:\n  --") || o.err != "" {
			t.Errorf("%s --help:\n%s%s", c.name, o.out, o.err)
		}
		if again := runCommand(t, "", "help", c.name).want(t, exitOK); again.out != o.out {
			t.Errorf("'help %s' differs from '%[1]s --help'", c.name)
		}
	}
}

func TestUsageErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		args string
		want string
	}{
		{"", "no command"},
		{"frobnicate", `unknown command "frobnicate"`},
		{"help frobnicate", `unknown command "frobnicate"`},
		{"groups --frobnicate", "not defined: -frobnicate"},
		{"groups now", `unexpected argument "now"`},
		{"demo --group x25519mlkem1024", `unknown group "x25519mlkem1024"; known`},
		{"demo --group p256,secp256r1", "secp256r1 is in the list twice"},
		{"demo --group p256 --group P-256", "secp256r1 is in the list twice"},
		{"demo --runs 0", "--runs: 0 is not from 1 to 1000"},
		{"demo --runs x", "invalid value"},
		{"serve --groups p256,", "the list lacks a name"},
		{"serve --groups=", "the list lacks a name"},
		{"serve --to 8080", `--to: "8080" is not host:port`},
		{"serve --policy maybe", `unknown policy "maybe"; known: prefer, require, upgrade`},
		{"serve --groups p256 --policy require", "no post-quantum group"},
		{"serve --cert a.pem", "--cert and --key go together"},
		{"serve --cert a.pem --key b.pem --ca-out c.pem", "--ca-out"},
		{"connect", "missing HOST:PORT"},
		{"connect localhost:1 localhost:2", `unexpected argument "localhost:2"`},
		{"connect a:b:c", "not host:port"},
		{"connect :443", "not host:port"},
		{"connect localhost:1 --groups nothing", `unknown group "nothing"`},
		{"connect localhost:1 --json --http /", "exclude each other"},
		{"connect localhost:1 --include", "--include needs --http"},
		{"connect localhost:1 --http index.html", "has to start with /"},
		{"connect localhost:1 --timeout -1s", "not positive"},
	}
	for _, test := range tests {
		o := runCommand(t, "", strings.Fields(test.args)...).want(t, exitUsage, test.want)
		o.wantOneLine(t)
		if o.out != "" {
			t.Errorf("pqkx %s prints on stdout:\n%s", test.args, o.out)
		}
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	empty := t.TempDir() + "/empty.pem"
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, cert, _ := writeCertificate(t)
	_, _, other := writeCertificate(t)
	taken := listen(t).Addr().String()
	tests := [][]string{ // and what stderr has, last
		{"connect", "127.0.0.1:1", "refused"},
		{"connect", "127.0.0.1:1", "--ca", empty, "no certificate"},
		{"connect", "127.0.0.1:1", "--ca", empty + "x", "no such file"},
		{"serve", "--listen", "nowhere", "missing port"},
		{"serve", "--cert", empty, "--key", empty, "failed to find any PEM data"},
		{"serve", "--cert", empty, "--key", empty + "x", "open " + empty + "x: no such file"},
		{"serve", "--cert", cert, "--key", other, cert + " and " + other + ": tls: private key does not match public key"},
		{"serve", "--listen", taken, "address already in use"},
		{"serve", "--listen", "127.0.0.1:0", "--alpn", strings.Repeat("x", 256), "256 bytes"},
	}
	for _, args := range tests {
		n := len(args) - 1
		o := runCommand(t, "", args[:n]...).want(t, exitFailure, args[n])
		o.wantOneLine(t)
	}
}

func TestOneLine(t *testing.T) {
	err := errors.Join(errors.New("one\x1b[2J"), errors.New("two"))
	if got, want := oneLine(err), "one [2J; two"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestFlagsAfterOperands: 'pqkx connect host:port --insecure' is what people
// type.
func TestFlagsAfterOperands(t *testing.T) {
	f := newFlags("test", "A B", "")
	v := f.String("v", "", "`V`")
	got, err := f.parse([]string{"a", "--v", "1", "--", "-b"}, 2, stdio{})
	if err != nil || strings.Join(got, " ") != "a -b" || *v != "1" {
		t.Errorf("got %q and v = %q, error %v", got, *v, err)
	}
}

// defaultName is the group that two defaults negotiate, and classicalName one
// that is classical and known in every mode.
func defaultName() string { return preset.Default().SupportedGroups()[0].String() }

const classicalName = "secp256r1"
