package peers

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pqkx/pqkx"
)

// A verdict is a testing.TB that remembers how a test would have ended.
type verdict struct {
	testing.TB
	skipped, failed bool
	format          string
	args            []any
}

func (v *verdict) Helper() {}

func (v *verdict) Skipf(format string, args ...any) {
	v.skipped, v.format, v.args = true, format, args
}

func (v *verdict) Fatalf(format string, args ...any) {
	v.failed, v.format, v.args = true, format, args
}

func TestMissing(t *testing.T) {
	tests := []struct {
		name, environment string
		program           Program
		skipped, failed   bool
	}{
		{"command skipped", "", Program{name: "No Such Peer", command: "no-such-peer"}, true, false},
		{"command required", "require", Program{name: "No Such Peer", command: "no-such-peer"}, false, true},
		{"file skipped", "", Program{name: "No Such Peer", file: ".peers/no-such-peer"}, true, false},
		{"file required", "require", Program{name: "No Such Peer", file: ".peers/no-such-peer"}, false, true},
		{"file not executable", "", Program{name: "No Such Peer", file: "go.mod"}, true, false},
		{"file present", "require", Program{name: "install-peers", file: "scripts/install-peers"}, false, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("PQKX_PEERS", test.environment)
			v := &verdict{TB: t}
			path := test.program.Path(v)
			if v.skipped != test.skipped || v.failed != test.failed {
				t.Errorf("skipped %v, failed %v; want %v, %v", v.skipped, v.failed, test.skipped, test.failed)
			}
			if !v.skipped && !v.failed {
				if !strings.HasSuffix(path, filepath.FromSlash(test.program.file)) {
					t.Errorf("path = %q", path)
				}
				return
			}
			if len(v.args) == 0 || v.args[0] != "No Such Peer" || !strings.Contains(v.format, "scripts/install-peers") {
				t.Errorf("message %q of %v does not name the peer and the script", v.format, v.args)
			}
		})
	}
}

// TestServerEnds checks that a server is gone when its test is, and its home
// with it.
func TestServerEnds(t *testing.T) {
	c := NewCredentials(t)
	servers := map[string]func(testing.TB) *Server{
		"Node":    func(tb testing.TB) *Server { return Node.Serve(tb, c, pqkx.X25519) },
		"Deno":    func(tb testing.TB) *Server { return Deno.Serve(tb, c) },
		"esbuild": func(tb testing.TB) *Server { return Esbuild.Serve(tb, c, t.TempDir()) },
		"openssl": func(tb testing.TB) *Server { return OpenSSL.Serve(tb, c, pqkx.X25519) },
	}
	for name, serve := range servers {
		t.Run(name, func(t *testing.T) {
			var addr string
			t.Run("alive", func(t *testing.T) {
				addr = serve(t).Addr
				if conn, err := net.Dial("tcp", addr); err != nil {
					t.Error(err)
				} else {
					conn.Close()
				}
			})
			if addr == "" {
				t.Skip("no server: see above")
			}
			if conn, err := net.Dial("tcp", addr); err == nil {
				conn.Close()
				t.Errorf("%s still listens", name)
			}
		})
	}
}

// TestEnvironment checks that a peer sees nothing of the test's environment that
// steers TLS.
func TestEnvironment(t *testing.T) {
	for _, name := range []string{"GODEBUG", "NODE_OPTIONS", "NODE_EXTRA_CA_CERTS", "SSLKEYLOGFILE"} {
		t.Setenv(name, os.Getenv(name)) // set, if only to what it was
	}
	out, err := run(t, []string{"/usr/bin/env"}, environment(t, "EXTRA=1"), "")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for line := range strings.Lines(string(out)) {
		name, _, _ := strings.Cut(line, "=")
		names = append(names, name)
	}
	if got, want := strings.Join(names, " "), "PATH HOME TMPDIR LANG EXTRA"; got != want {
		t.Errorf("environment = %q, want %q", got, want)
	}
}

// TestRunFails checks that a peer's complaint is in the error.
func TestRunFails(t *testing.T) {
	_, err := run(t, []string{"/bin/sh", "-c", "echo no such group >&2; exit 3"}, environment(t), "")
	if err == nil || !strings.Contains(err.Error(), "no such group") || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("err = %v", err)
	}
}

func TestTranscriptLimit(t *testing.T) {
	tr := newTranscript()
	if _, err := tr.Write(make([]byte, maxTranscript)); err != nil {
		t.Fatal(err)
	}
	if _, err := tr.Write([]byte{0}); !errors.Is(err, errTalkative) {
		t.Errorf("err = %v", err)
	}
}

func TestSameGroup(t *testing.T) {
	tests := []struct {
		name string
		id   pqkx.NamedGroup
		want bool
	}{
		{"X25519", pqkx.X25519, true},
		{"X25519MLKEM768", pqkx.X25519MLKEM768, true},
		{"prime256v1", pqkx.Secp256r1, true},
		{"P-256", pqkx.Secp256r1, true},
		{"secp384r1", pqkx.Secp384r1, true},
		{"P-521", pqkx.Secp521r1, true},
		{"X25519", pqkx.X25519MLKEM768, false},
		{"X25519Kyber768Draft00", pqkx.X25519MLKEM768, false},
		{"P-256", pqkx.Secp384r1, false},
		{"", pqkx.X25519, false},
	}
	for _, test := range tests {
		if got := SameGroup(test.name, test.id); got != test.want {
			t.Errorf("SameGroup(%q, %v) = %v", test.name, test.id, got)
		}
	}
}
