package bench_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/preset"
	"github.com/pqkx/pqkx/tls13"
)

const serverName = "server.test"

// certify makes a root and a leaf, both ECDSA P-256. A self-signed leaf in the
// pool of roots would spare the client a signature check.
func certify(b *testing.B) (*x509.CertPool, tls.Certificate) {
	b.Helper()
	template := func(serial int64, ca bool) *x509.Certificate {
		return &x509.Certificate{
			SerialNumber:          big.NewInt(serial),
			Subject:               pkix.Name{CommonName: serverName},
			DNSNames:              []string{serverName},
			NotBefore:             time.Now().Add(-time.Hour),
			NotAfter:              time.Now().Add(time.Hour),
			IsCA:                  ca,
			BasicConstraintsValid: true,
		}
	}
	rootKey := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	leafKey := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	rootDER := must(x509.CreateCertificate(rand.Reader, template(1, true), template(1, true), rootKey.Public(), rootKey))
	root := must(x509.ParseCertificate(rootDER))
	leafDER := must(x509.CreateCertificate(rand.Reader, template(2, false), root, leafKey.Public(), rootKey))
	roots := x509.NewCertPool()
	roots.AddCert(root)
	return roots, tls.Certificate{Certificate: [][]byte{leafDER}, PrivateKey: leafKey, Leaf: must(x509.ParseCertificate(leafDER))}
}

type handshaker interface{ Handshake() error }

// BenchmarkHandshake is a full handshake, client and server together, over a
// connection in memory: tls13 beside stock crypto/tls on the same group.
func BenchmarkHandshake(b *testing.B) {
	roots, cert := certify(b)
	for _, g := range preset.All().Groups() {
		provider := must(pqkx.New(g))
		client := &tls13.Config{Provider: provider, RootCAs: roots, ServerName: serverName}
		server := &tls13.Config{Provider: provider, Certificates: []tls.Certificate{cert}}
		b.Run(g.ID().String()+"/tls13", func(b *testing.B) {
			benchmarkHandshake(b, func(c, s net.Conn) (handshaker, handshaker) {
				return tls13.Client(c, client), tls13.Server(s, server)
			})
		})
	}
	for _, id := range []tls.CurveID{tls.X25519MLKEM768, tls.SecP256r1MLKEM768, tls.SecP384r1MLKEM1024,
		tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521} {
		curves := []tls.CurveID{id}
		client := &tls.Config{RootCAs: roots, ServerName: serverName, CurvePreferences: curves}
		server := &tls.Config{Certificates: []tls.Certificate{cert}, CurvePreferences: curves, SessionTicketsDisabled: true}
		b.Run(pqkx.NamedGroup(id).String()+"/crypto-tls", func(b *testing.B) {
			benchmarkHandshake(b, func(c, s net.Conn) (handshaker, handshaker) {
				return tls.Client(c, client), tls.Server(s, server)
			})
		})
	}
}

func benchmarkHandshake(b *testing.B, start func(c, s net.Conn) (client, server handshaker)) {
	b.ReportAllocs()
	for b.Loop() {
		c, s := net.Pipe()
		client, server := start(c, s)
		done := make(chan error, 1)
		go func() { done <- server.Handshake() }()
		if err := client.Handshake(); err != nil {
			b.Fatal(err)
		}
		if err := <-done; err != nil {
			b.Fatal(err)
		}
		c.Close()
		s.Close()
	}
}
