package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/tls13"
)

// facts are what connect tells about a connection.
type facts struct {
	Address           string       `json:"address"`
	ServerName        string       `json:"server_name"`
	Version           string       `json:"version"`
	Group             string       `json:"group"`
	Code              uint16       `json:"code"`
	PostQuantum       bool         `json:"post_quantum"`
	CipherSuite       string       `json:"cipher_suite"`
	HelloRetryRequest bool         `json:"hello_retry_request"`
	Protocol          string       `json:"alpn"`
	SignatureScheme   string       `json:"signature_scheme"`
	OfferedGroups     []string     `json:"offered_groups"`
	OfferedShares     []string     `json:"offered_shares"`
	ServerGroups      []string     `json:"server_groups"`
	Policy            string       `json:"policy"`
	HandshakeMicros   int64        `json:"handshake_us"`
	Certificate       *certificate `json:"certificate"`
	Warning           string       `json:"warning,omitempty"` // a downgrade
	Note              string       `json:"note,omitempty"`    // why there is no warning though the group is classical
}

// A certificate is the server's, and what became of its verification.
type certificate struct {
	Subject  string    `json:"subject"`
	Issuer   string    `json:"issuer"`
	NotAfter time.Time `json:"not_after"`
	Verified bool      `json:"verified"`
	Problem  string    `json:"problem,omitempty"`
}

func newFacts(address string, c *connection, config *tls13.Config) *facts {
	cs := c.state
	return &facts{
		Address:           address,
		ServerName:        config.ServerName,
		Version:           "TLS 1.3",
		Group:             cs.Group.String(),
		Code:              uint16(cs.Group),
		PostQuantum:       cs.PostQuantum,
		CipherSuite:       tls.CipherSuiteName(cs.CipherSuite),
		HelloRetryRequest: cs.HelloRetryRequest,
		Protocol:          cs.NegotiatedProtocol,
		SignatureScheme:   cs.SignatureScheme.String(),
		OfferedGroups:     stringsOf(cs.OfferedGroups),
		OfferedShares:     stringsOf(cs.OfferedShares),
		ServerGroups:      stringsOf(cs.ServerGroups),
		Policy:            config.Provider.Policy().String(),
		HandshakeMicros:   c.took.Microseconds(),
		Certificate:       newCertificate(cs.PeerCertificates, config),
	}
}

// stringsOf is never nil, so that JSON has a list.
func stringsOf(ids []pqkx.NamedGroup) []string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = id.String()
	}
	return names
}

// newCertificate verifies the chain, again or, with --insecure, for the first
// time, to tell what is wrong with it.
func newCertificate(chain []*x509.Certificate, config *tls13.Config) *certificate {
	if len(chain) == 0 {
		return nil
	}
	leaf := chain[0]
	c := &certificate{Subject: leaf.Subject.String(), Issuer: leaf.Issuer.String(), NotAfter: leaf.NotAfter.UTC()}
	options := x509.VerifyOptions{Roots: config.RootCAs, DNSName: config.ServerName, Intermediates: x509.NewCertPool()}
	for _, cert := range chain[1:] {
		options.Intermediates.AddCert(cert)
	}
	if _, err := leaf.Verify(options); err != nil {
		c.Problem = oneLine(err)
	} else {
		c.Verified = true
	}
	return c
}

// print tells the facts to a person.
func (f *facts) print(w io.Writer) {
	paint := newPainter(w)
	var b strings.Builder
	line := func(label, format string, args ...any) {
		fmt.Fprintf(&b, "%s%s\n", paint.paint(faint, fmt.Sprintf("%-13s", label)), fmt.Sprintf(format, args...))
	}
	line("connected", "%s in %.1f ms", f.Address, float64(f.HandshakeMicros)/1000)
	line("offered", "%s", f.offered())
	line("group", "%s (%s), %s", paint.paint(bold, f.Group), hexCode(pqkx.NamedGroup(f.Code)), f.safety(paint))
	if f.HelloRetryRequest {
		line("retry", "HelloRetryRequest: the server asked for a second ClientHello")
	}
	line("cipher suite", "%s, %s", f.CipherSuite, f.Version)
	if f.Protocol != "" {
		line("protocol", "%s", f.Protocol)
	}
	if len(f.ServerGroups) > 0 {
		line("server has", "%s", strings.Join(f.ServerGroups, ", "))
	}
	if c := f.Certificate; c != nil {
		line("certificate", "%s, issued by %s, until %s", printable(c.Subject), printable(c.Issuer), c.NotAfter.Format(time.DateOnly))
		line("", "%s", f.verification(paint))
		line("signature", "%s", f.SignatureScheme)
	}
	if f.Note != "" {
		line("note", "%s", f.Note)
	}
	if f.Warning != "" {
		fmt.Fprintf(&b, "%s\n", paint.paint(amber, "WARNING: "+f.Warning))
	}
	io.WriteString(w, b.String())
}

// offered marks the groups that a key share was sent for.
func (f *facts) offered() string {
	var list []string
	for _, g := range f.OfferedGroups {
		if slices.Contains(f.OfferedShares, g) {
			g += "*"
		}
		list = append(list, g)
	}
	return strings.Join(list, ", ") + " (* with a key share)"
}

func (f *facts) safety(paint painter) string {
	if f.PostQuantum {
		return paint.paint(green, "resists a quantum computer")
	}
	return paint.paint(amber, "does not resist a quantum computer")
}

func (f *facts) verification(paint painter) string {
	if f.Certificate.Verified {
		return paint.paint(green, "verified") + " for " + f.ServerName
	}
	return paint.paint(red, "not verified") + ": " + f.Certificate.Problem
}
