package main

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/preset"
	"github.com/pqkx/pqkx/tls13"
)

// defaultName is whose certificate a client expects if no name is given.
const defaultName = "test"

// A handshake is a configuration and what is to be known of it afterwards.
type handshake struct {
	config *tls13.Config
	signed int          // index of the credential that signed
	keyLog bytes.Buffer // for -export-traffic-secrets
}

// handshake makes the configuration that the flags ask for.
func (s *settings) handshake() (*handshake, error) {
	provider, err := s.provider()
	if err != nil {
		return nil, err
	}
	h := &handshake{config: &tls13.Config{Provider: provider, MaxFragment: s.maxSendFragment}}
	if s.exportSecrets {
		h.config.KeyLogWriter = &h.keyLog
	}
	if s.server {
		err = s.serveAs(h)
	} else {
		err = s.connectAs(h)
	}
	if s.sendAlert {
		h.config.VerifyConnection = abort
	}
	return h, err
}

// abort ends a connection once the peer has proved who it is, with an alert that
// nothing in TLS 1.3 leads to.
func abort(tls13.ConnectionState) error {
	const decompressionFailure tls13.Alert = 30
	return &tls13.AlertError{Alert: decompressionFailure, Err: errors.New("told to send an alert")}
}

// connectAs sets what a client needs.
func (s *settings) connectAs(h *handshake) (err error) {
	h.config.NextProtos = s.protocols
	h.config.GREASE = s.grease
	h.config.SignatureSchemes, err = s.schemes()
	if err != nil {
		return err
	}
	return s.verification(h.config)
}

// provider has the groups of -curves, or the usual ones, and the shares that
// the suite assumes.
func (s *settings) provider() (*pqkx.Provider, error) {
	provider := preset.Default()
	if len(s.curves) > 0 {
		var groups []pqkx.Group
		for _, id := range s.curves {
			g, ok := preset.All().Group(id)
			if !ok {
				return nil, unimplemented("group %v", id)
			}
			groups = append(groups, g)
		}
		var err error
		if provider, err = pqkx.New(groups...); err != nil {
			return nil, err
		}
	}
	ids, ok := s.shares(provider.Groups())
	if !ok {
		return provider, nil
	}
	provider, err := provider.WithShares(ids...)
	if err != nil {
		return nil, unimplemented("%v", err)
	}
	return provider, nil
}

// shares returns the groups that get a share in the first flight: the most
// preferred one of those that the server is believed to have, or else the
// configured ones, or else, like BoringSSL, the first post-quantum and the first
// classical group of -curves.
func (s *settings) shares(groups []pqkx.Group) (ids []pqkx.NamedGroup, ok bool) {
	for _, g := range groups {
		if slices.Contains(s.serverGroups, g.ID()) {
			return []pqkx.NamedGroup{g.ID()}, true
		}
	}
	if len(s.keyShares) > 0 || s.noKeyShares {
		return s.keyShares, true
	}
	for _, kind := range []bool{true, false} {
		i := slices.IndexFunc(groups, func(g pqkx.Group) bool { return pqkx.IsPostQuantum(g) == kind })
		if i >= 0 {
			ids = append(ids, groups[i].ID())
		}
	}
	return ids, len(s.curves) > 0
}

// defaultSchemes are what the suite assumes that a client accepts if it is not
// told otherwise.
var defaultSchemes = []tls.SignatureScheme{
	tls.ECDSAWithP256AndSHA256,
	tls.PSSWithSHA256,
	tls.PKCS1WithSHA256,
	tls.ECDSAWithP384AndSHA384,
	tls.PSSWithSHA384,
	tls.PKCS1WithSHA384,
	tls.PSSWithSHA512,
	tls.PKCS1WithSHA512,
}

// obsoleteSchemes are those of TLS 1.2 and of client certificates, that a server
// of TLS 1.3 may not sign with. The suite has a client offer them, and wants it
// to refuse them all the same.
var obsoleteSchemes = []tls.SignatureScheme{
	tls.PKCS1WithSHA1, tls.ECDSAWithSHA1, 0x0420, 0x0520, 0x0620, 0xff01,
}

// schemes returns what a client offers. Lists of everything that BoringSSL has
// are common, so schemes that we lack are left out.
func (s *settings) schemes() ([]tls.SignatureScheme, error) {
	if len(s.verifyPrefs) == 0 {
		return defaultSchemes, nil
	}
	list := slices.DeleteFunc(slices.Clone(s.verifyPrefs), func(v tls.SignatureScheme) bool {
		return !slices.Contains(defaultSchemes, v) && !slices.Contains(obsoleteSchemes, v) &&
			v != tls.Ed25519 && v != tls.ECDSAWithP521AndSHA512
	})
	if len(list) == 0 {
		return nil, unimplemented("signature schemes %v", s.verifyPrefs)
	}
	return list, nil
}

// verification sets how a client verifies the server. The name is sent only if
// it is given, so that the default one has to be verified here.
func (s *settings) verification(config *tls13.Config) error {
	roots, err := s.roots()
	if err != nil {
		return err
	}
	config.RootCAs = roots
	config.ServerName = s.hostName
	config.InsecureSkipVerify = roots == nil || s.hostName == ""
	config.VerifyConnection = func(state tls13.ConnectionState) error {
		if s.verifyFail {
			return s.rejection()
		}
		if roots == nil || s.hostName != "" {
			return nil
		}
		return verify(state.PeerCertificates, roots)
	}
	return nil
}

// rejection is the error of a verify callback of BoringSSL that says no. Its
// alert depends on which callback that is.
func (s *settings) rejection() error {
	alert := tls13.AlertHandshakeFailure
	if s.customVerifyCallback {
		alert = tls13.AlertCertificateUnknown
	}
	return &tls13.AlertError{Alert: alert, Err: errors.New("verify callback rejects the certificate")}
}

func verify(chain []*x509.Certificate, roots *x509.CertPool) error {
	opts := x509.VerifyOptions{Roots: roots, DNSName: defaultName, Intermediates: x509.NewCertPool()}
	for _, cert := range chain[1:] {
		opts.Intermediates.AddCert(cert)
	}
	_, err := chain[0].Verify(opts)
	return err
}

// roots reads the root of -trust-cert; nil means that nothing is verified.
func (s *settings) roots() (*x509.CertPool, error) {
	if s.trustCert == "" {
		return nil, nil
	}
	chain, err := readChain(s.trustCert)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	for _, der := range chain {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, err
		}
		if cert.PublicKey == nil {
			return nil, unimplemented("the key of the root certificate, %v", cert.PublicKeyAlgorithm)
		}
		pool.AddCert(cert)
	}
	return pool, nil
}

// serveAs sets what a server needs.
func (s *settings) serveAs(h *handshake) error {
	switch {
	case s.rejectALPN:
		h.config.NextProtos = []string{"no client has this"}
	case s.selectALPN != "":
		h.config.NextProtos = []string{s.selectALPN}
	}
	list := append(s.credentials, &s.fallback)
	for i, c := range list {
		if c.certFile == "" && c.keyFile == "" {
			continue
		}
		if c == &s.fallback {
			i = -1
		}
		cert, err := c.load()
		if err != nil {
			return err
		}
		cert.PrivateKey = &witness{cert.PrivateKey.(crypto.Signer), func() { h.signed = i }}
		h.config.Certificates = append(h.config.Certificates, cert)
	}
	return nil
}

// A witness is a key that tells when it signs, which is how to know which
// credential was selected.
type witness struct {
	crypto.Signer
	signs func()
}

// Sign signs.
func (w *witness) Sign(rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	w.signs()
	return w.Signer.Sign(rand, digest, opts)
}

func (c *credential) load() (tls.Certificate, error) {
	cert := tls.Certificate{SupportedSignatureAlgorithms: c.signingPrefs}
	var err error
	if cert.Certificate, err = readChain(c.certFile); err != nil {
		return cert, err
	}
	file, err := os.ReadFile(c.keyFile)
	if err != nil {
		return cert, err
	}
	block, _ := pem.Decode(file)
	if block == nil {
		return cert, fmt.Errorf("no PEM in %s", c.keyFile)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return cert, unimplemented("private key: %v", err)
	}
	if _, ok := key.(crypto.Signer); !ok {
		return cert, unimplemented("private key of type %T", key)
	}
	cert.PrivateKey = key
	return cert, nil
}

// readChain reads the certificates of a PEM file.
func readChain(name string) ([][]byte, error) {
	file, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var chain [][]byte
	for {
		var block *pem.Block
		if block, file = pem.Decode(file); block == nil {
			break
		}
		chain = append(chain, block.Bytes)
	}
	if len(chain) == 0 {
		return nil, fmt.Errorf("no PEM in %s", name)
	}
	return chain, nil
}

// trafficSecret finds the first application traffic secret of a side in the
// key log.
func (h *handshake) trafficSecret(side string) ([]byte, error) {
	for line := range bytes.Lines(h.keyLog.Bytes()) {
		fields := bytes.Fields(line)
		if len(fields) == 3 && string(fields[0]) == side+"_TRAFFIC_SECRET_0" {
			return hex.AppendDecode(nil, fields[2])
		}
	}
	return nil, fmt.Errorf("no %s_TRAFFIC_SECRET_0 in the key log", side)
}
