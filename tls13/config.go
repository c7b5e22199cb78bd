package tls13

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"time"

	"github.com/pqkx/pqkx"
)

// A Config configures a client or a server. It must not be modified once it
// is in use, and may be shared by any number of connections.
type Config struct {
	// Provider has the groups for the key exchange. Required.
	Provider *pqkx.Provider

	// Certificates are the chains that a server may present, at least one. It
	// takes the first that suits the client's server name and signature
	// algorithms, or else the first that suits the algorithms. Keys are ECDSA
	// P-256, P-384 or P-521, Ed25519, or RSA; SupportedSignatureAlgorithms
	// narrows what a key signs with. A client ignores them.
	Certificates []tls.Certificate

	// RootCAs are the roots by which a client verifies the server; nil means
	// the system's.
	RootCAs *x509.CertPool

	// ServerName is sent by a client and verified against the certificate. An
	// IP address is verified but not sent. Required unless InsecureSkipVerify
	// is set; Dial takes it from the address.
	ServerName string

	// InsecureSkipVerify makes a client accept any certificate. The signature
	// over the handshake is still checked.
	InsecureSkipVerify bool

	// VerifyConnection, if set, is called when the peer's certificate has been
	// verified (or InsecureSkipVerify is set) and before the handshake
	// completes. An error ends the handshake with the alert of an [*AlertError]
	// in it, or else with bad_certificate, and on a server access_denied.
	VerifyConnection func(ConnectionState) error

	// NextProtos are the ALPN protocols in order of preference (RFC 7301). A
	// server that has some, and none in common with a client that sent some,
	// ends the handshake with no_application_protocol.
	NextProtos []string

	// CipherSuites are the suites in order of preference; nil means
	// TLS_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384 and
	// TLS_CHACHA20_POLY1305_SHA256, the last one first where AES has no
	// hardware support.
	CipherSuites []uint16

	// SignatureSchemes are the schemes that a client accepts from the server,
	// in order of preference; nil means all that this package implements.
	SignatureSchemes []tls.SignatureScheme

	// GREASE makes a client offer values that stand for nothing, of the ranges
	// reserved for that (RFC 8701), and send its extensions in a random order.
	// A server has to ignore both, and one that does not is found before it
	// meets a group or an extension that is really new.
	GREASE bool

	// Hints remembers, for a client, which group each server chose, so that
	// the next connection sends a share for it. Nil means no memory.
	Hints *HintCache

	// KeyLogWriter receives the traffic secrets in the format of
	// SSLKEYLOGFILE, for debugging with tools like Wireshark. Whoever reads
	// it can decrypt everything.
	KeyLogWriter io.Writer

	// MaxFragment is the most plaintext bytes to send in a record, between 64
	// and 16384; zero means 16384. The peer is asked to keep to it as well
	// (record_size_limit, RFC 8449) if it is set.
	MaxFragment int

	// HandshakeTimeout bounds the handshake, which ends with the connection
	// closed; zero means 30 seconds, a negative value no bound.
	HandshakeTimeout time.Duration

	// Time returns the current time for the validity of certificates; nil
	// means time.Now.
	Time func() time.Time
}

// Cipher suites of TLS 1.3 (RFC 8446, appendix B.4). The values are those of
// crypto/tls, whose CipherSuiteName names them.
const (
	TLS_AES_128_GCM_SHA256       = tls.TLS_AES_128_GCM_SHA256
	TLS_AES_256_GCM_SHA384       = tls.TLS_AES_256_GCM_SHA384
	TLS_CHACHA20_POLY1305_SHA256 = tls.TLS_CHACHA20_POLY1305_SHA256
)

// A ConnectionState tells what a handshake negotiated.
type ConnectionState struct {
	HandshakeComplete bool

	// Group is the group of the key exchange, and PostQuantum whether it
	// resists a quantum computer, as its implementation says.
	Group       pqkx.NamedGroup
	PostQuantum bool

	// OfferedGroups and OfferedShares are the supported_groups and the groups
	// of the key shares of the client's first ClientHello, as sent or
	// received, in order.
	OfferedGroups []pqkx.NamedGroup
	OfferedShares []pqkx.NamedGroup

	// ServerGroups are the groups that a server told of itself, in order of
	// its preference, empty if it told none. It does so if it took a group
	// that was not its first (RFC 8446, section 4.2.7). Client side only.
	ServerGroups []pqkx.NamedGroup

	// HelloRetryRequest is whether the server sent one: for another share, as
	// a rule, or to have a cookie returned.
	HelloRetryRequest bool

	CipherSuite        uint16
	NegotiatedProtocol string // by ALPN, empty if none
	ServerName         string // as the client sent it, empty if none

	// SignatureScheme is the scheme of the server's CertificateVerify.
	SignatureScheme tls.SignatureScheme

	// PeerCertificates is the chain that a client received, leaf first, and
	// VerifiedChains the chains built from it, nil with InsecureSkipVerify.
	PeerCertificates []*x509.Certificate
	VerifiedChains   [][]*x509.Certificate

	export func(label string, context []byte, length int) ([]byte, error)
}

// ExportKeyingMaterial returns length bytes of exported keying material (RFC
// 8446, section 7.5; RFC 9846, section 7.5). A nil context is the same as an
// empty one. It fails before the handshake is complete, and for a length above
// 255 times the hash length of the suite or a label above 249 bytes.
func (s *ConnectionState) ExportKeyingMaterial(label string, context []byte, length int) ([]byte, error) {
	if s.export == nil {
		return nil, errors.New("tls13: no keying material before the handshake is complete")
	}
	return s.export(label, context, length)
}
