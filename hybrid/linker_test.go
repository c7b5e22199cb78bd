package hybrid_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// marks are names that the symbols of a program have, in lower case, whenever
// it uses an implementation.
var marks = map[string]string{
	"x25519":       "circl/dh/x25519.laddermontgomery",
	"P-256":        "pqkx/nist.p256",
	"P-384":        "pqkx/nist.p384",
	"P-521":        "pqkx/nist.p521",
	"crypto/ecdh":  "internal/ecdhgroup.",
	"ML-KEM":       "internal/kem.mlkem",
	"ML-KEM-512":   "internal/kem.mlkem512",
	"ML-KEM-768":   "internal/kem.mlkem768",
	"ML-KEM-1024":  "internal/kem.mlkem1024",
	"crypto/mlkem": "internal/kem.standard",
	"Kyber768":     "internal/kem.kyber768",
	"Kyber1024":    "internal/kem.kyber1024",
}

// TestLinker builds programs that use one group each and looks for the code of
// the others in them: who wants one group pays for one.
func TestLinker(t *testing.T) {
	if testing.Short() {
		t.Skip("builds seven programs")
	}
	for _, test := range []struct {
		imports, group string
		marks          []string // what is linked; nothing else may be
	}{
		{"x25519", "x25519.Group()", []string{"x25519"}},
		{"nist", "nist.P256()", []string{"P-256", "crypto/ecdh"}},
		{"mlkem", "mlkem.MLKEM768()", []string{"ML-KEM", "ML-KEM-768"}},
		{"mlkem", "mlkem.StandardMLKEM768()", []string{"crypto/mlkem"}},
		{"hybrid", "hybrid.X25519MLKEM768()", []string{"x25519", "ML-KEM", "ML-KEM-768"}},
		{"hybrid", "hybrid.SecP256r1MLKEM768()", []string{"P-256", "crypto/ecdh", "ML-KEM", "ML-KEM-768"}},
		{"hybrid", "hybrid.X25519Kyber768Draft00()", []string{"x25519", "Kyber768"}},
	} {
		t.Run(test.group, func(t *testing.T) {
			symbols := symbolsOf(t, test.imports, test.group)
			for name, mark := range marks {
				linked := strings.Contains(symbols, mark)
				if want := slices.Contains(test.marks, name); linked != want {
					t.Errorf("%s is linked: %v, want %v", name, linked, want)
				}
			}
		})
	}
}

// symbolsOf builds a program that runs a handshake on a provider of one group
// and lists its symbols, in lower case.
func symbolsOf(t *testing.T, imports, group string) string {
	t.Helper()
	const program = `package main

import (
	"net"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/%s"
	"github.com/pqkx/pqkx/tls13"
)

func main() {
	p, err := pqkx.New(%s)
	if err != nil {
		panic(err)
	}
	c, s := net.Pipe()
	go tls13.Server(s, &tls13.Config{Provider: p}).Handshake()
	tls13.Client(c, &tls13.Config{Provider: p}).Handshake()
}
`
	dir := t.TempDir()
	source, binary := filepath.Join(dir, "main.go"), filepath.Join(dir, "program")
	if err := os.WriteFile(source, fmt.Appendf(nil, program, imports, group), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "build", "-o", binary, source).CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	out, err := exec.Command("go", "tool", "nm", binary).CombinedOutput()
	if err != nil {
		t.Fatalf("go tool nm: %v\n%s", err, out)
	}
	return strings.ToLower(string(out))
}
