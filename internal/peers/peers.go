// Package peers finds other implementations of TLS 1.3 on this machine and
// drives them on loopback, as clients and as servers, for tests that prove
// interoperability with real programs.
//
// scripts/install-peers installs them. A test that asks for a peer which is
// missing is skipped with a message that names both, or fails where the
// environment has PQKX_PEERS=require, so that no run takes a skip for a pass:
//
//	node := peers.Node.Serve(t, credentials, pqkx.MLKEM768)
//	visit, err := peers.Node.Get(t, url, credentials, pqkx.MLKEM768)
//
// Each peer runs with an environment of its own, an empty home, and no longer
// than its test. It verifies our certificate against [Credentials], except for
// the browsers, which have no option for a root.
package peers

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Limit bounds everything that is done with one peer: its start, one visit.
const Limit = 30 * time.Second

// A Program is the executable of a peer.
type Program struct {
	name    string // as a person calls it
	file    string // below the module's root, or
	command string // in PATH
}

// String returns the peer's name and version as pinned.
func (p Program) String() string { return p.name }

// Path returns where the program is. If it is missing, the test is skipped, or
// fails under PQKX_PEERS=require.
func (p Program) Path(tb testing.TB) string {
	tb.Helper()
	path, err := p.find()
	if err != nil {
		Missing(tb, p.name, err)
	}
	return path
}

func (p Program) find() (string, error) {
	if p.command != "" {
		return exec.LookPath(p.command)
	}
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	return exec.LookPath(filepath.Join(root, filepath.FromSlash(p.file)))
}

// Missing skips a test for want of a peer, or of something that the peer needs.
// Under PQKX_PEERS=require it fails the test instead.
func Missing(tb testing.TB, name string, cause error) {
	tb.Helper()
	report := tb.Skipf
	if os.Getenv("PQKX_PEERS") == "require" {
		report = tb.Fatalf
	}
	report("%s is missing, scripts/install-peers installs it: %v", name, cause)
}

// moduleRoot returns the folder that holds this module and, below .peers, what
// scripts/install-peers got from npm. Tests run in their package's folder.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "scripts", "install-peers")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("not inside the source tree of pqkx")
		}
		dir = parent
	}
}

// A Visit is what a client peer tells of one HTTPS request.
type Visit struct {
	Status  int    // of the HTTP response
	Body    string // of the HTTP response; of a browser, the text of the page
	Group   string // negotiated group in the peer's spelling; empty where it does not tell
	Version string // TLS version in the peer's spelling; empty where it does not tell
	Cipher  string // cipher suite in the peer's spelling; empty where it does not tell

	// Exporter is what the peer exports (RFC 8446, section 7.5) for
	// [ExporterLabel] and an empty context, in lower-case hexadecimal; empty
	// where it does not tell.
	Exporter string
}

// ExporterLabel is the label under which peers export, so that both ends of a
// connection can be compared: 32 bytes.
const ExporterLabel = "EXPERIMENTAL pqkx"

// A Server is a peer that serves HTTPS until its test ends.
type Server struct {
	Addr string // loopback address and port
}

// URL returns the address of path, an absolute one, on the server.
func (s *Server) URL(path string) string { return "https://" + s.Addr + path }

func serverOn(port int) *Server {
	return &Server{Addr: fmt.Sprintf("127.0.0.1:%d", port)}
}
