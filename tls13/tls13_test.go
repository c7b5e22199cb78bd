package tls13_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/pqkx/pqkx/internal/certs"
	"github.com/pqkx/pqkx/preset"
	"github.com/pqkx/pqkx/tls13"
)

// An authority issues certificates for tests.
type authority struct {
	*certs.Authority
	pool *x509.CertPool
}

var root = sync.OnceValue(func() *authority {
	a := must(certs.NewAuthority())
	return &authority{a, a.Pool()}
})

// leaf issues a certificate for names, and 127.0.0.1, to key.
func (a *authority) leaf(key crypto.Signer, names ...string) tls.Certificate {
	return must(a.Issue(key, append(names, "127.0.0.1")...))
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

var keys = map[string]func() crypto.Signer{
	"P-256":    sync.OnceValue(func() crypto.Signer { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) }),
	"P-384":    sync.OnceValue(func() crypto.Signer { return must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)) }),
	"P-521":    sync.OnceValue(func() crypto.Signer { return must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader)) }),
	"Ed25519":  sync.OnceValue(func() crypto.Signer { _, key, _ := ed25519.GenerateKey(rand.Reader); return key }),
	"RSA-2048": sync.OnceValue(func() crypto.Signer { return must(rsa.GenerateKey(rand.Reader, 2048)) }),
}

const serverName = "server.test"

// configs returns a pair of configs that work together, for a test to change.
func configs() (client, server *tls13.Config) {
	client = &tls13.Config{Provider: preset.All(), RootCAs: root().pool, ServerName: serverName}
	server = &tls13.Config{
		Provider:     preset.All(),
		Certificates: []tls.Certificate{root().leaf(keys["P-256"](), serverName)},
	}
	return client, server
}

// tcpPair returns the two ends of a TCP connection on loopback.
func tcpPair(t testing.TB) (client, server net.Conn) {
	t.Helper()
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	defer l.Close()
	done := make(chan net.Conn, 1)
	go func() {
		conn, _ := l.Accept()
		done <- conn
	}()
	client = must(net.Dial("tcp", l.Addr().String()))
	server = <-done
	deadline := time.Now().Add(20 * time.Second)
	client.SetDeadline(deadline)
	server.SetDeadline(deadline)
	t.Cleanup(func() { client.Close(); server.Close() })
	return client, server
}

// pair returns a client and a server that have not shaken hands yet.
func pair(t testing.TB, clientConfig, serverConfig *tls13.Config) (client, server *tls13.Conn) {
	t.Helper()
	c, s := tcpPair(t)
	return tls13.Client(c, clientConfig), tls13.Server(s, serverConfig)
}

// handshake runs both sides and returns their errors. A side that fails closes
// its connection, so that the other one ends too.
func handshake(client, server *tls13.Conn) (clientErr, serverErr error) {
	done := make(chan error)
	go func() {
		err := server.Handshake()
		if err != nil {
			server.NetConn().(*net.TCPConn).CloseWrite()
		}
		done <- err
	}()
	clientErr = client.Handshake()
	if clientErr != nil {
		client.NetConn().(*net.TCPConn).CloseWrite()
	}
	return clientErr, <-done
}

// connect returns a client and a server after the handshake.
func connect(t testing.TB, clientConfig, serverConfig *tls13.Config) (client, server *tls13.Conn) {
	t.Helper()
	client, server = pair(t, clientConfig, serverConfig)
	if clientErr, serverErr := handshake(client, server); clientErr != nil || serverErr != nil {
		t.Fatalf("handshake: client: %v, server: %v", clientErr, serverErr)
	}
	return client, server
}

// exchange sends data from one to the other and checks what arrives.
func exchange(t testing.TB, from, to *tls13.Conn, data []byte) {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		_, err := from.Write(data)
		done <- err
	}()
	got := make([]byte, len(data))
	if _, err := io.ReadFull(to, got); err != nil {
		t.Fatalf("read: %v", err)
	}
	if err := <-done; err != nil {
		t.Fatalf("write: %v", err)
	}
	if !bytes.Equal(got, data) {
		t.Fatal("received other data than was sent")
	}
}
