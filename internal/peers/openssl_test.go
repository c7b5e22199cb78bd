package peers_test

import (
	"crypto/tls"
	"strings"
	"testing"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/internal/peers"
)

var classical = []pqkx.NamedGroup{pqkx.X25519, pqkx.Secp256r1, pqkx.Secp384r1, pqkx.Secp521r1}

// TestOpenSSLClient includes a KeyUpdate of OpenSSL's, which asks for ours.
func TestOpenSSLClient(t *testing.T) {
	c := peers.NewCredentials(t)
	suites := []uint16{
		tls.TLS_AES_128_GCM_SHA256,
		tls.TLS_AES_256_GCM_SHA384,
		tls.TLS_CHACHA20_POLY1305_SHA256,
	}
	for i, id := range classical {
		t.Run(id.String(), func(t *testing.T) {
			suite := suites[i%len(suites)]
			eachStack(t, classical, func(t *testing.T, s stack) {
				server := serve(t, s, end{credentials: c, groups: []pqkx.NamedGroup{id}})
				visit, err := peers.OpenSSL.Get(t, server.url("/page"), tls.CipherSuiteName(suite), c, id)
				if err != nil {
					t.Fatal(err)
				}
				if !peers.SameGroup(visit.Group, id) || visit.Cipher != tls.CipherSuiteName(suite) || visit.Version != "TLSv1.3" {
					t.Errorf("OpenSSL says %s, %s, %s", visit.Version, visit.Cipher, visit.Group)
				}
				if !strings.HasPrefix(visit.Body, "HTTP/1.1 200 OK\r\n") || !strings.Contains(visit.Body, "answers /page") {
					t.Errorf("response = %q", visit.Body)
				}
				got := server.state(t)
				checkState(t, got, state{group: id})
				if got.suite != suite {
					t.Errorf("the server says %s", tls.CipherSuiteName(got.suite))
				}
			})
		})
	}
}

func TestOpenSSLServer(t *testing.T) {
	c := peers.NewCredentials(t)
	for _, id := range classical {
		t.Run(id.String(), func(t *testing.T) {
			server := peers.OpenSSL.Serve(t, c, id)
			eachStack(t, classical, func(t *testing.T, s stack) {
				e := end{credentials: c, groups: []pqkx.NamedGroup{id}}
				page, got := fetch(t, s, e, server.URL("/"), "")
				if !strings.Contains(page, "s_server") {
					t.Errorf("page = %q", page)
				}
				if got.group != id || got.retry {
					t.Errorf("group %v, retry %v", got.group, got.retry)
				}
			})
			t.Run("retry", func(t *testing.T) {
				e := end{credentials: c, groups: []pqkx.NamedGroup{pqkx.X25519MLKEM768, id}}
				_, got := fetch(t, ours{}, e, server.URL("/"), "")
				if retry := id != pqkx.X25519; got.group != id || got.retry != retry {
					t.Errorf("group %v, retry %v", got.group, got.retry)
				}
			})
		})
	}
}

func TestCurl(t *testing.T) {
	c := peers.NewCredentials(t)
	eachStack(t, classical, func(t *testing.T, s stack) {
		server := serve(t, s, end{credentials: c, groups: []pqkx.NamedGroup{pqkx.Secp384r1}})
		visit, err := peers.Curl.Post(t, server.url("/echo"), echoBody, c, pqkx.X25519, pqkx.Secp384r1)
		if err != nil {
			t.Fatal(err)
		}
		checkEcho(t, visit.Body)
		checkState(t, server.state(t), state{group: pqkx.Secp384r1, retry: true})
	})
}
