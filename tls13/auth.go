package tls13

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256" // for crypto.Hash
	_ "crypto/sha512"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// signatureSchemes are the schemes for CertificateVerify, in our order of
// preference (RFC 8446, section 4.2.3).
var signatureSchemes = []tls.SignatureScheme{
	tls.ECDSAWithP256AndSHA256,
	tls.Ed25519,
	tls.ECDSAWithP384AndSHA384,
	tls.ECDSAWithP521AndSHA512,
	tls.PSSWithSHA256,
	tls.PSSWithSHA384,
	tls.PSSWithSHA512,
}

// chainSchemes are for signatures inside certificates alone.
var chainSchemes = []tls.SignatureScheme{tls.PKCS1WithSHA256, tls.PKCS1WithSHA384, tls.PKCS1WithSHA512}

// hashOf returns the hash of a scheme, zero for Ed25519.
func hashOf(s tls.SignatureScheme) crypto.Hash {
	switch s {
	case tls.ECDSAWithP256AndSHA256, tls.PSSWithSHA256:
		return crypto.SHA256
	case tls.ECDSAWithP384AndSHA384, tls.PSSWithSHA384:
		return crypto.SHA384
	case tls.ECDSAWithP521AndSHA512, tls.PSSWithSHA512:
		return crypto.SHA512
	}
	return 0
}

// schemesOf returns the schemes that a public key can be used with.
func schemesOf(key crypto.PublicKey) []tls.SignatureScheme {
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		switch key.Curve {
		case elliptic.P256():
			return []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256}
		case elliptic.P384():
			return []tls.SignatureScheme{tls.ECDSAWithP384AndSHA384}
		case elliptic.P521():
			return []tls.SignatureScheme{tls.ECDSAWithP521AndSHA512}
		}
	case ed25519.PublicKey:
		return []tls.SignatureScheme{tls.Ed25519}
	case *rsa.PublicKey:
		schemes := []tls.SignatureScheme{tls.PSSWithSHA256, tls.PSSWithSHA384, tls.PSSWithSHA512}
		// EMSA-PSS needs room for hash and salt (RFC 8017, section 9.1.1).
		return slices.DeleteFunc(schemes, func(s tls.SignatureScheme) bool { return key.Size() < 2*hashOf(s).Size()+2 })
	}
	return nil
}

// The context strings of CertificateVerify (RFC 8446, section 4.4.3).
const serverSignatureContext = "TLS 1.3, server CertificateVerify"

// signedContent is what a CertificateVerify signs: padding, context, a zero
// byte and the transcript hash; hashed where the scheme has a hash.
func signedContent(s tls.SignatureScheme, transcript []byte) []byte {
	content := slices.Concat([]byte(strings.Repeat(" ", 64)+serverSignatureContext+"\x00"), transcript)
	hash := hashOf(s)
	if hash == 0 {
		return content
	}
	h := hash.New()
	h.Write(content)
	return h.Sum(nil)
}

func sign(key crypto.Signer, s tls.SignatureScheme, transcript []byte) ([]byte, error) {
	var opts crypto.SignerOpts = hashOf(s)
	if _, ok := key.Public().(*rsa.PublicKey); ok {
		opts = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: hashOf(s)}
	}
	return key.Sign(rand.Reader, signedContent(s, transcript), opts)
}

// verify checks a signature by a key whose schemes include s.
func verify(key crypto.PublicKey, s tls.SignatureScheme, transcript, signature []byte) bool {
	content := signedContent(s, transcript)
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(key, content, signature)
	case ed25519.PublicKey:
		return ed25519.Verify(key, content, signature)
	case *rsa.PublicKey:
		opts := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
		return rsa.VerifyPSS(key, hashOf(s), content, signature, opts) == nil
	}
	return false
}

// acceptedSchemes returns what a client sends in signature_algorithms.
func (c *Config) acceptedSchemes() []tls.SignatureScheme {
	if c.SignatureSchemes != nil {
		return c.SignatureSchemes
	}
	return slices.Concat(signatureSchemes, chainSchemes)
}

// chooseCertificate returns the first certificate with a scheme that the
// client accepts, one for its server name before others, and that scheme.
func (c *Config) chooseCertificate(name string, accepted []tls.SignatureScheme) (*tls.Certificate, tls.SignatureScheme, error) {
	var found *tls.Certificate
	var scheme tls.SignatureScheme
	for i := range c.Certificates {
		cert := &c.Certificates[i]
		s, ok := chooseScheme(cert, accepted)
		if !ok {
			continue
		}
		if found == nil {
			found, scheme = cert, s
		}
		if len(c.Certificates) == 1 || name == "" || isFor(cert, name) {
			return cert, s, nil
		}
	}
	if found == nil {
		return nil, 0, alertf(AlertHandshakeFailure, "no certificate for the client's signature algorithms %s", brief("%v", accepted))
	}
	return found, scheme, nil
}

// chooseScheme returns the first scheme, in the order of the certificate or of
// this package, for the certificate's key that the client accepts.
func chooseScheme(cert *tls.Certificate, accepted []tls.SignatureScheme) (tls.SignatureScheme, bool) {
	key, ok := cert.PrivateKey.(crypto.Signer)
	if !ok {
		return 0, false
	}
	order := cert.SupportedSignatureAlgorithms
	if order == nil {
		order = signatureSchemes
	}
	usable := schemesOf(key.Public())
	for _, s := range order {
		if slices.Contains(usable, s) && slices.Contains(accepted, s) {
			return s, true
		}
	}
	return 0, false
}

func isFor(cert *tls.Certificate, name string) bool {
	leaf := cert.Leaf
	if leaf == nil {
		var err error
		if leaf, err = x509.ParseCertificate(cert.Certificate[0]); err != nil {
			return false
		}
	}
	return leaf.VerifyHostname(name) == nil
}

// checkCertificates refuses certificates that no handshake could use.
func (c *Config) checkCertificates() error {
	if len(c.Certificates) == 0 {
		return errors.New("tls13: a server needs Config.Certificates")
	}
	for i, cert := range c.Certificates {
		key, ok := cert.PrivateKey.(crypto.Signer)
		if len(cert.Certificate) == 0 || !ok {
			return fmt.Errorf("tls13: Config.Certificates[%d] has no chain or no signing key", i)
		}
		if len(schemesOf(key.Public())) == 0 {
			return fmt.Errorf("tls13: Config.Certificates[%d] has a key of type %T, which TLS 1.3 cannot use", i, key.Public())
		}
	}
	return nil
}

// verifyChain verifies a server's chain for the client (RFC 8446, section
// 4.4.2.4).
func (c *Config) verifyChain(chain []*x509.Certificate) ([][]*x509.Certificate, error) {
	opts := x509.VerifyOptions{
		Roots:         c.RootCAs,
		CurrentTime:   c.now(),
		DNSName:       c.ServerName,
		Intermediates: x509.NewCertPool(),
	}
	for _, cert := range chain[1:] {
		opts.Intermediates.AddCert(cert)
	}
	verified, err := chain[0].Verify(opts)
	if err != nil {
		return nil, &AlertError{certificateAlert(err), err}
	}
	return verified, nil
}

func certificateAlert(err error) Alert {
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &unknown):
		return AlertUnknownCA
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return AlertCertificateExpired
	}
	return AlertBadCertificate
}
