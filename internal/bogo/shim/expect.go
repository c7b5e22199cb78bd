package main

import (
	"crypto/tls"
	"fmt"
	"net"
	"slices"

	"golang.org/x/crypto/cryptobyte"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/tls13"
)

// expectations are the -expect flags. What is zero was not expected.
type expectations struct {
	group          pqkx.NamedGroup
	suite          uint16
	retry, noRetry bool
	serverName     string
	noServerName   bool
	protocol       *string // may be empty
	advertised     string  // ALPN list on the wire
	scheme         tls.SignatureScheme
	peerSchemes    []tls.SignatureScheme
	credential     *int
}

// check compares what was negotiated with what was expected. received is what
// has come from the runner, whose first message is its hello.
func (s *settings) check(state tls13.ConnectionState, h *handshake, received []byte) error {
	e := &s.expect
	switch {
	case e.group != 0 && state.Group != e.group:
		return unexpected("group", state.Group, e.group)
	case e.suite != 0 && state.CipherSuite != e.suite:
		return unexpected("cipher suite", state.CipherSuite, e.suite)
	case e.retry && !state.HelloRetryRequest, e.noRetry && state.HelloRetryRequest:
		return unexpected("HelloRetryRequest", state.HelloRetryRequest, e.retry)
	case e.serverName != "" && state.ServerName != e.serverName:
		return unexpected("server name", state.ServerName, e.serverName)
	case e.noServerName && state.ServerName != "":
		return unexpected("server name", state.ServerName, "none")
	case e.protocol != nil && state.NegotiatedProtocol != *e.protocol:
		return unexpected("protocol", state.NegotiatedProtocol, *e.protocol)
	case s.declineALPN && state.NegotiatedProtocol != "":
		return unexpected("protocol", state.NegotiatedProtocol, "none")
	case e.scheme != 0 && state.SignatureScheme != e.scheme:
		return unexpected("signature scheme", state.SignatureScheme, e.scheme)
	case e.credential != nil && *e.credential != h.signed:
		return unexpected("credential", h.signed, *e.credential)
	}
	if !s.server {
		return nil
	}
	return s.checkHello(received, state)
}

func unexpected(what string, got, want any) error {
	return fmt.Errorf("unexpected %s: got %v, want %v", what, got, want)
}

// checkHello compares extensions of the client that package tls13 does not
// tell of.
func (s *settings) checkHello(received []byte, state tls13.ConnectionState) error {
	const extSignatureAlgorithms, extALPN = 13, 16
	extensions, ok := readHello(received)
	if !ok {
		return fmt.Errorf("cannot read the ClientHello again")
	}
	protocols := extensions[extALPN]
	if len(protocols) > 2 {
		protocols = protocols[2:]
	}
	var schemes []tls.SignatureScheme
	for list := extensions[extSignatureAlgorithms]; len(list) > 2; list = list[2:] {
		schemes = append(schemes, tls.SignatureScheme(list[2])<<8|tls.SignatureScheme(list[3]))
	}
	switch e := &s.expect; {
	case e.advertised != "" && string(protocols) != e.advertised:
		return unexpected("advertised protocols", string(protocols), e.advertised)
	case e.peerSchemes != nil && !slices.Equal(schemes, e.peerSchemes):
		return unexpected("signature_algorithms", schemes, e.peerSchemes)
	case s.selectALPN != "" && len(protocols) > 0 && state.NegotiatedProtocol != s.selectALPN:
		return unexpected("protocol", state.NegotiatedProtocol, s.selectALPN)
	}
	return nil
}

// readHello returns the extensions of the ClientHello in the records that a
// connection started with. Package tls13 has accepted it before.
func readHello(records []byte) (map[uint16][]byte, bool) {
	var message []byte
	for s := cryptobyte.String(records); ; {
		var kind uint8
		var body cryptobyte.String
		if !s.ReadUint8(&kind) || !s.Skip(2) || !s.ReadUint16LengthPrefixed(&body) || kind != 22 {
			break
		}
		message = append(message, body...)
	}
	hello := cryptobyte.String(message)
	var body, extensions cryptobyte.String
	var skipped cryptobyte.String
	if !hello.Skip(1) || !hello.ReadUint24LengthPrefixed(&body) || !body.Skip(2+32) ||
		!body.ReadUint8LengthPrefixed(&skipped) || !body.ReadUint16LengthPrefixed(&skipped) ||
		!body.ReadUint8LengthPrefixed(&skipped) || !body.ReadUint16LengthPrefixed(&extensions) {
		return nil, false
	}
	found := make(map[uint16][]byte)
	for !extensions.Empty() {
		var id uint16
		var data cryptobyte.String
		if !extensions.ReadUint16(&id) || !extensions.ReadUint16LengthPrefixed(&data) {
			return nil, false
		}
		found[id] = data
	}
	return found, true
}

// recorded is as much of a connection as a ClientHello can take, nearly.
const recorded = 1 << 17

// A recorder keeps the first bytes that a connection reads.
type recorder struct {
	net.Conn
	data []byte
}

// Read reads.
func (r *recorder) Read(b []byte) (int, error) {
	n, err := r.Conn.Read(b)
	r.data = append(r.data, b[:min(n, recorded-len(r.data))]...)
	return n, err
}
