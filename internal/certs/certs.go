// Package certs issues certificates for demonstrations and tests: a root that
// lives for one run, and leaves below it. A leaf that is its own root would
// spare clients a signature check, and so flatter every measurement.
package certs

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"time"
)

// validity is long enough for a demonstration, too short to be left in place.
const validity = 30 * 24 * time.Hour

// An Authority is a root certificate, ECDSA P-256, and its key, which exists in
// memory alone.
type Authority struct {
	Root *x509.Certificate
	key  crypto.Signer
}

// NewAuthority makes a root.
func NewAuthority() (*Authority, error) {
	key, err := NewKey()
	if err != nil {
		return nil, err
	}
	root, err := template("pqkx root for one run")
	if err != nil {
		return nil, err
	}
	root.IsCA, root.BasicConstraintsValid = true, true
	root.MaxPathLenZero = true
	root.KeyUsage = x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, root, root, key.Public(), key)
	if err != nil {
		return nil, err
	}
	if root, err = x509.ParseCertificate(der); err != nil {
		return nil, err
	}
	return &Authority{root, key}, nil
}

// NewKey makes an ECDSA P-256 key.
func NewKey() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }

// Issue issues a certificate for a server with the given key, valid for host
// names and IP addresses.
func (a *Authority) Issue(key crypto.Signer, names ...string) (tls.Certificate, error) {
	leaf, err := template("pqkx")
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf.KeyUsage = x509.KeyUsageDigitalSignature
	leaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			leaf.IPAddresses = append(leaf.IPAddresses, ip)
		} else {
			leaf.DNSNames = append(leaf.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, a.Root, key.Public(), a.key)
	if err != nil {
		return tls.Certificate{}, err
	}
	if leaf, err = x509.ParseCertificate(der); err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, nil
}

// Pool returns a pool with the root alone.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.Root)
	return pool
}

// PEM returns the root as files hold it.
func (a *Authority) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.Root.Raw})
}

// template has what root and leaf share.
func template(name string) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-time.Hour), // for clocks that are behind
		NotAfter:     now.Add(validity),
	}, nil
}
