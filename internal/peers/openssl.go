package peers

import (
	"bytes"
	"io"
	"net/url"
	"os/exec"
	"strings"
	"testing"

	"github.com/pqkx/pqkx"
)

var (
	// OpenSSL is Debian's, 3.0: classical groups alone. Its client can ask for
	// new keys with KeyUpdate, which no other peer here does.
	OpenSSL = OpenSSLPeer{Program{name: "openssl", command: "openssl"}}

	// Curl is Debian's, on the same library.
	Curl = CurlPeer{Program{name: "curl", command: "curl"}}
)

// An OpenSSLPeer drives [OpenSSL].
type OpenSSLPeer struct{ Program }

// Get makes a GET request with one cipher suite and the groups given, of which
// the first gets a share. Before that it sends a KeyUpdate that asks for one in
// return, and so ends up with new keys in both directions. The body is the
// whole response.
func (o OpenSSLPeer) Get(tb testing.TB, address, suite string, c *Credentials, groups ...pqkx.NamedGroup) (*Visit, error) {
	tb.Helper()
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	var response bytes.Buffer
	cmd := exec.Command(o.Path(tb), "s_client", "-brief", "-connect", "127.0.0.1:"+u.Port(),
		"-servername", "localhost", "-CAfile", c.RootFile, "-verify_return_error",
		"-alpn", "http/1.1", "-groups", groupList(groups), "-ciphersuites", suite)
	cmd.Env = environment(tb)
	cmd.Stdout = &response
	p := start(tb, cmd)

	v := &Visit{
		Version: p.waitFor(tb, after("Protocol version: ")),
		Cipher:  p.waitFor(tb, after("Ciphersuite: ")),
		Group:   temporaryKey(p.waitFor(tb, after("Server Temp Key: "))),
	}
	io.WriteString(p.stdin, "K\n") // s_client takes a line with K for the command
	p.waitFor(tb, after("KEYUPDATE"))
	io.WriteString(p.stdin, "GET "+u.Path+" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
	if !p.endsWithin(Limit) {
		tb.Fatalf("%v does not end with its connection", o)
	}
	v.Body = response.String()
	return v, nil
}

// Serve starts a server with one group, which answers every request with a page
// about the connection.
func (o OpenSSLPeer) Serve(tb testing.TB, c *Credentials, group pqkx.NamedGroup) *Server {
	tb.Helper()
	cmd := exec.Command(o.Path(tb), "s_server", "-www", "-accept", "127.0.0.1:0", "-tls1_3",
		"-cert", c.CertificateFile, "-key", c.KeyFile, "-groups", group.String())
	cmd.Env = environment(tb)
	return &Server{Addr: start(tb, cmd).waitFor(tb, after("ACCEPT "))}
}

// temporaryKey returns the group of OpenSSL's "X25519, 253 bits" or
// "ECDH, prime256v1, 256 bits".
func temporaryKey(text string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(text, "ECDH, "), ",")
	return name
}

// A CurlPeer drives [Curl].
type CurlPeer struct{ Program }

// Post makes a POST request with the groups given.
func (p CurlPeer) Post(tb testing.TB, url, body string, c *Credentials, groups ...pqkx.NamedGroup) (*Visit, error) {
	tb.Helper()
	cmd := []string{
		p.Path(tb), "--silent", "--show-error", "--fail", "--http1.1", "--noproxy", "*", "--tlsv1.3",
		"--cacert", c.RootFile, "--curves", groupList(groups), "--data-binary", "@-", url,
	}
	out, err := run(tb, cmd, environment(tb), body)
	if err != nil {
		return nil, err
	}
	return &Visit{Status: 200, Body: string(out)}, nil // what --fail lets pass
}
