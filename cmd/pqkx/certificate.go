package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"

	"github.com/pqkx/pqkx/internal/certs"
)

// made is a certificate that this process made for itself, and the authority
// that it hangs from.
type made struct {
	leaf tls.Certificate
	root *certs.Authority
}

// makeCertificate makes a root and a leaf for this machine's own names and the
// others.
func makeCertificate(others ...string) (*made, error) {
	root, err := certs.NewAuthority()
	if err != nil {
		return nil, err
	}
	key, err := certs.NewKey()
	if err != nil {
		return nil, err
	}
	leaf, err := root.Issue(key, append([]string{"localhost", "127.0.0.1", "::1"}, others...)...)
	if err != nil {
		return nil, err
	}
	return &made{leaf, root}, nil
}

// parsePool makes a pool of the certificates in a file.
func parsePool(file string, data []byte) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(data) {
		return nil, fmt.Errorf("%s has no certificate in PEM", file)
	}
	return pool, nil
}
