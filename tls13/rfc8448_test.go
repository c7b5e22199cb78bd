package tls13

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/fips140"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/internal/derand"
	"github.com/pqkx/pqkx/x25519"
)

// readTrace reads "name = hex" lines.
func readTrace(t *testing.T, file string) map[string][]byte {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	trace := make(map[string][]byte)
	for s := bufio.NewScanner(f); s.Scan(); {
		name, value, ok := strings.Cut(s.Text(), " = ")
		if !ok {
			continue
		}
		if trace[name], err = hex.DecodeString(value); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	return trace
}

// A scriptConn gives what the peer of a trace sent and keeps what we send.
type scriptConn struct {
	net.Conn // nil: nothing else is called
	in, out  bytes.Buffer
}

func (c *scriptConn) Read(b []byte) (int, error)  { return c.in.Read(b) }
func (c *scriptConn) Write(b []byte) (int, error) { return c.out.Write(b) }

// sent checks what was sent since the last call.
func (c *scriptConn) sent(t *testing.T, what string, want []byte) {
	t.Helper()
	if got := c.out.Bytes(); !bytes.Equal(got, want) {
		t.Errorf("%s:\n got %x\nwant %x", what, got, want)
	}
	c.out.Reset()
}

// A seededGroup has a given private key on both sides.
type seededGroup struct {
	pqkx.Group
	key []byte
}

func (g seededGroup) KeyShare() (pqkx.KeyShare, error) { return derand.NewKeyShare(g.Group, g.key) }
func (g seededGroup) Encapsulate(clientShare []byte) (ss, share []byte, err error) {
	return derand.Encapsulate(g.Group, clientShare, g.key)
}

func traceProvider(t *testing.T, key []byte) *pqkx.Provider {
	t.Helper()
	if fips140.Enforced() {
		t.Skip("the trace uses X25519 and RSA-1024, which GODEBUG=fips140=only refuses")
	}
	p, err := pqkx.New(seededGroup{x25519.Group(), key})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// replacing returns a hook that sends the messages of a trace instead of ours.
// Those that the trace does not replace have to be the same anyway.
func replacing(messages ...[]byte) func([]byte) []byte {
	return func(message []byte) []byte {
		for _, m := range messages {
			if m[0] == message[0] {
				return m
			}
		}
		return message
	}
}

func checkSecrets(t *testing.T, trace map[string][]byte, log string) {
	t.Helper()
	random := hex.EncodeToString(trace["record_client_hello"][11:43])
	for label, name := range map[string]string{
		"CLIENT_HANDSHAKE_TRAFFIC_SECRET": "client_handshake_traffic",
		"SERVER_HANDSHAKE_TRAFFIC_SECRET": "server_handshake_traffic",
		"CLIENT_TRAFFIC_SECRET_0":         "client_application_traffic",
		"SERVER_TRAFFIC_SECRET_0":         "server_application_traffic",
		"EXPORTER_SECRET":                 "exporter_secret",
	} {
		if line := label + " " + random + " " + hex.EncodeToString(trace[name]) + "\n"; !strings.Contains(log, line) {
			t.Errorf("the key log lacks %q; it is:\n%s", line, log)
		}
	}
}

// TestRFC8448Client lets our client follow the trace of RFC 8448, section 3:
// with the ClientHello and the private key of the trace, and the server's
// records, it has to send the trace's records to the byte.
func TestRFC8448Client(t *testing.T) {
	trace := readTrace(t, "testdata/rfc8448.txt")
	var log strings.Builder
	conn := new(scriptConn)
	c := Client(conn, &Config{
		Provider:           traceProvider(t, trace["client_private"]),
		InsecureSkipVerify: true, // the certificate has expired
		ServerName:         "server",
		KeyLogWriter:       &log,
		HandshakeTimeout:   -1,
	})
	c.outgoing = replacing(trace["record_client_hello"][headerSize:])
	conn.in.Write(slices.Concat(trace["record_server_hello"], trace["record_server_flight"],
		trace["record_ticket"], trace["record_server_data"], trace["record_server_close"]))

	if err := c.Handshake(); err != nil {
		t.Fatal(err)
	}
	conn.sent(t, "ClientHello and Finished", slices.Concat(trace["record_client_hello"], trace["record_client_finished"]))
	checkSecrets(t, trace, log.String())
	if _, err := c.Write(trace["application_data"]); err != nil {
		t.Fatal(err)
	}
	conn.sent(t, "application data", trace["record_client_data"])
	got := make([]byte, 100)
	n, err := c.Read(got)
	if err != nil || !bytes.Equal(got[:n], trace["application_data"]) {
		t.Errorf("read %x, %v, want %x", got[:n], err, trace["application_data"])
	}
	if _, err := c.Read(got); err != io.EOF {
		t.Errorf("read after close_notify: %v, want EOF", err)
	}
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	conn.sent(t, "close_notify", trace["record_client_close"])
}

// TestRFC8448Server is the other side. The messages with random content are
// those of the trace; the Finished is ours.
func TestRFC8448Server(t *testing.T) {
	trace := readTrace(t, "testdata/rfc8448.txt")
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	conn := new(scriptConn)
	c := Server(conn, &Config{
		Provider:         traceProvider(t, trace["server_private"]),
		Certificates:     []tls.Certificate{{Certificate: [][]byte{{0}}, PrivateKey: key}},
		CipherSuites:     []uint16{TLS_AES_128_GCM_SHA256}, // also where AES has no hardware
		KeyLogWriter:     &log,
		HandshakeTimeout: -1,
	})
	c.outgoing = replacing(trace["record_server_hello"][headerSize:], trace["encrypted_extensions"],
		trace["certificate"], trace["certificate_verify"])
	conn.in.Write(slices.Concat(trace["record_client_hello"], trace["record_client_finished"],
		trace["record_client_data"], trace["record_client_close"]))

	if err := c.Handshake(); err != nil {
		t.Fatal(err)
	}
	conn.sent(t, "server's flight", slices.Concat(trace["record_server_hello"], trace["record_server_flight"]))
	checkSecrets(t, trace, log.String())

	// The trace's server sends a ticket first; ours never does.
	ticket := openTicket(t, c.out.secret, trace["record_ticket"])
	c.out.append(recordHandshake, ticket)
	if err := c.out.flush(); err != nil {
		t.Fatal(err)
	}
	conn.sent(t, "ticket", trace["record_ticket"])
	if _, err := c.Write(trace["application_data"]); err != nil {
		t.Fatal(err)
	}
	conn.sent(t, "application data", trace["record_server_data"])
	got := make([]byte, 100)
	n, err := c.Read(got)
	if err != nil || !bytes.Equal(got[:n], trace["application_data"]) {
		t.Errorf("read %x, %v, want %x", got[:n], err, trace["application_data"])
	}
	if _, err := c.Read(got); err != io.EOF {
		t.Errorf("read after close_notify: %v, want EOF", err)
	}
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	conn.sent(t, "close_notify", trace["record_server_close"])
}

// openTicket decrypts the first record under secret.
func openTicket(t *testing.T, secret trafficSecret, record []byte) []byte {
	t.Helper()
	var p protection
	if err := p.set(copySecret(secret)); err != nil {
		t.Fatal(err)
	}
	inner, err := p.aead.Open(nil, p.nonce(), record[headerSize:], record[:headerSize])
	if err != nil || inner[len(inner)-1] != recordHandshake {
		t.Fatalf("ticket: %v", err)
	}
	return inner[:len(inner)-1]
}

// TestRFC8448Schedule checks the stages that no record shows.
func TestRFC8448Schedule(t *testing.T) {
	trace := readTrace(t, "testdata/rfc8448.txt")
	s := suiteByID(TLS_AES_128_GCM_SHA256)
	check := func(name string, got []byte) {
		t.Helper()
		if !bytes.Equal(got, trace[name]) {
			t.Errorf("%s is %x, want %x", name, got, trace[name])
		}
	}
	early := newEarlySecret(s)
	check("early_secret", early.prk)
	handshake := early.handshake(trace["shared_secret"])
	check("handshake_secret", handshake.prk)
	check("master_secret", handshake.master().prk)

	var hellos transcript
	hellos.start(s)
	hellos.write(trace["record_client_hello"][headerSize:])
	hellos.write(trace["record_server_hello"][headerSize:])
	server := handshake.server(hellos.sum())
	check("server_handshake_traffic", server.prk)
	key, iv := server.keyIV()
	check("server_handshake_key", key)
	check("server_handshake_iv", iv)
	for _, m := range []string{"encrypted_extensions", "certificate", "certificate_verify"} {
		hellos.write(trace[m])
	}
	check("finished", marshalFinished(server.finished(hellos.sum())))
}
