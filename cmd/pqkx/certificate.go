package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"time"
)

// made is a certificate that this process made for itself, and the root that
// it hangs from, whose key is already forgotten.
type made struct {
	leaf tls.Certificate
	root *x509.Certificate
}

// madeFor is how long it is valid: long enough for a demonstration, too short
// to be left in place.
const madeFor = 30 * 24 * time.Hour

// makeCertificate makes an ECDSA P-256 root and a leaf for this machine's own
// names and the others.
func makeCertificate(others ...string) (*made, error) {
	root, err := newTemplate("pqkx root for one run")
	if err != nil {
		return nil, err
	}
	root.IsCA, root.BasicConstraintsValid = true, true
	root.KeyUsage = x509.KeyUsageCertSign
	root.MaxPathLenZero = true

	leaf, err := newTemplate("pqkx")
	if err != nil {
		return nil, err
	}
	leaf.KeyUsage = x509.KeyUsageDigitalSignature
	leaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	for _, name := range append([]string{"localhost", "127.0.0.1", "::1"}, others...) {
		if ip := net.ParseIP(name); ip != nil {
			leaf.IPAddresses = append(leaf.IPAddresses, ip)
		} else {
			leaf.DNSNames = append(leaf.DNSNames, name)
		}
	}
	return sign(root, leaf)
}

// newTemplate has what root and leaf share.
func newTemplate(name string) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-time.Hour), // for clocks that are behind
		NotAfter:     now.Add(madeFor),
	}, nil
}

func sign(root, leaf *x509.Certificate) (*made, error) {
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	leafKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, root, root, &rootKey.PublicKey, rootKey)
	if err != nil {
		return nil, err
	}
	if root, err = x509.ParseCertificate(der); err != nil {
		return nil, err
	}
	if der, err = x509.CreateCertificate(rand.Reader, leaf, root, &leafKey.PublicKey, rootKey); err != nil {
		return nil, err
	}
	if leaf, err = x509.ParseCertificate(der); err != nil {
		return nil, err
	}
	return &made{
		leaf: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: leafKey, Leaf: leaf},
		root: root,
	}, nil
}

// rootPEM is the root as files hold it.
func (m *made) rootPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: m.root.Raw})
}

// pool has the root alone.
func (m *made) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(m.root)
	return pool
}

// parsePool makes a pool of the certificates in a file.
func parsePool(file string, data []byte) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(data) {
		return nil, fmt.Errorf("%s has no certificate in PEM", file)
	}
	return pool, nil
}
