package bench

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"time"
)

// Certificates that servers have.
const (
	ECDSA = "ecdsa-p256"
	RSA   = "rsa-2048"
)

// serverName is the name of every server. Its length, and the two names of
// ALPN, are those of the published sizes of Go's ClientHello.
const serverName = "example.com"

var nextProtos = []string{"h2", "http/1.1"}

// A Credential is a server's certificate and the root above it. A client that
// has a self-signed leaf among its roots skips checking a signature.
type Credential struct {
	Kind  string
	Roots *x509.CertPool
	Leaf  tls.Certificate
}

// NewCredential makes a root and a leaf of a kind.
func NewCredential(kind string) (*Credential, error) {
	rootKey, err := newKey(kind)
	if err != nil {
		return nil, err
	}
	leafKey, err := newKey(kind)
	if err != nil {
		return nil, err
	}
	root, err := certify(certificateTemplate(1, true), nil, rootKey, rootKey)
	if err != nil {
		return nil, err
	}
	leaf, err := certify(certificateTemplate(2, false), root, leafKey, rootKey)
	if err != nil {
		return nil, err
	}
	c := &Credential{kind, x509.NewCertPool(), tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: leafKey, Leaf: leaf}}
	c.Roots.AddCert(root)
	return c, nil
}

func newKey(kind string) (crypto.Signer, error) {
	if kind == RSA {
		return rsa.GenerateKey(rand.Reader, 2048)
	}
	return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
}

func certificateTemplate(serial int64, root bool) *x509.Certificate {
	t := &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		Subject:      pkix.Name{CommonName: "pqkx bench root"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
	if root {
		t.IsCA, t.BasicConstraintsValid, t.KeyUsage = true, true, x509.KeyUsageCertSign
		return t
	}
	t.Subject.CommonName = serverName
	t.DNSNames = []string{serverName}
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	return t
}

// certify signs with parentKey; without a parent the certificate is its own.
func certify(template, parent *x509.Certificate, key, parentKey crypto.Signer) (*x509.Certificate, error) {
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), parentKey)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}
