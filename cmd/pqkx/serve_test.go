package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/preset"
	"github.com/pqkx/pqkx/tls13"
)

// startServe starts serve on a port of the kernel's choice, and returns its
// address and a pool with its root.
func startServe(t *testing.T, args ...string) (p *process, address string, pool *x509.CertPool) {
	t.Helper()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	p = start(t, append([]string{"serve", "--listen", "127.0.0.1:0", "--ca-out", ca}, args...)...)
	data, err := os.ReadFile(ca)
	if err != nil {
		t.Fatal(err)
	}
	if pool, err = parsePool(ca, data); err != nil {
		t.Fatal(err)
	}
	_, address, ok := strings.Cut(strings.TrimSuffix(p.first, "/"), "://")
	if !ok {
		t.Fatalf("no URL: %q", p.first)
	}
	return p, address, pool
}

// client is Go's own, which verifies the certificate.
func client(t *testing.T, config *tls.Config) *http.Client {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true} // that is, offer h2 first
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Transport:     transport,
		Timeout:       patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func get(t *testing.T, c *http.Client, url string) (*http.Response, string) {
	t.Helper()
	resp, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func TestServePage(t *testing.T) {
	t.Parallel()
	p, address, pool := startServe(t)
	resp, body := get(t, client(t, &tls.Config{RootCAs: pool}), p.first)
	if resp.StatusCode != http.StatusOK || resp.TLS.CurveID.String() != defaultName() {
		t.Fatalf("%s on %v", resp.Status, resp.TLS.CurveID)
	}
	for _, s := range []string{"This connection resists a quantum computer", "<h1>" + defaultName() + "</h1>", `class="safe"`} {
		if !strings.Contains(body, s) {
			t.Errorf("the page lacks %q", s)
		}
	}
	classical := client(t, &tls.Config{RootCAs: pool, CurvePreferences: []tls.CurveID{tls.CurveP256}})
	_, body = get(t, classical, p.first)
	for _, s := range []string{"This connection does not resist a quantum computer", "<h1>" + classicalName + "</h1>", `class="unsafe"`} {
		if !strings.Contains(body, s) {
			t.Errorf("the classical page lacks %q", s)
		}
	}
	if resp, _ := get(t, classical, p.first+"other"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("another path: %s", resp.Status)
	}
	p.waitFor(t, defaultName()+" (post-quantum) TLS_")
	p.waitFor(t, classicalName+" (classical) TLS_")
	if strings.Contains(p.stderr.String(), "warning") {
		t.Errorf("a warning on %s", address)
	}
}

func TestServeJSON(t *testing.T) {
	t.Parallel()
	p, address, pool := startServe(t, "--groups", "p384,p256")
	_, port, _ := net.SplitHostPort(address)
	_, body := get(t, client(t, &tls.Config{RootCAs: pool}), "https://localhost:"+port+"/json")
	var v view
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatal(err)
	}
	if v.Group == "" || v.PostQuantum || v.ServerName != "localhost" || v.Protocol != "http/1.1" || !v.HelloRetryRequest {
		t.Errorf("view %+v", v)
	}
	states := make(map[string]offeredView)
	for _, o := range v.Offered {
		states[o.Group] = o
	}
	if o := states[defaultName()]; o.State != stateNotEnabled || !o.KeyShare || o.Security != postQuantum {
		t.Errorf("%s: %+v", defaultName(), o)
	}
	if states[v.Group].State != stateChosen {
		t.Errorf("the chosen group: %+v", states[v.Group])
	}
	if len(v.NotEnabled) == 0 || v.NotEnabled[0] != defaultName() || !strings.Contains(v.Explanation, "does not have enabled") {
		t.Errorf("not enabled %v: %s", v.NotEnabled, v.Explanation)
	}
	_, page := get(t, client(t, &tls.Config{RootCAs: pool}), p.first)
	if !strings.Contains(page, "--groups secp384r1,secp256r1,"+strings.Join(v.NotEnabled, ",")) {
		t.Error("the page does not say how to enable what is not")
	}
}

// TestServeGoesOn: what clients do wrong ends their connection alone.
func TestServeGoesOn(t *testing.T) {
	t.Parallel()
	p, address, pool := startServe(t, "--policy", "require")
	for _, garbage := range []string{"", "\x16\x03\x01", "\x16\x03\x01\x00\x05hello", strings.Repeat("\x00", 1000)} {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(conn, garbage)
		conn.(*net.TCPConn).CloseWrite()
		io.Copy(io.Discard, conn)
		conn.Close()
	}
	_, err := tls.Dial("tcp", address, &tls.Config{RootCAs: pool, CurvePreferences: []tls.CurveID{tls.CurveP256}})
	if err == nil || !strings.Contains(err.Error(), "insufficient security") {
		t.Errorf("policy require, classical client: error %v", err)
	}
	p.waitFor(t, pqkx.ErrClassical.Error())
	p.waitFor(t, "offered "+classicalName)
	if resp, _ := get(t, client(t, &tls.Config{RootCAs: pool}), p.first); resp.StatusCode != http.StatusOK {
		t.Error(resp.Status)
	}
}

func TestServeRedirectsPlainHTTP(t *testing.T) {
	t.Parallel()
	_, address, _ := startServe(t)
	resp, _ := get(t, client(t, nil), "http://"+address+"/json")
	if got, want := resp.Header.Get("Location"), "https://"+address+"/json"; got != want {
		t.Errorf("%s to %q, want %q", resp.Status, got, want)
	}
}

func TestServeSignals(t *testing.T) {
	t.Parallel()
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		p, address, pool := startServe(t)
		idle, err := tls.Dial("tcp", address, &tls.Config{RootCAs: pool})
		if err != nil {
			t.Fatal(err)
		}
		defer idle.Close()
		silent, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer silent.Close()
		if status := p.stop(t, signal); status != exitOK {
			t.Errorf("%v: exit status %d", signal, status)
		}
	}
}

// TestServeKeyLog checks the format of SSLKEYLOGFILE.
func TestServeKeyLog(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "keys")
	p, _, pool := startServe(t, "--keylog", file)
	get(t, client(t, &tls.Config{RootCAs: pool}), p.first)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, label := range []string{"CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0"} {
		if !regexp.MustCompile(`(?m)^` + label + ` [0-9a-f]{64} ([0-9a-f]{64}|[0-9a-f]{96})$`).Match(data) {
			t.Errorf("no line %s in\n%s", label, data)
		}
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, error %v", info.Mode(), err)
	}
}

// writeCertificate makes a certificate for pqkx.example, and files of it and its
// key.
func writeCertificate(t *testing.T) (m *made, cert, key string) {
	t.Helper()
	m, err := makeCertificate("pqkx.example")
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(m.leaf.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for name, block := range map[string]*pem.Block{
		cert: {Type: "CERTIFICATE", Bytes: m.leaf.Certificate[0]},
		key:  {Type: "PRIVATE KEY", Bytes: der},
	} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return m, cert, key
}

// TestServeCertificate brings its own certificate.
func TestServeCertificate(t *testing.T) {
	t.Parallel()
	m, cert, key := writeCertificate(t)
	p := start(t, "serve", "--listen", "127.0.0.1:0", "--cert", cert, "--key", key)
	get(t, client(t, &tls.Config{RootCAs: m.root.Pool(), ServerName: "pqkx.example"}), p.first)
}

func TestServeURL(t *testing.T) {
	tests := []struct{ scheme, ip, want string }{
		{"https", "127.0.0.1", "https://127.0.0.1:4433/"},
		{"https", "::1", "https://[::1]:4433/"},
		{"https", "::", "https://localhost:4433/"},
		{"tls", "0.0.0.0", "tls://localhost:4433"},
	}
	for _, test := range tests {
		addr := &net.TCPAddr{IP: net.ParseIP(test.ip), Port: 4433}
		if got := serverURL(test.scheme, addr); got != test.want {
			t.Errorf("%v: got %s, want %s", addr, got, test.want)
		}
		if got, want := isLoopback(addr), addr.IP.IsLoopback(); got != want {
			t.Errorf("isLoopback(%v) = %v", addr, got)
		}
	}
}

// TestLongOffers: a client that offers all there is fills neither log nor page.
func TestLongOffers(t *testing.T) {
	var cs tls13.ConnectionState
	for id := range pqkx.NamedGroup(30000) {
		cs.OfferedGroups = append(cs.OfferedGroups, id)
	}
	if line := offer(cs); len(line) > 1000 || !strings.HasSuffix(line, " and 29984 more") {
		t.Errorf("%d bytes to log: %.80s...", len(line), line)
	}
	if n := len(newView(cs, preset.Default()).Offered); n != maxOffered {
		t.Errorf("%d groups on the page, want %d", n, maxOffered)
	}
}

// TestSecurityOf: of a group that is in no provider, the registry's ranges
// tell whether it is classical.
func TestSecurityOf(t *testing.T) {
	for id, want := range map[pqkx.NamedGroup]string{
		pqkx.X25519MLKEM768: postQuantum, pqkx.Secp256r1: classical, 0x001E: classical, 0x0104: classical, 0x11EE: stateUnknown,
	} {
		if got := securityOf(id, preset.All()); got != want {
			t.Errorf("%v: got %s, want %s", id, got, want)
		}
	}
}
