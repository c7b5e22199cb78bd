package tls13

import (
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"slices"

	"github.com/pqkx/pqkx"
)

// A serverHandshake is the server's side of RFC 8446, section 2.
type serverHandshake struct {
	handshaker
	config *Config
	hello  *clientHello
	group  pqkx.Group
	cert   *tls.Certificate
	scheme tls.SignatureScheme

	clientApplication trafficSecret
}

func newServerHandshake(c *Conn) *serverHandshake {
	return &serverHandshake{handshaker: handshaker{c: c}, config: c.config}
}

func (h *serverHandshake) run() error {
	defer h.clear()
	return runSteps(
		h.readClientHello,
		h.negotiate,
		h.retry, // if the chosen group has no share
		h.sendServerHello,
		h.sendEncryptedExtensions,
		h.sendCertificate,
		h.sendCertificateVerify,
		h.sendFinished,
		h.readClientFinished,
	)
}

func (h *serverHandshake) readClientHello() error {
	hello, err := h.receiveClientHello()
	if err != nil {
		return err
	}
	h.hello = hello
	h.random = hello.random
	h.c.in.allowCCS = true
	h.c.state.ServerName = hello.serverName
	h.c.state.OfferedGroups, h.c.state.OfferedShares = hello.groups, groupsOf(hello.shares)
	if hello.hasEarlyData {
		h.c.in.skipEarlyData = maxSkippedBytes
	}
	return nil
}

// receiveClientHello reads a ClientHello and makes the checks that do not
// depend on our choice. The client waits for our answer after it.
func (h *serverHandshake) receiveClientHello() (*clientHello, error) {
	message, err := h.receive(typeClientHello)
	if err != nil {
		return nil, err
	}
	if err := h.c.in.endOfKey(); err != nil {
		return nil, err
	}
	hello, err := parseClientHello(message[4:])
	if err != nil {
		return nil, err
	}
	if err := hello.check(); err != nil {
		return nil, err
	}
	h.transcript.write(message)
	return hello, nil
}

// check refuses a ClientHello that is not one of TLS 1.3, or not a legal one.
func (h *clientHello) check() error {
	switch {
	case h.legacyVersion <= versionSSL3:
		return alertf(AlertProtocolVersion, "legacy_version 0x%04x in ClientHello", h.legacyVersion)
	case !slices.Contains(h.versions, versionTLS13):
		return alertf(AlertProtocolVersion, "client does not support TLS 1.3")
	case len(h.compression) != 1 || h.compression[0] != 0:
		return alertf(AlertIllegalParameter, "compression methods %v in ClientHello", h.compression)
	case h.hasPSK && h.pskModes == nil:
		return alertf(AlertMissingExtension, "pre_shared_key without psk_key_exchange_modes")
	case h.groups == nil:
		return alertf(AlertMissingExtension, "no supported_groups in ClientHello")
	case h.shares == nil:
		return alertf(AlertMissingExtension, "missing key_share in ClientHello")
	case h.schemes == nil:
		return alertf(AlertMissingExtension, "no signature_algorithms in ClientHello")
	case h.recordSizeLimit != 0 && h.recordSizeLimit < 64:
		return alertf(AlertIllegalParameter, "record_size_limit of %d bytes", h.recordSizeLimit)
	}
	return h.checkShares()
}

// checkShares takes time that is linear in the two lists.
func (h *clientHello) checkShares() error {
	offered, seen := make(map[pqkx.NamedGroup]bool, len(h.groups)), make(map[pqkx.NamedGroup]bool, len(h.shares))
	for _, id := range h.groups {
		offered[id] = true
	}
	for _, e := range h.shares {
		switch {
		case seen[e.group]:
			return alertf(AlertIllegalParameter, "duplicate key share for group %v", e.group)
		case !offered[e.group]:
			return alertf(AlertIllegalParameter, "key share for group %v, which is not in supported_groups", e.group)
		}
		seen[e.group] = true
	}
	return nil
}

// negotiate chooses suite, group, certificate and protocol.
func (h *serverHandshake) negotiate() (err error) {
	for _, id := range h.config.cipherSuites() {
		if slices.Contains(h.hello.cipherSuites, id) {
			h.suite = suiteByID(id)
			break
		}
	}
	if h.suite == nil {
		return alertf(AlertHandshakeFailure, "no cipher suite in common with the client")
	}
	h.c.state.CipherSuite = h.suite.id
	h.transcript.start(h.suite)

	h.group, err = h.config.Provider.Select(h.hello.groups, groupsOf(h.hello.shares))
	switch {
	case errors.Is(err, pqkx.ErrClassical):
		return &AlertError{AlertInsufficientSecurity, err}
	case err != nil:
		return &AlertError{AlertHandshakeFailure, err}
	}
	h.setGroup(h.group)

	h.cert, h.scheme, err = h.config.chooseCertificate(h.hello.serverName, h.hello.schemes)
	if err != nil {
		return err
	}
	return h.negotiateProtocol()
}

func (h *serverHandshake) negotiateProtocol() error {
	if len(h.config.NextProtos) == 0 || len(h.hello.protocols) == 0 {
		return nil
	}
	for _, p := range h.config.NextProtos {
		if slices.Contains(h.hello.protocols, p) {
			h.c.state.NegotiatedProtocol = p
			return nil
		}
	}
	return alertf(AlertNoApplicationProtocol, "client offers the protocols %s, none of ours", brief("%q", h.hello.protocols))
}

// retry asks for a share of the chosen group, if there is none, and reads the
// second ClientHello (RFC 8446, sections 4.1.2 and 4.1.4).
func (h *serverHandshake) retry() error {
	if slices.Contains(groupsOf(h.hello.shares), h.group.ID()) {
		return nil
	}
	h.transcript.retry()
	h.send((&serverHello{
		legacyVersion: versionTLS12,
		random:        helloRetryRandom,
		sessionID:     h.hello.sessionID,
		cipherSuite:   h.suite.id,
		version:       versionTLS13,
		selectedGroup: h.group.ID(),
	}).marshal())
	h.compatibilityCCS()
	h.c.state.HelloRetryRequest = true
	if err := h.c.out.flush(); err != nil {
		return err
	}
	return h.readSecondHello()
}

func (h *serverHandshake) readSecondHello() error {
	second, err := h.receiveClientHello()
	if err != nil {
		return err
	}
	switch {
	case len(second.shares) != 1 || second.shares[0].group != h.group.ID():
		return alertf(AlertIllegalParameter, "second ClientHello has shares for %s, want one for %v (wrong group)",
			brief("%v", groupsOf(second.shares)), h.group.ID())
	case second.cookie != nil:
		return alertf(AlertIllegalParameter, "second ClientHello has a cookie that was not sent")
	case !second.sameAsRetried(h.hello):
		return alertf(AlertIllegalParameter, "second ClientHello differs from the first")
	}
	h.hello = second
	return nil
}

// compatibilityCCS sends a change_cipher_spec record to a client that asked for
// middlebox compatibility with its session id.
func (h *serverHandshake) compatibilityCCS() {
	if len(h.hello.sessionID) > 0 {
		h.sendCCS()
	}
}

// sendServerHello answers the client's share and takes the handshake keys.
func (h *serverHandshake) sendServerHello() error {
	i := slices.IndexFunc(h.hello.shares, func(e keyShareEntry) bool { return e.group == h.group.ID() })
	sharedSecret, serverShare, err := h.group.Encapsulate(h.hello.shares[i].data)
	if err != nil {
		return keyShareAlert(err)
	}
	hello := &serverHello{
		legacyVersion: versionTLS12,
		sessionID:     h.hello.sessionID,
		cipherSuite:   h.suite.id,
		version:       versionTLS13,
		share:         keyShareEntry{h.group.ID(), serverShare},
	}
	rand.Read(hello.random[:]) // never fails: see its documentation
	h.send(hello.marshal())
	if !h.c.state.HelloRetryRequest {
		h.compatibilityCCS()
	}
	if err := h.deriveHandshake(sharedSecret); err != nil {
		return err
	}
	if err := h.setWrite(h.serverSecret); err != nil {
		return err
	}
	h.c.in.allowAlert = true
	return h.setRead(h.clientSecret)
}

func (h *serverHandshake) sendEncryptedExtensions() error {
	m := &encryptedExtensions{
		protocol:      h.c.state.NegotiatedProtocol,
		ackServerName: h.hello.serverName != "",
	}
	if groups := h.config.Provider.SupportedGroups(); groups[0] != h.group.ID() {
		m.groups = groups // there is one that we prefer: RFC 8446, section 4.2.7
	}
	if h.hello.recordSizeLimit != 0 {
		m.recordSizeLimit = h.config.ownRecordSizeLimit()
		h.c.in.limit = int(m.recordSizeLimit)
		if err := h.c.obeyRecordSizeLimit(h.hello.recordSizeLimit); err != nil {
			return err
		}
	}
	h.send(m.marshal())
	return nil
}

func (h *serverHandshake) sendCertificate() error {
	h.send((&certificateMessage{chain: h.cert.Certificate}).marshal())
	return nil
}

func (h *serverHandshake) sendCertificateVerify() error {
	key := h.cert.PrivateKey.(crypto.Signer) // see checkCertificates
	signature, err := sign(key, h.scheme, h.transcript.sum())
	if err != nil {
		return &AlertError{AlertInternalError, err}
	}
	h.c.state.SignatureScheme = h.scheme
	h.send((&certificateVerify{h.scheme, signature}).marshal())
	return nil
}

// sendFinished ends our flight and takes the key for what we send after it.
func (h *serverHandshake) sendFinished() error {
	h.send(marshalFinished(h.serverSecret.finished(h.transcript.sum())))
	client, server, err := h.deriveMaster()
	if err != nil {
		return err
	}
	h.clientApplication = client
	if err := h.setWrite(server); err != nil {
		return err
	}
	return h.c.out.flush()
}

func (h *serverHandshake) readClientFinished() error {
	if err := h.readFinished(h.clientSecret); err != nil {
		return err
	}
	if h.config.VerifyConnection != nil {
		if err := rejection(h.config.VerifyConnection(h.c.state), AlertAccessDenied); err != nil {
			return err
		}
	}
	return h.setRead(h.clientApplication)
}
