package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/preset"
	"github.com/pqkx/pqkx/tls13"
)

// listen is net.Listen on loopback.
func listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln
}

// newCA makes a certificate and a file with its root.
func newCA(t *testing.T) (m *made, file string) {
	t.Helper()
	m, err := makeCertificate()
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, m.root.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	return m, file
}

// echoServer is Go's own TLS, which sends back what it gets. It has the curves
// or, without any, Go's default.
func echoServer(t *testing.T, curves ...tls.CurveID) (address, ca string) {
	t.Helper()
	m, ca := newCA(t)
	ln := tls.NewListener(listen(t), &tls.Config{
		Certificates: []tls.Certificate{m.leaf}, CurvePreferences: curves, NextProtos: []string{"echo"}, MinVersion: tls.VersionTLS13,
	})
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				conn.SetDeadline(time.Now().Add(patience))
				data, err := io.ReadAll(conn)
				if err == nil {
					conn.Write(data)
				}
			}()
		}
	}()
	return ln.Addr().String(), ca
}

func TestConnectPipes(t *testing.T) {
	t.Parallel()
	address, ca := echoServer(t)
	text := strings.Repeat("to the server and back\n", 5000)
	o := runCommand(t, text, "connect", address, "--ca", ca, "--alpn", "other,echo").want(t, exitOK,
		"offered      "+defaultName()+"*,", "* with a key share", "group        "+defaultName(), "resists a quantum computer",
		"protocol     echo", "verified for 127.0.0.1", "ECDSAWithP256AndSHA256", "CN=pqkx", "TLS 1.3")
	if o.out != text {
		t.Errorf("%d bytes came back, want %d", len(o.out), len(text))
	}
	if strings.Contains(o.err, "WARNING") || strings.Contains(o.err, "\x1b") {
		t.Errorf("a warning, or colour: %s", o.err)
	}
}

func TestConnectUpgrade(t *testing.T) {
	t.Parallel()
	address, ca := echoServer(t)
	runCommand(t, "", "connect", address, "--ca", ca, "--policy", "upgrade").want(t, exitOK,
		"HelloRetryRequest: the server asked", "group        "+defaultName())
}

func TestConnectJSON(t *testing.T) {
	t.Parallel()
	address, ca := echoServer(t)
	_, port, _ := net.SplitHostPort(address)
	o := runCommand(t, "never sent", "connect", "--json", "--ca", ca, "--alpn", "echo", "localhost:"+port).want(t, exitOK)
	var f facts
	if err := json.Unmarshal([]byte(o.out), &f); err != nil {
		t.Fatal(err)
	}
	ids := preset.Default().SupportedGroups()
	if f.Group != defaultName() || f.Code != uint16(ids[0]) || !f.PostQuantum || f.HelloRetryRequest || f.Protocol != "echo" ||
		f.ServerName != "localhost" || f.Version != "TLS 1.3" || !strings.HasPrefix(f.CipherSuite, "TLS_") || f.Warning != "" ||
		!slices.Equal(f.OfferedGroups, stringsOf(ids)) || !slices.Contains(f.OfferedShares, defaultName()) || f.HandshakeMicros <= 0 {
		t.Errorf("facts %+v", f)
	}
	if c := f.Certificate; !c.Verified || c.Problem != "" || c.Subject != "CN=pqkx" || !strings.HasPrefix(c.Issuer, "CN=pqkx root") {
		t.Errorf("certificate %+v", c)
	}
	if o.err != "" {
		t.Errorf("stderr: %s", o.err)
	}
}

// TestConnectCertificates: what is wrong with a certificate, and what to do.
func TestConnectCertificates(t *testing.T) {
	t.Parallel()
	address, ca := echoServer(t)
	o := runCommand(t, "", "connect", address).want(t, exitFailure, "unknown authority", "--ca FILE")
	o.wantOneLine(t)
	o = runCommand(t, "", "connect", address, "--ca", ca, "--servername", "pqkx.example").want(t, exitFailure, "pqkx.example", "--servername")
	o.wantOneLine(t)
	o = runCommand(t, "x", "connect", address, "--insecure", "--servername", "pqkx.example").want(t, exitOK, "not verified: x509: ")
	if o.out != "x" {
		t.Errorf("got %q", o.out)
	}
}

// TestConnectClassicalServer: no downgrade, and nothing better to be had.
func TestConnectClassicalServer(t *testing.T) {
	t.Parallel()
	address, ca := echoServer(t, tls.CurveP256)
	o := runCommand(t, "", "connect", address, "--ca", ca).want(t, exitOK,
		"group        "+classicalName, "does not resist a quantum computer", "the server accepts none of the post-quantum groups that were offered")
	if strings.Contains(o.err, "WARNING") {
		t.Errorf("a warning without a reason: %s", o.err)
	}
	o = runCommand(t, "", "connect", address, "--ca", ca, "--policy", "require").want(t, exitFailure,
		"policy require: the server accepts no post-quantum group that was offered ("+defaultName())
	o.wantOneLine(t)
	runCommand(t, "", "connect", address, "--ca", ca, "--groups", "p256").want(t, exitOK, "no post-quantum group was offered")
	runCommand(t, "", "connect", address, "--ca", ca, "--groups", "p384").want(t, exitFailure, "accepts no group that was offered (secp384r1)")
}

// TestConnectDowngrade: a server that takes a classical group although it
// accepts a post-quantum one, as its second connection shows.
func TestConnectDowngrade(t *testing.T) {
	t.Parallel()
	m, ca := newCA(t)
	classicalOnly, err := (&selection{groups: classicalName, policy: "prefer"}).provider()
	if err != nil {
		t.Fatal(err)
	}
	ln := listen(t)
	var accepted atomic.Int32
	go func() {
		for {
			raw, err := ln.Accept()
			if err != nil {
				return
			}
			config := &tls13.Config{Provider: preset.Default(), Certificates: []tls.Certificate{m.leaf}}
			if accepted.Add(1)%2 == 1 {
				config.Provider = classicalOnly
			}
			go func() {
				conn := tls13.Server(raw, config)
				defer conn.Close()
				conn.SetDeadline(time.Now().Add(patience))
				io.Copy(io.Discard, conn)
			}()
		}
	}()
	address := ln.Addr().String()
	warning := fmt.Sprintf("server took %s although it also accepts %s", classicalName, defaultName())
	runCommand(t, "", "connect", address, "--ca", ca).want(t, exitOK, "WARNING: "+warning)
	o := runCommand(t, "", "connect", address, "--ca", ca, "--json").want(t, exitOK)
	var f facts
	if err := json.Unmarshal([]byte(o.out), &f); err != nil || f.Warning != warning || f.Group != classicalName {
		t.Errorf("facts %+v, error %v", f, err)
	}
	before := accepted.Load()
	o = runCommand(t, "", "connect", address, "--ca", ca, "--probe=false").want(t, exitOK, "is not known")
	if strings.Contains(o.err, "WARNING") || accepted.Load() != before+1 {
		t.Errorf("a second connection in spite of --probe=false: %s", o.err)
	}
}

// TestConnectOneAtATime: a server that serves one client at a time, as openssl
// s_server does, does not answer a second connection before the first has ended.
func TestConnectOneAtATime(t *testing.T) {
	t.Parallel()
	m, ca := newCA(t)
	ln := tls.NewListener(listen(t), &tls.Config{Certificates: []tls.Certificate{m.leaf}, CurvePreferences: []tls.CurveID{tls.CurveP256}})
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			io.Copy(io.Discard, conn)
			conn.Close()
		}
	}()
	out := must(t, "connect", ln.Addr().String(), "--ca", ca, "--json")
	if !strings.Contains(out, "accepts none of the post-quantum groups") {
		t.Errorf("the second connection was not answered:\n%s", out)
	}
	begin := time.Now()
	runCommand(t, "", "connect", ln.Addr().String(), "--ca", ca, "--timeout", "50s").want(t, exitOK, "is not known: no answer within 3s")
	if took := time.Since(begin); took > patience/2 {
		t.Errorf("waited %v for the second connection", took)
	}
}

// TestServerTells: some servers say what they have, and need no second look.
func TestServerTells(t *testing.T) {
	l := &lookout{config: &tls13.Config{Provider: preset.Default()}}
	ours := preset.Default().SupportedGroups()[0]
	warning, note := l.look(context.Background(), tls13.ConnectionState{
		Group: pqkx.Secp256r1, ServerGroups: []pqkx.NamedGroup{0x11EE, pqkx.Secp256r1, ours},
	})
	if !strings.HasSuffix(warning, "also accepts "+ours.String()) || note != "" {
		t.Errorf("warning %q, note %q", warning, note)
	}
}

func TestConnectHTTP(t *testing.T) {
	t.Parallel()
	m, ca := newCA(t)
	keys := filepath.Join(t.TempDir(), "keys")
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/hello" {
			http.Error(w, "no such page", http.StatusNotFound)
			return
		}
		w.Header().Set("X-Group", r.TLS.CurveID.String())
		fmt.Fprintf(w, "%s %s of %s by %s", r.Method, r.URL, r.Host, r.TLS.NegotiatedProtocol)
	})}
	server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{m.leaf}}
	ln := listen(t)
	go server.ServeTLS(ln, "", "")
	t.Cleanup(func() { server.Close() })
	address := ln.Addr().String()

	o := runCommand(t, "not read", "connect", address, "--ca", ca, "--http", "/hello?x=1", "--keylog", keys).want(t, exitOK, "protocol     http/1.1")
	if want := "GET /hello?x=1 of " + address + " by http/1.1"; o.out != want {
		t.Errorf("got %q, want %q", o.out, want)
	}
	if data, err := os.ReadFile(keys); err != nil || !strings.Contains(string(data), "CLIENT_TRAFFIC_SECRET_0 ") {
		t.Errorf("key log %q, error %v", data, err)
	}
	_, port, _ := net.SplitHostPort(address)
	o = runCommand(t, "", "connect", "localhost:"+port, "--ca", ca, "--http", "/hello", "--include").want(t, exitOK)
	if !strings.HasPrefix(o.out, "HTTP/1.1 200 OK\r\n") || !strings.Contains(o.out, "\r\nX-Group: "+defaultName()+"\r\n") {
		t.Errorf("got %q", o.out)
	}
	o = runCommand(t, "", "connect", address, "--ca", ca, "--http", "/other").want(t, exitOK, "404 Not Found")
	if o.out != "no such page\n" {
		t.Errorf("got %q", o.out)
	}
}

// TestConnectToServe is the two commands together, on each group.
func TestConnectToServe(t *testing.T) {
	t.Parallel()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	p := start(t, "serve", "--listen", "127.0.0.1:0", "--groups", "all", "--ca-out", ca)
	for _, g := range preset.All().Groups() {
		out := must(t, "connect", p.first, "--ca", ca, "--groups", g.ID().String(), "--http", "/json")
		var v view
		if err := json.Unmarshal([]byte(out), &v); err != nil {
			t.Fatal(err)
		}
		if v.Group != g.ID().String() || v.PostQuantum != pqkx.IsPostQuantum(g) || v.HelloRetryRequest || len(v.Offered) != 1 {
			t.Errorf("%v: %+v", g.ID(), v)
		}
	}
}

// TestConnectTimeout: a server that says nothing.
func TestConnectTimeout(t *testing.T) {
	t.Parallel()
	ln := listen(t) // connections wait in its queue
	o := runCommand(t, "", "connect", ln.Addr().String(), "--timeout", "200ms").want(t, exitFailure, "no answer within 200ms")
	o.wantOneLine(t)
}

// TestConnectToOthers: servers that do not speak TLS 1.3, or not at all.
func TestConnectToOthers(t *testing.T) {
	t.Parallel()
	m, _ := newCA(t)
	for _, test := range []struct {
		want   string
		answer func(conn net.Conn)
	}{
		{`does not speak TLS, it sent "HTTP/1.1 400 Bad Request`, func(conn net.Conn) { io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\n\r\n") }},
		{"does not speak TLS 1.3", func(conn net.Conn) {
			tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{m.leaf}, MaxVersion: tls.VersionTLS12}).Handshake()
		}},
		{"closed the connection during the handshake", func(conn net.Conn) { conn.Read(make([]byte, 1<<16)) }},
	} {
		ln := listen(t)
		go func() {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
			test.answer(conn)
			conn.(*net.TCPConn).CloseWrite()
			io.Copy(io.Discard, conn) // so that what is sent is not cut off
		}()
		runCommand(t, "", "connect", ln.Addr().String()).want(t, exitFailure, test.want).wantOneLine(t)
	}
}

func TestConnectInterrupted(t *testing.T) {
	t.Parallel()
	address, ca := echoServer(t)
	cmd := pqkxCommand(t, "connect", address, "--ca", ca)
	stdin, err := cmd.StdinPipe() // which stays open
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stderr := new(lockedBuffer)
	cmd.Stderr = stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(patience); !strings.Contains(stderr.String(), "signature") && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	if got := cmd.ProcessState.ExitCode(); got != exitFailure || !strings.Contains(stderr.String(), "pqkx: connect: interrupt signal received\n") {
		t.Errorf("exit status %d, stderr:\n%s", got, stderr)
	}
}

func TestSplitTarget(t *testing.T) {
	tests := []struct{ target, host, address string }{
		{"localhost:4433", "localhost", "localhost:4433"},
		{"example.com", "example.com", "example.com:443"},
		{"https://127.0.0.1:4433/", "127.0.0.1", "127.0.0.1:4433"},
		{"[::1]:4433", "::1", "[::1]:4433"},
		{"::1", "::1", "[::1]:443"},
		{"[::1]", "::1", "[::1]:443"},
		{"", "", ""},
		{"a:b:c", "", ""},
		{"[::1", "", ""},
		{"example.com/path", "", ""},
		{"https://example.com:443/path", "", ""},
	}
	for _, test := range tests {
		host, address, err := splitTarget(test.target)
		if host != test.host || address != test.address || (err == nil) != (test.host != "") {
			t.Errorf("%q: got %q, %q, %v", test.target, host, address, err)
		}
	}
}

func TestHTTPHost(t *testing.T) {
	for _, test := range [][3]string{
		{"example.com", "127.0.0.1:443", "example.com"},
		{"example.com", "127.0.0.1:4433", "example.com:4433"},
		{"::1", "[::1]:443", "[::1]"},
		{"::1", "[::1]:4433", "[::1]:4433"},
	} {
		if got := httpHost(test[0], test[1]); got != test[2] {
			t.Errorf("%s at %s: got %s, want %s", test[0], test[1], got, test[2])
		}
	}
}
