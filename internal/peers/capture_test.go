package peers_test

import (
	"bytes"
	"crypto/fips140"
	"crypto/tls"
	"fmt"
	"strings"
	"testing"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/internal/peers"
)

// TestCapture has tshark decrypt captured sessions by the key log of either
// end. That takes the right traffic secrets at every step of the key schedule,
// new ones after a KeyUpdate included, whatever our two ends agree on between
// themselves.
func TestCapture(t *testing.T) {
	tests := []struct {
		name  string
		group pqkx.NamedGroup
		suite uint16
		path  string
	}{
		{"AES-128", pqkx.X25519MLKEM768, tls.TLS_AES_128_GCM_SHA256, "/captured"},
		{"AES-256", pqkx.X25519MLKEM768, tls.TLS_AES_256_GCM_SHA384, "/captured"},
		{"ChaCha20", pqkx.X25519MLKEM768, tls.TLS_CHACHA20_POLY1305_SHA256, "/captured"},
		{"KeyUpdate AES-128", pqkx.X25519MLKEM768, tls.TLS_AES_128_GCM_SHA256, "/rekey"},
		{"KeyUpdate AES-256", pqkx.SecP384r1MLKEM1024, tls.TLS_AES_256_GCM_SHA384, "/rekey"},
		{"KeyUpdate ChaCha20", pqkx.MLKEM512, tls.TLS_CHACHA20_POLY1305_SHA256, "/rekey"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := captureSession(t, ours{}, test.group, test.suite, test.path)
			s.check(t, test.path)
			if test.path == "/rekey" {
				s.checkKeyUpdates(t)
			}
		})
	}

	t.Run("crypto-tls", func(t *testing.T) {
		t.Parallel()
		s := captureSession(t, stdlib{}, pqkx.X25519MLKEM768, tls.TLS_AES_128_GCM_SHA256, "/captured")
		s.check(t, "/captured")
	})
}

// A captured is what is left of a session: the packets and two key logs.
type captured struct {
	*peers.Capture
	group                pqkx.NamedGroup
	suite                uint16
	clientLog, serverLog []byte
}

// captureSession records a session of a stack with itself: two requests on one
// connection.
func captureSession(t *testing.T, s stack, group pqkx.NamedGroup, suite uint16, path string) *captured {
	t.Helper()
	if fips140.Enforced() && suite == tls.TLS_CHACHA20_POLY1305_SHA256 {
		t.Skip("ChaCha20 is not approved, and GODEBUG has fips140=only")
	}
	var clientLog, serverLog lockedBuffer
	e := end{
		credentials: peers.NewCredentials(t),
		groups:      []pqkx.NamedGroup{group},
		suites:      []uint16{suite},
	}
	e.keyLog = &serverLog
	server := serve(t, s, e)
	capture := peers.StartCapture(t, server.addr)
	e.keyLog = &clientLog
	client := connect(t, s, e, server.url("/"))
	client.get(t, path)
	client.get(t, "/second")
	client.conn.Close()
	capture.Stop()
	if st := s.state(client.conn); st.group != group || st.suite != suite {
		t.Fatalf("negotiated %v with %s", st.group, tls.CipherSuiteName(st.suite))
	}
	return &captured{capture, group, suite, clientLog.Bytes(), serverLog.Bytes()}
}

// check compares what tshark sees with what was negotiated and sent.
func (c *captured) check(t *testing.T, path string) {
	t.Helper()
	hello := c.Fields(nil, "tls.handshake.type == 2",
		"tls.handshake.extensions_key_share_group", "tls.handshake.ciphersuite")
	if want := fmt.Sprintf("%d\t0x%04x\n", uint16(c.group), c.suite); hello != want {
		t.Errorf("group and suite of ServerHello: tshark says %q, want %q", hello, want)
	}

	// Both requests and both answers.
	secrets := []string{"GET " + path + " ", "answers " + path, "GET /second ", "answers /second"}
	for name, keyLog := range map[string][]byte{"client": c.clientLog, "server": c.serverLog} {
		plain := c.Conversation(keyLog)
		for _, secret := range secrets {
			if !strings.Contains(plain, secret) {
				t.Errorf("with the %s's key log, %q is not in:\n%s", name, secret, plain)
			}
		}
	}
	sealed := c.Conversation(nil)
	for _, secret := range secrets {
		if strings.Contains(sealed, secret) || bytes.Contains(c.Bytes(), []byte(secret)) {
			t.Errorf("%q can be read without a key log", secret)
		}
	}
}

// checkKeyUpdates checks that each end changed its keys, with the first
// request: the server by its own wish and the client because it was asked to.
func (c *captured) checkKeyUpdates(t *testing.T) {
	t.Helper()
	updates := c.Fields(c.clientLog, "tls.handshake.type == 24", "tls.handshake.type")
	if n := strings.Count(updates, "24"); n != 2 {
		t.Errorf("tshark sees %d KeyUpdates, want 2: %q", n, updates)
	}
}
