package bogo_test

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/preset"
	"github.com/pqkx/pqkx/tls13"
)

// A peer drives the other end of a shim's connection. What it returns is only
// for the test to see.
type peer func(t *testing.T, p *process)

// server is a crypto/tls server for a shim that is a client, and client the
// reverse, which after the handshake do what f says and end with close_notify.
func server(change func(*tls.Config), f func(*testing.T, *tls.Conn)) peer {
	return func(t *testing.T, p *process) { session(t, tls.Server(p.conn, changed(serverConfig(), change)), f) }
}

func client(change func(*tls.Config), f func(*testing.T, *tls.Conn)) peer {
	return func(t *testing.T, p *process) { session(t, tls.Client(p.conn, changed(clientConfig(), change)), f) }
}

func changed(c *tls.Config, change func(*tls.Config)) *tls.Config {
	if change != nil {
		change(c)
	}
	return c
}

func session(t *testing.T, conn *tls.Conn, f func(*testing.T, *tls.Conn)) {
	if err := conn.Handshake(); err != nil {
		t.Log(err) // the shim's status says whether that was to be
		return
	}
	if f == nil {
		f = func(t *testing.T, conn *tls.Conn) { echo(t, conn, 32) }
	}
	f(t, conn)
	conn.CloseWrite()
	io.Copy(io.Discard, conn)
}

// want reads what the shim writes first.
func want(data string) func(*testing.T, *tls.Conn) {
	return func(t *testing.T, conn *tls.Conn) {
		got := make([]byte, len(data))
		if _, err := io.ReadFull(conn, got); err != nil || string(got) != data {
			t.Errorf("got %q, %v, want %q", got, err, data)
		}
	}
}

// quiet ends at once.
func quiet(*testing.T, *tls.Conn) {}

func curves(ids ...tls.CurveID) func(*tls.Config) {
	return func(c *tls.Config) { c.CurvePreferences = ids }
}

func protocols(names ...string) func(*tls.Config) {
	return func(c *tls.Config) { c.NextProtos = names }
}

// raw sends bytes in the clear.
func raw(data string) peer {
	return func(t *testing.T, p *process) {
		p.conn.Write([]byte(data))
		io.Copy(io.Discard, p.conn)
	}
}

func TestFlags(t *testing.T) {
	with := func(base []string, more ...string) []string { return append(base[:len(base):len(base)], more...) }
	for _, test := range []struct {
		name   string
		flags  []string
		peer   peer
		status int
		text   string
	}{
		{"ignored", with(asClient(), "-async", "-implicit-handshake", "-write-settings", "-server", "-expect-early-data-reason", "disabled",
			"-no-tls1", "-no-tls11", "-no-tls12", "-on-resume-expect-curve-id", "23", "-on-initial-expect-version", "772"), server(nil, nil), 0, ""},
		{"group", with(asClient(), "-curves", "24", "-curves", "23", "-expect-curve-id", "23", "-expect-hrr"), server(curves(tls.CurveP256), nil), 0, ""},
		{"wrong group", with(asClient(), "-expect-curve-id", "23"), server(nil, quiet), 1, "unexpected group"},
		{"no retry", with(asClient(), "-no-key-shares", "-expect-no-hrr"), server(nil, quiet), 1, "unexpected HelloRetryRequest"},
		{"key shares", with(asClient(), "-curves", "24", "-curves", "23", "-key-shares", "23", "-expect-no-hrr"), server(curves(tls.CurveP256), nil), 0, ""},
		{"hint", with(asClient(), "-curves", "24", "-curves", "23", "-server-supported-groups-hint", "4660",
			"-server-supported-groups-hint", "23", "-key-shares", "24", "-expect-no-hrr"), server(curves(tls.CurveP256), nil), 0, ""},
		{"alpn client", with(asClient(), "-advertise-alpn", "\x01a\x02bb", "-expect-alpn", "bb"), server(protocols("bb"), nil), 0, ""},
		{"no alpn client", with(asClient(), "-advertise-alpn", "\x01a", "-expect-alpn", ""), server(nil, nil), 0, ""},
		{"alpn server", with(asServer(), "-select-alpn", "bb", "-expect-advertised-alpn", "\x01a\x02bb"), client(protocols("a", "bb"), nil), 0, ""},
		{"other alpn", with(asServer(), "-select-alpn", "bb", "-expect-advertised-alpn", "\x01a"), client(protocols("a", "bb"), quiet), 1, "unexpected advertised protocols"},
		{"decline alpn", with(asServer(), "-decline-alpn"), client(protocols("a"), nil), 0, ""},
		{"reject alpn", with(asServer(), "-reject-alpn"), client(protocols("a"), quiet), 1, ":NO_APPLICATION_PROTOCOL:"},
		{"server name", with(asServer(), "-expect-server-name", "server.test"), client(nil, nil), 0, ""},
		{"no server name", with(asServer(), "-expect-no-server-name"), client(nil, quiet), 1, "unexpected server name"},
		{"host name", with(asClient(), "-host-name", "server.test"), server(nil, nil), 0, ""},
		{"wrong host name", with(asClient(), "-host-name", "other.test"), server(nil, nil), 1, ":CERTIFICATE_VERIFY_FAILED:"},
		{"no root", nil, server(nil, nil), 0, ""},
		{"verify fails", with(asClient(), "-verify-peer", "-verify-fail"), server(nil, nil), 1, ":CERTIFICATE_VERIFY_FAILED:"},
		{"scheme", with(asClient(), "-verify-prefs", "2308", "-verify-prefs", "1027", "-expect-peer-signature-algorithm", "1027"), server(nil, nil), 0, ""},
		{"scheme of TLS 1.2", with(asClient(), "-verify-prefs", "513"), server(nil, nil), 1, ""},
		{"signing prefs", with(asServer(), "-signing-prefs", "1283"), client(nil, nil), 1, ":NO_COMMON_SIGNATURE_ALGORITHMS:"},
		{"peer's schemes", with(asServer(), "-expect-peer-verify-pref", "1027"), client(nil, quiet), 1, "unexpected signature_algorithms"},
		{"writes first", with(asServer(), "-shim-writes-first"), client(nil, want("hello")), 0, ""},
		{"key update", with(asServer(), "-key-update", "-key-update-before-read", "-read-size", "7"), client(nil, nil), 0, ""},
		{"fragments", with(asServer(), "-max-send-fragment", "512", "-no-op-extra-handshake", "-peek-then-read"), client(nil, nil), 0, ""},
		{"shuts down", with(asServer(), "-shim-shuts-down"), client(nil, want("")), 0, ""},
		{"shuts down, checked", with(asClient(), "-shim-shuts-down", "-check-close-notify"), server(nil, quiet), 0, ""},
		{"data on shutdown", with(asClient(), "-shim-shuts-down", "-check-close-notify"),
			server(nil, func(_ *testing.T, c *tls.Conn) { c.Write([]byte("x")) }), 1, ":APPLICATION_DATA_ON_SHUTDOWN:"},
		{"truncation on shutdown", with(asClient(), "-shim-shuts-down", "-check-close-notify"),
			server(nil, func(_ *testing.T, c *tls.Conn) { c.NetConn().(*net.TCPConn).CloseWrite() }), 1, "Unexpected SSL_shutdown result: -1 != 1"},
		{"truncation", with(asClient(), "-check-close-notify"),
			server(nil, func(_ *testing.T, c *tls.Conn) { c.NetConn().(*net.TCPConn).CloseWrite() }), 1, "Unexpected SSL_shutdown result: -1 != 1"},
		{"GREASE on a server", with(asServer(), "-enable-grease", "-permute-extensions"), client(nil, nil), 0, ""},
		{"HTTP", asServer(), raw("GET / HTTP/1.0\r\n\r\n"), 1, ":HTTP_REQUEST:"},
		{"TLS 1.2", asServer(), client(func(c *tls.Config) { c.MinVersion, c.MaxVersion = 0, tls.VersionTLS12 }, nil), 1, ":UNSUPPORTED_PROTOCOL:"},
		{"TLS 1.2 server", asClient(), server(func(c *tls.Config) { c.MinVersion, c.MaxVersion = 0, tls.VersionTLS12 }, nil), 1, "peer sent alert protocol_version"},
		{"second credential", append(with([]string{"-server", "-new-x509-credential"}, credential(1)...),
			with(credential(0), "-expect-selected-credential", "-1")...), client(nil, quiet), 1, "unexpected credential: got 0, want -1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := start(t, test.flags...)
			test.peer(t, p)
			p.endWithAny(test.status, test.text)
		})
	}
}

// endWithAny is end for one of BoGo's names, or a text of our own.
func (p *process) endWithAny(status int, name string) {
	p.Helper()
	p.conn.Close()
	<-p.done
	for _, text := range errorMap(p.T)[name] {
		if strings.Contains(p.stderr.String(), text) {
			name = text
		}
	}
	p.end(status, name)
}

// TestCredentials selects among several by what the client accepts.
func TestCredentials(t *testing.T) {
	first := append([]string{"-new-x509-credential"}, append(credential(0), "-signing-prefs", "1283")...)
	second := append([]string{"-new-x509-credential"}, credential(1)...)
	p := start(t, append(append([]string{"-server", "-expect-selected-credential", "1"}, first...), second...)...)
	session(t, tls.Client(p.conn, clientConfig()), func(t *testing.T, conn *tls.Conn) {
		if got := conn.ConnectionState().PeerCertificates[0].Raw; !bytes.Equal(got, leaves[1].Certificate[0]) {
			t.Error("another certificate than the second one")
		}
	})
	p.end(0, "")

	flags := append(append([]string{"-server"}, credential(0)...), first...)
	p = start(t, append(flags, "-expect-selected-credential", "-1")...)
	session(t, tls.Client(p.conn, clientConfig()), nil)
	p.end(0, "")
}

// TestExport reads keying material and traffic secrets in both roles.
func TestExport(t *testing.T) {
	for _, role := range []string{"client", "server"} {
		var keyLog bytes.Buffer
		flags := []string{"-export-keying-material", "40", "-export-label", "label", "-export-context", "-context",
			"-use-export-context", "-export-traffic-secrets"}
		var p *process
		var conn *tls.Conn
		if role == "server" {
			p = start(t, append(flags, asServer()...)...)
			conn = tls.Client(p.conn, changed(clientConfig(), func(c *tls.Config) { c.KeyLogWriter = &keyLog }))
		} else {
			p = start(t, append(flags, asClient()...)...)
			conn = tls.Server(p.conn, changed(serverConfig(), func(c *tls.Config) { c.KeyLogWriter = &keyLog }))
		}
		session(t, conn, func(t *testing.T, conn *tls.Conn) {
			state := conn.ConnectionState()
			want(string(must(state.ExportKeyingMaterial("label", []byte("-context"), 40))))(t, conn)
			var n [2]byte
			io.ReadFull(conn, n[:])
			secrets := make([]byte, 2*int(binary.LittleEndian.Uint16(n[:])))
			io.ReadFull(conn, secrets)
			read, write := "SERVER", "CLIENT"
			if role == "server" {
				read, write = write, read
			}
			for i, side := range []string{read, write} {
				secret := hex.EncodeToString(secrets[i*len(secrets)/2:][:len(secrets)/2])
				if !logged(keyLog.String(), side+"_TRAFFIC_SECRET_0", secret) {
					t.Errorf("%s: %s secret %s is not in the key log", role, side, secret)
				}
			}
			echo(t, conn, 32)
		})
		p.end(0, "")
	}
}

func logged(log, label, secret string) bool {
	for line := range strings.Lines(log) {
		if strings.HasPrefix(line, label+" ") && strings.Contains(line, secret) {
			return true
		}
	}
	return false
}

// TestEveryGroup has package tls13 on the other side, which has them all.
func TestEveryGroup(t *testing.T) {
	for _, g := range preset.All().Groups() {
		provider := must(pqkx.New(g))
		id := strconv.Itoa(int(g.ID()))
		for _, retry := range []bool{false, true} {
			t.Run(fmt.Sprintf("%v/retry %v", g.ID(), retry), func(t *testing.T) {
				p := start(t, append([]string{"-curves", id, "-expect-curve-id", id}, asServer()...)...)
				clientProvider := provider
				if retry {
					clientProvider = must(provider.WithShares())
				}
				conn := tls13.Client(p.conn, &tls13.Config{Provider: clientProvider, RootCAs: root, ServerName: "test"})
				echo(t, conn, 32)
				conn.CloseWrite()
				p.end(0, "")

				flags := append(asClient(), "-curves", id, "-expect-curve-id", id)
				if retry {
					flags = append(flags, "-no-key-shares", "-expect-hrr")
				}
				p = start(t, flags...)
				conn = tls13.Server(p.conn, &tls13.Config{Provider: provider, Certificates: leaves[:1]})
				echo(t, conn, 32)
				conn.CloseWrite()
				p.end(0, "")
			})
		}
	}
}

// TestAlertReachesTheRunner has data in flight that the shim never reads: its
// alert must not be lost in a reset.
func TestAlertReachesTheRunner(t *testing.T) {
	p := start(t, append(asClient(), "-verify-fail", "-use-custom-verify-callback")...)
	conn := tls.Server(p.conn, serverConfig())
	go conn.Handshake()
	err := conn.Handshake()
	if err == nil {
		conn.Write(make([]byte, 100_000))
		_, err = conn.Read(make([]byte, 1))
	}
	if err == nil || !strings.Contains(err.Error(), "unknown certificate") {
		t.Errorf("runner: %v, want the alert certificate_unknown", err)
	}
	p.endWithAny(1, ":CERTIFICATE_VERIFY_FAILED:")
}

// TestSendAlert has both roles send the alert that -send-alert is about, once the
// other side is known.
func TestSendAlert(t *testing.T) {
	for role, flags := range map[string][]string{"client": asClient(), "server": asServer()} {
		p := start(t, append(flags, "-send-alert", "-shim-writes-first")...)
		conn := tls.Client(p.conn, clientConfig())
		if role == "client" {
			conn = tls.Server(p.conn, serverConfig())
		}
		_, err := conn.Read(make([]byte, 1))
		if err == nil || !strings.Contains(err.Error(), "remote error: tls: decompression failure") {
			t.Errorf("%s: %v, want the alert decompression_failure", role, err)
		}
		p.endWithAny(1, "told to send an alert")
	}
}

// TestGREASE looks into what a client sends first, which two flags decide and
// without them has no GREASE.
func TestGREASE(t *testing.T) {
	for _, flag := range []string{"-enable-grease", "-permute-extensions", ""} {
		var hello *tls.ClientHelloInfo
		look := func(c *tls.Config) {
			c.CurvePreferences = []tls.CurveID{tls.CurveP256} // asks for a second ClientHello
			c.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) {
				hello = h
				return nil, nil
			}
		}
		flags := append(asClient(), "-curves", "24", "-curves", "23", "-key-shares", "24", "-expect-hrr", "-expect-curve-id", "23")
		if flag != "" {
			flags = append(flags, flag)
		}
		p := start(t, flags...)
		server(look, nil)(t, p)
		p.end(0, "")
		got := slices.ContainsFunc(hello.Extensions, func(id uint16) bool { return pqkx.NamedGroup(id).GREASE() }) &&
			slices.ContainsFunc(hello.SupportedCurves, func(id tls.CurveID) bool { return pqkx.NamedGroup(id).GREASE() })
		if got != (flag != "") {
			t.Errorf("with %q: extensions %v, groups %v", flag, hello.Extensions, hello.SupportedCurves)
		}
	}
}

// TestWithoutConnection is about what ends before the first byte.
func TestWithoutConnection(t *testing.T) {
	for _, test := range []struct {
		flags  []string
		status int
		stdout string
	}{
		{[]string{"-is-handshaker-supported"}, 0, "No\n"},
		{[]string{"-port", "1", "-no-such-flag"}, 89, "no-such-flag"},
		{[]string{"-on-retry-expect-alpn", "a"}, 89, "on-retry-expect-alpn"},
		{[]string{"-on-shim-async"}, 89, ""},
		{[]string{"-on-initial-no-such-flag"}, 89, "no-such-flag"},
		{[]string{"-no-tls13"}, 89, ""},
		{[]string{"-max-version", "771"}, 89, "TLS 1.2"},
		{[]string{"-resume-count", "1", "-on-resume-no-ticket"}, 89, "resumption"},
		{[]string{"-curves", "30"}, 89, "x448"},
		{[]string{"-key-shares", "514"}, 89, "MLKEM1024"},
		{[]string{"-verify-prefs", "2308"}, 89, "signature schemes"},
		{[]string{"-accepted-peer-cert-types", "0", "-accepted-peer-cert-types", "2"}, 89, "raw public keys"},
		{[]string{"-cert-file", "x"}, 89, "client certificates"},
		{[]string{"-new-x509-credential"}, 89, "client certificates"},
		{[]string{"-verify-peer", "-server"}, 89, "client certificates"},
		{[]string{"-require-any-client-certificate"}, 89, ""},
		{[]string{"-enable-early-data"}, 89, ""},
		{[]string{"-enable-ocsp-stapling"}, 89, ""},
		{[]string{"-max-send-fragment", "20000"}, 89, "fragments"},
	} {
		var stdout, stderr bytes.Buffer
		cmd := exec.Command(file("shim"), test.flags...)
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		cmd.Run()
		if got := cmd.ProcessState.ExitCode(); got != test.status || !strings.Contains(stdout.String(), test.stdout) || stderr.Len() > 0 {
			t.Errorf("%q: status %d, want %d; stdout %q, want %q; stderr %q",
				test.flags, got, test.status, stdout.String(), test.stdout, stderr.String())
		}
	}
	for _, flags := range [][]string{{"port"}, {"-port"}, {"-curves", "x"}, {"-curves", "70000"}, {"-advertise-alpn", "\x05a"}, {"-trust-cert", "x"}} {
		var stderr bytes.Buffer
		cmd := exec.Command(file("shim"), flags...)
		cmd.Stderr = &stderr
		if cmd.Run(); cmd.ProcessState.ExitCode() != 1 || stderr.Len() == 0 {
			t.Errorf("%q: status %d, stderr %q, want 1 and a line", flags, cmd.ProcessState.ExitCode(), stderr.String())
		}
	}
}
