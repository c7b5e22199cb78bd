package peers

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// Credentials are a root and a leaf for localhost and 127.0.0.1, both ECDSA
// P-256, in memory for Go and as PEM files for the other peers.
type Credentials struct {
	Roots       *x509.CertPool
	Certificate tls.Certificate

	RootFile, CertificateFile, KeyFile string
}

// NewCredentials returns the credentials of this process, with files that live
// as long as the test.
func NewCredentials(tb testing.TB) *Credentials {
	tb.Helper()
	m, err := issued()
	if err != nil {
		tb.Fatal(err)
	}
	dir := tb.TempDir()
	write := func(name string, pem []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem, 0o600); err != nil {
			tb.Fatal(err)
		}
		return path
	}
	certificate, err := tls.X509KeyPair(m.leaf, m.key)
	if err != nil {
		tb.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(m.root)
	return &Credentials{
		Roots:           roots,
		Certificate:     certificate,
		RootFile:        write("root.pem", m.root),
		CertificateFile: write("leaf.pem", m.leaf),
		KeyFile:         write("leaf.key", m.key),
	}
}

// material is PEM.
type material struct{ root, leaf, key []byte }

// issued makes the certificates, once for each process.
var issued = sync.OnceValues(issue)

func issue() (m material, err error) {
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return m, err
	}
	leafKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return m, err
	}
	root := template(1, "pqkx test root")
	root.IsCA, root.BasicConstraintsValid = true, true
	root.KeyUsage = x509.KeyUsageCertSign
	rootDER, err := x509.CreateCertificate(rand.Reader, root, root, rootKey.Public(), rootKey)
	if err != nil {
		return m, err
	}

	leaf := template(2, "localhost")
	leaf.KeyUsage = x509.KeyUsageDigitalSignature
	leaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	leaf.DNSNames = []string{"localhost"}
	leaf.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, root, leafKey.Public(), rootKey)
	if err != nil {
		return m, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(leafKey)
	if err != nil {
		return m, err
	}
	block := func(kind string, der []byte) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	}
	return material{
		root: block("CERTIFICATE", rootDER),
		leaf: block("CERTIFICATE", leafDER),
		key:  block("PRIVATE KEY", keyDER),
	}, nil
}

func template(serial int64, name string) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(24 * time.Hour),
	}
}
