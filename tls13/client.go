package tls13

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/pqkx/pqkx"
)

// A clientHandshake is the client's side of RFC 8446, section 2.
type clientHandshake struct {
	handshaker
	config      *Config
	hello       *clientHello
	shares      []pqkx.KeyShare // of the last ClientHello
	retried     *serverHello    // the HelloRetryRequest, if there was one
	serverHello *serverHello
	request     *certificateRequest
	gotHello    bool
}

func newClientHandshake(c *Conn) *clientHandshake {
	return &clientHandshake{handshaker: handshaker{c: c}, config: c.config}
}

func (h *clientHandshake) run() error {
	defer h.clear()
	defer func() { destroyShares(h.shares) }()
	err := runSteps(
		h.sendClientHello,
		h.readServerHello, // and, on the way, answer a HelloRetryRequest
		h.finishKeyExchange,
		h.readEncryptedExtensions,
		h.readCertificateRequest,
		h.readCertificate,
		h.readCertificateVerify,
		h.readServerFinished,
		h.sendFinished,
	)
	if err != nil {
		return h.explain(err)
	}
	h.config.Hints.put(h.hintKey(), h.c.state.Group)
	return nil
}

// explain adds what a server's refusal means where the policy offers it
// post-quantum groups alone.
func (h *clientHandshake) explain(err error) error {
	var alert *PeerAlertError
	if !h.gotHello && errors.As(err, &alert) && h.config.Provider.Policy() == pqkx.Require &&
		(alert.Alert == AlertHandshakeFailure || alert.Alert == AlertInsufficientSecurity) {
		return fmt.Errorf("%w: %w", pqkx.ErrClassical, err)
	}
	return err
}

func destroyShares(shares []pqkx.KeyShare) {
	for _, ks := range shares {
		ks.Destroy()
	}
}

// hintKey names the server in the hint cache.
func (h *clientHandshake) hintKey() string {
	if h.config.ServerName != "" {
		return h.config.ServerName
	}
	return h.c.conn.RemoteAddr().String()
}

func (h *clientHandshake) sendClientHello() error {
	var err error
	h.shares, err = h.config.Provider.KeyShares(h.config.Hints.get(h.hintKey()))
	if err != nil {
		return &AlertError{AlertInternalError, err}
	}
	h.hello = &clientHello{
		legacyVersion: versionTLS12,
		sessionID:     make([]byte, 32), // not empty, for middleboxes: RFC 8446, appendix D.4
		cipherSuites:  h.config.cipherSuites(),
		compression:   []byte{0},
		versions:      []uint16{versionTLS13},
		serverName:    sniName(h.config.ServerName),
		groups:        h.config.Provider.SupportedGroups(),
		shares:        entriesOf(h.shares),
		schemes:       h.config.acceptedSchemes(),
		protocols:     h.config.NextProtos,
	}
	rand.Read(h.hello.random[:]) // never fails: see its documentation
	rand.Read(h.hello.sessionID)
	if h.config.MaxFragment != 0 {
		h.hello.recordSizeLimit = h.config.ownRecordSizeLimit()
	}
	if h.config.GREASE {
		newGrease().apply(h.hello)
	}
	if err := h.sendHello(); err != nil {
		return err
	}
	h.random = h.hello.random
	h.c.in.allowCCS = true
	h.c.state.ServerName = h.hello.serverName
	h.c.state.OfferedGroups, h.c.state.OfferedShares = h.hello.groups, groupsOf(h.hello.shares)
	return nil
}

// sendHello sends the current ClientHello.
func (h *clientHandshake) sendHello() error {
	message := h.send(h.hello.marshal())
	if h.c.outgoing != nil { // a test may have sent another one, even a malformed one
		if sent, err := parseClientHello(message[4:]); err == nil {
			sent.grease = h.hello.grease
			h.hello = sent
		}
	}
	return h.c.out.flush()
}

func entriesOf(shares []pqkx.KeyShare) []keyShareEntry {
	entries := []keyShareEntry{}
	for _, ks := range shares {
		entries = append(entries, keyShareEntry{ks.Group().ID(), ks.Bytes()})
	}
	return entries
}

// sniName returns name if it can be sent as a host name: no IP address, no
// final dot (RFC 6066, section 3).
func sniName(name string) string {
	if net.ParseIP(strings.Trim(name, "[]")) != nil || len(name) > 255 {
		return ""
	}
	return strings.TrimSuffix(name, ".")
}

func (h *clientHandshake) readServerHello() error {
	hello, message, err := h.receiveServerHello()
	if err != nil {
		return err
	}
	if hello.isRetry() {
		if err := h.retry(hello, message); err != nil {
			return err
		}
		if hello, message, err = h.receiveServerHello(); err != nil {
			return err
		}
		switch {
		case hello.isRetry():
			return alertf(AlertUnexpectedMessage, "second HelloRetryRequest")
		case hello.cipherSuite != h.retried.cipherSuite:
			return alertf(AlertIllegalParameter, "cipher suite 0x%04x differs from that of the HelloRetryRequest", hello.cipherSuite)
		}
	}
	h.serverHello = hello
	h.transcript.start(h.suite)
	h.transcript.write(message)
	return nil
}

// receiveServerHello reads a ServerHello or HelloRetryRequest and makes the
// checks that both have in common (RFC 8446, section 4.1.3).
func (h *clientHandshake) receiveServerHello() (*serverHello, []byte, error) {
	message, err := h.receive(typeServerHello)
	if err != nil {
		return nil, nil, err
	}
	h.gotHello = true
	hello, err := parseServerHello(message[4:])
	if err != nil {
		return nil, nil, err
	}
	return hello, message, h.checkServerHello(hello)
}

func (h *clientHandshake) checkServerHello(hello *serverHello) error {
	switch {
	case hello.version == 0 && h.retried == nil:
		return alertf(AlertProtocolVersion, "server does not support TLS 1.3 (ServerHello version 0x%04x)", hello.legacyVersion)
	case hello.version != versionTLS13:
		return alertf(AlertIllegalParameter, "server selected version 0x%04x, which was not offered", hello.version)
	case hello.legacyVersion != versionTLS12:
		return alertf(AlertIllegalParameter, "legacy_version 0x%04x in ServerHello", hello.legacyVersion)
	case !bytes.Equal(hello.sessionID, h.hello.sessionID):
		return alertf(AlertIllegalParameter, "server did not echo the session id")
	case hello.compression != 0:
		return alertf(AlertDecodeError, "server selected compression method %d", hello.compression)
	case !slices.Contains(h.hello.cipherSuites, hello.cipherSuite) || suiteByID(hello.cipherSuite) == nil:
		return alertf(AlertIllegalParameter, "server selected cipher suite 0x%04x, which was not offered", hello.cipherSuite)
	}
	allowed := []uint16{extSupportedVersions, extKeyShare}
	if hello.isRetry() {
		allowed = append(allowed, extCookie)
	}
	if err := h.checkExtensions(hello.extensions, "ServerHello", allowed...); err != nil {
		return err
	}
	h.suite = suiteByID(hello.cipherSuite)
	h.c.state.CipherSuite = hello.cipherSuite
	return nil
}

// checkExtensions refuses an extension in a server's message that answers
// nothing, and one that was asked for but does not belong there (RFC 8446,
// section 4.2). A cookie needs no question.
func (h *clientHandshake) checkExtensions(list []extension, message string, allowed ...uint16) error {
	for _, e := range list {
		switch {
		case !h.offered(e.id) && !(e.id == extCookie && slices.Contains(allowed, extCookie)):
			return alertf(AlertUnsupportedExtension, "unsolicited extension %d in %s", e.id, message)
		case !slices.Contains(allowed, e.id):
			return alertf(AlertIllegalParameter, "unexpected extension %d in %s", e.id, message)
		}
	}
	return nil
}

// offered reports whether our ClientHello had an extension.
func (h *clientHandshake) offered(id uint16) bool {
	switch id {
	case extSupportedGroups, extSignatureAlgorithms, extSupportedVersions, extKeyShare:
		return true
	case extServerName:
		return h.hello.serverName != ""
	case extALPN:
		return len(h.hello.protocols) > 0
	case extRecordSizeLimit:
		return h.hello.recordSizeLimit != 0
	}
	return false
}

// retry answers a HelloRetryRequest (RFC 8446, section 4.1.4) with one share,
// for the group that the server asks for, if it asks for one.
func (h *clientHandshake) retry(hello *serverHello, message []byte) error {
	if !hello.hasShare && hello.cookie == nil {
		return alertf(AlertIllegalParameter, "HelloRetryRequest that changes nothing")
	}
	if err := h.c.in.endOfKey(); err != nil { // the server has to wait for our answer
		return err
	}
	if hello.hasShare {
		if err := h.renewShare(hello.selectedGroup); err != nil {
			return err
		}
	}
	h.retried = hello
	h.c.state.HelloRetryRequest = true
	h.hello.cookie = hello.cookie
	h.transcript.start(h.suite)
	h.transcript.retry()
	h.transcript.write(message)
	h.sendCCS()
	return h.sendHello()
}

// renewShare replaces the shares by one for the group id.
func (h *clientHandshake) renewShare(id pqkx.NamedGroup) error {
	g, ok := h.config.Provider.Group(id)
	switch {
	case !ok || !slices.Contains(h.hello.groups, id):
		return alertf(AlertIllegalParameter, "HelloRetryRequest for group %v, which was not offered", id)
	case slices.Contains(groupsOf(h.hello.shares), id):
		return alertf(AlertIllegalParameter, "HelloRetryRequest for group %v, whose share was sent already", id)
	}
	ks, err := g.KeyShare()
	if err != nil {
		return keyShareAlert(err)
	}
	destroyShares(h.shares)
	h.shares = []pqkx.KeyShare{ks}
	h.hello.shares = entriesOf(h.shares)
	return nil
}

// finishKeyExchange takes the server's share and the handshake keys. A share
// that is refused is answered in the clear: no key has been taken yet.
func (h *clientHandshake) finishKeyExchange() error {
	if !h.serverHello.hasShare {
		return alertf(AlertMissingExtension, "no key_share in ServerHello")
	}
	share := h.serverHello.share
	i := slices.IndexFunc(h.shares, func(ks pqkx.KeyShare) bool { return ks.Group().ID() == share.group })
	if i < 0 {
		return alertf(AlertIllegalParameter, "server selected group %v, for which no share was sent", share.group)
	}
	h.setGroup(h.shares[i].Group())
	sharedSecret, err := h.shares[i].Decapsulate(share.data)
	if err != nil {
		return keyShareAlert(err)
	}
	if err := h.deriveHandshake(sharedSecret); err != nil {
		return err
	}
	if err := h.setRead(h.serverSecret); err != nil {
		return err
	}
	if h.retried == nil && len(h.hello.sessionID) > 0 {
		h.sendCCS()
	}
	return h.setWrite(h.clientSecret)
}

func (h *clientHandshake) readEncryptedExtensions() error {
	message, err := h.receive(typeEncryptedExtensions)
	if err != nil {
		return err
	}
	m, err := parseEncryptedExtensions(message[4:])
	if err != nil {
		return err
	}
	err = h.checkExtensions(m.extensions, "EncryptedExtensions",
		extServerName, extSupportedGroups, extALPN, extRecordSizeLimit)
	if err != nil {
		return err
	}
	if m.protocol != "" && !slices.Contains(h.hello.protocols, m.protocol) {
		return alertf(AlertIllegalParameter, "server selected protocol %q, which was not offered", m.protocol)
	}
	if m.recordSizeLimit != 0 {
		if err := h.c.obeyRecordSizeLimit(m.recordSizeLimit); err != nil {
			return err
		}
		h.c.in.limit = int(h.hello.recordSizeLimit)
	}
	h.c.state.NegotiatedProtocol, h.c.state.ServerGroups = m.protocol, m.groups
	h.transcript.write(message)
	return nil
}

// readCertificateRequest reads a CertificateRequest, which may be there or not.
func (h *clientHandshake) readCertificateRequest() error {
	message, err := h.c.in.handshake(typeCertificate, typeCertificateRequest)
	if err != nil {
		return err
	}
	if message[0] == typeCertificate {
		h.c.in.unread(message)
		return nil
	}
	m, err := parseCertificateRequest(message[4:])
	switch {
	case err != nil:
		return err
	case len(m.context) > 0:
		return alertf(AlertIllegalParameter, "CertificateRequest with a context during the handshake")
	case m.schemes == nil:
		return alertf(AlertMissingExtension, "CertificateRequest without signature_algorithms")
	}
	h.request = m
	h.transcript.write(message)
	return nil
}

func (h *clientHandshake) readCertificate() error {
	message, err := h.receive(typeCertificate)
	if err != nil {
		return err
	}
	m, err := parseCertificate(message[4:])
	switch {
	case err != nil:
		return err
	case len(m.context) > 0:
		return alertf(AlertIllegalParameter, "server certificate with a context")
	case len(m.chain) == 0:
		return alertf(AlertDecodeError, "server sent no certificate")
	}
	if err := h.checkExtensions(m.extensions, "Certificate"); err != nil {
		return err
	}
	h.transcript.write(message)
	return h.verifyCertificate(m.chain)
}

func (h *clientHandshake) verifyCertificate(chain [][]byte) error {
	state := &h.c.state
	for i, der := range chain {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return alertf(AlertDecodeError, "certificate %d of the server: %w", i, err)
		}
		state.PeerCertificates = append(state.PeerCertificates, cert)
	}
	leaf := state.PeerCertificates[0]
	if leaf.KeyUsage != 0 && leaf.KeyUsage&x509.KeyUsageDigitalSignature == 0 {
		return alertf(AlertIllegalParameter, "server certificate may not sign: key usage bit incorrect")
	}
	if h.config.InsecureSkipVerify {
		return nil
	}
	var err error
	state.VerifiedChains, err = h.config.verifyChain(state.PeerCertificates)
	return err
}

func (h *clientHandshake) readCertificateVerify() error {
	message, err := h.receive(typeCertificateVerify)
	if err != nil {
		return err
	}
	m, err := parseCertificateVerify(message[4:])
	if err != nil {
		return err
	}
	key := h.c.state.PeerCertificates[0].PublicKey
	switch {
	case !slices.Contains(h.hello.schemes, m.scheme) || slices.Contains(chainSchemes, m.scheme):
		return alertf(AlertIllegalParameter, "CertificateVerify with signature scheme %v, which was not offered", m.scheme)
	case !slices.Contains(schemesOf(key), m.scheme):
		return alertf(AlertIllegalParameter, "CertificateVerify with signature scheme %v, not for a key of type %T", m.scheme, key)
	case !verify(key, m.scheme, h.transcript.sum(), m.signature):
		return alertf(AlertDecryptError, "bad signature in CertificateVerify")
	}
	h.c.state.SignatureScheme = m.scheme
	h.transcript.write(message)
	if h.config.VerifyConnection == nil {
		return nil
	}
	return rejection(h.config.VerifyConnection(h.c.state), AlertBadCertificate)
}

func (h *clientHandshake) readServerFinished() error { return h.readFinished(h.serverSecret) }

// sendFinished sends our last flight and takes the application keys.
func (h *clientHandshake) sendFinished() error {
	client, server, err := h.deriveMaster()
	if err != nil {
		return err
	}
	if h.request != nil {
		h.send((&certificateMessage{context: h.request.context}).marshal())
	}
	h.send(marshalFinished(h.clientSecret.finished(h.transcript.sum())))
	if err := h.setWrite(client); err != nil {
		return err
	}
	if err := h.setRead(server); err != nil {
		return err
	}
	return h.c.out.flush()
}
