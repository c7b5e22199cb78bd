package tls13

import (
	"bytes"
	"crypto/tls"

	"golang.org/x/crypto/cryptobyte"

	"github.com/pqkx/pqkx"
)

// Handshake message types (RFC 8446, section 4).
const (
	typeClientHello         uint8 = 1
	typeServerHello         uint8 = 2
	typeNewSessionTicket    uint8 = 4
	typeEncryptedExtensions uint8 = 8
	typeCertificate         uint8 = 11
	typeCertificateRequest  uint8 = 13
	typeCertificateVerify   uint8 = 15
	typeFinished            uint8 = 20
	typeKeyUpdate           uint8 = 24
	typeMessageHash         uint8 = 254
)

// messageName names a handshake message type for errors.
func messageName(t uint8) string {
	switch t {
	case typeClientHello:
		return "ClientHello"
	case typeServerHello:
		return "ServerHello"
	case typeNewSessionTicket:
		return "NewSessionTicket"
	case typeEncryptedExtensions:
		return "EncryptedExtensions"
	case typeCertificate:
		return "Certificate"
	case typeCertificateRequest:
		return "CertificateRequest"
	case typeCertificateVerify:
		return "CertificateVerify"
	case typeFinished:
		return "Finished"
	case typeKeyUpdate:
		return "KeyUpdate"
	}
	return "unknown"
}

// marshalHandshake returns a handshake message with its header. What f adds is
// ours, so the builder cannot fail: lists are bounded by checks on the Config.
func marshalHandshake(t uint8, f func(*cryptobyte.Builder)) []byte {
	var b cryptobyte.Builder
	b.AddUint8(t)
	b.AddUint24LengthPrefixed(f)
	return b.BytesOrPanic()
}

// helloRetryRandom in a ServerHello makes it a HelloRetryRequest: SHA-256 of
// "HelloRetryRequest" (RFC 8446, section 4.1.3).
var helloRetryRandom = [32]byte{
	0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91,
	0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C,
}

// A serverHello is a ServerHello or HelloRetryRequest (RFC 8446, sections
// 4.1.3 and 4.1.4).
type serverHello struct {
	legacyVersion uint16
	random        [32]byte
	sessionID     []byte
	cipherSuite   uint16
	compression   uint8
	extensions    []extension // as received

	version       uint16 // zero if there is no supported_versions
	hasShare      bool
	share         keyShareEntry   // of a ServerHello
	selectedGroup pqkx.NamedGroup // of a HelloRetryRequest
	cookie        []byte
}

func (h *serverHello) isRetry() bool { return h.random == helloRetryRandom }

func (h *serverHello) marshal() []byte {
	return marshalHandshake(typeServerHello, func(b *cryptobyte.Builder) {
		b.AddUint16(h.legacyVersion)
		b.AddBytes(h.random[:])
		b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(h.sessionID) })
		b.AddUint16(h.cipherSuite)
		b.AddUint8(h.compression)
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
			addExtension(b, extSupportedVersions, func(b *cryptobyte.Builder) { b.AddUint16(h.version) })
			addExtension(b, extKeyShare, func(b *cryptobyte.Builder) {
				if h.isRetry() {
					b.AddUint16(uint16(h.selectedGroup))
				} else {
					addKeyShare(b, h.share)
				}
			})
		})
	})
}

func parseServerHello(body []byte) (*serverHello, error) {
	s := cryptobyte.String(body)
	h := new(serverHello)
	var sessionID cryptobyte.String
	if !s.ReadUint16(&h.legacyVersion) || !s.CopyBytes(h.random[:]) ||
		!s.ReadUint8LengthPrefixed(&sessionID) || len(sessionID) > 32 ||
		!s.ReadUint16(&h.cipherSuite) || !s.ReadUint8(&h.compression) {
		return nil, decodeError("ServerHello")
	}
	h.sessionID = sessionID
	if s.Empty() {
		return h, nil // of TLS 1.2 or older: the client's steps refuse it
	}
	var err error
	if h.extensions, err = readExtensions(&s, "ServerHello"); err != nil {
		return nil, err
	}
	if !s.Empty() {
		return nil, decodeError("ServerHello")
	}
	for _, e := range h.extensions {
		if !h.readExtension(e.id, e.data) {
			return nil, alertf(AlertDecodeError, "malformed extension %d in ServerHello", e.id)
		}
	}
	return h, nil
}

func (h *serverHello) readExtension(id uint16, s cryptobyte.String) (ok bool) {
	switch id {
	case extSupportedVersions:
		ok = s.ReadUint16(&h.version)
	case extKeyShare:
		h.hasShare = true
		if h.isRetry() {
			ok = s.ReadUint16((*uint16)(&h.selectedGroup))
		} else {
			h.share, ok = readKeyShare(&s)
		}
	case extCookie:
		var cookie cryptobyte.String
		ok = s.ReadUint16LengthPrefixed(&cookie) && !cookie.Empty()
		h.cookie = cookie
	default:
		return true
	}
	return ok && s.Empty()
}

// An encryptedExtensions is the EncryptedExtensions message (RFC 8446, section
// 4.3.1).
type encryptedExtensions struct {
	extensions      []extension // as received
	protocol        string
	groups          []pqkx.NamedGroup
	recordSizeLimit uint16
	ackServerName   bool
}

func (m *encryptedExtensions) marshal() []byte {
	return marshalHandshake(typeEncryptedExtensions, func(b *cryptobyte.Builder) {
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
			if m.ackServerName {
				addExtension(b, extServerName, func(*cryptobyte.Builder) {})
			}
			if len(m.groups) > 0 {
				addExtension(b, extSupportedGroups, func(b *cryptobyte.Builder) { addUint16s(b, m.groups) })
			}
			if m.protocol != "" {
				addExtension(b, extALPN, func(b *cryptobyte.Builder) { addProtocols(b, []string{m.protocol}) })
			}
			if m.recordSizeLimit != 0 {
				addExtension(b, extRecordSizeLimit, func(b *cryptobyte.Builder) { b.AddUint16(m.recordSizeLimit) })
			}
		})
	})
}

func parseEncryptedExtensions(body []byte) (*encryptedExtensions, error) {
	s := cryptobyte.String(body)
	m := new(encryptedExtensions)
	var err error
	if m.extensions, err = readExtensions(&s, "EncryptedExtensions"); err != nil {
		return nil, err
	}
	if !s.Empty() {
		return nil, decodeError("EncryptedExtensions")
	}
	for _, e := range m.extensions {
		if !m.readExtension(e.id, e.data) {
			return nil, alertf(AlertDecodeError, "malformed extension %d in EncryptedExtensions", e.id)
		}
	}
	return m, nil
}

func (m *encryptedExtensions) readExtension(id uint16, s cryptobyte.String) (ok bool) {
	switch id {
	case extServerName:
		m.ackServerName, ok = true, true
	case extSupportedGroups:
		m.groups, ok = readUint16s[pqkx.NamedGroup](&s)
	case extALPN:
		var list []string
		if list, ok = readProtocols(&s); ok && len(list) == 1 {
			m.protocol = list[0]
		} else {
			ok = false
		}
	case extRecordSizeLimit:
		ok = s.ReadUint16(&m.recordSizeLimit)
	default:
		return true
	}
	return ok && s.Empty()
}

// A certificateRequest is the CertificateRequest message (RFC 8446, section
// 4.3.2).
type certificateRequest struct {
	context []byte
	schemes []tls.SignatureScheme
}

func parseCertificateRequest(body []byte) (*certificateRequest, error) {
	s := cryptobyte.String(body)
	m := new(certificateRequest)
	var context cryptobyte.String
	if !s.ReadUint8LengthPrefixed(&context) {
		return nil, decodeError("CertificateRequest")
	}
	m.context = context
	extensions, err := readExtensions(&s, "CertificateRequest")
	if err != nil {
		return nil, err
	}
	if !s.Empty() {
		return nil, decodeError("CertificateRequest")
	}
	err = refuseKnown(extensions, "CertificateRequest",
		extSignatureAlgorithms, extCertAuthorities, extSignatureAlgorithmsCert)
	if err != nil {
		return nil, err
	}
	for _, e := range extensions {
		if !m.readExtension(e.id, e.data) {
			return nil, alertf(AlertDecodeError, "malformed extension %d in CertificateRequest", e.id)
		}
	}
	return m, nil
}

func (m *certificateRequest) readExtension(id uint16, s cryptobyte.String) (ok bool) {
	switch id {
	case extSignatureAlgorithms:
		m.schemes, ok = readUint16s[tls.SignatureScheme](&s)
	case extCertAuthorities:
		ok = validAuthorities(&s)
	case extSignatureAlgorithmsCert:
		_, ok = readUint16s[tls.SignatureScheme](&s)
	default:
		return true
	}
	return ok && s.Empty()
}

// A certificateMessage is the Certificate message (RFC 8446, section 4.4.2).
type certificateMessage struct {
	context    []byte
	chain      [][]byte // leaf first, DER
	extensions []extension
}

func (m *certificateMessage) marshal() []byte {
	return marshalHandshake(typeCertificate, func(b *cryptobyte.Builder) {
		b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(m.context) })
		b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) {
			for _, der := range m.chain {
				b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(der) })
				b.AddUint16(0) // extensions
			}
		})
	})
}

func parseCertificate(body []byte) (*certificateMessage, error) {
	s := cryptobyte.String(body)
	m := new(certificateMessage)
	var context, list cryptobyte.String
	if !s.ReadUint8LengthPrefixed(&context) || !s.ReadUint24LengthPrefixed(&list) || !s.Empty() {
		return nil, decodeError("Certificate")
	}
	m.context = context
	for !list.Empty() {
		var der cryptobyte.String
		if !list.ReadUint24LengthPrefixed(&der) || der.Empty() {
			return nil, decodeError("Certificate")
		}
		extensions, err := readExtensions(&list, "Certificate")
		if err != nil {
			return nil, err
		}
		m.chain = append(m.chain, der)
		m.extensions = append(m.extensions, extensions...)
	}
	return m, nil
}

// A certificateVerify is the CertificateVerify message (RFC 8446, section
// 4.4.3).
type certificateVerify struct {
	scheme    tls.SignatureScheme
	signature []byte
}

func (m *certificateVerify) marshal() []byte {
	return marshalHandshake(typeCertificateVerify, func(b *cryptobyte.Builder) {
		b.AddUint16(uint16(m.scheme))
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(m.signature) })
	})
}

func parseCertificateVerify(body []byte) (*certificateVerify, error) {
	s := cryptobyte.String(body)
	m := new(certificateVerify)
	var signature cryptobyte.String
	if !s.ReadUint16((*uint16)(&m.scheme)) || !s.ReadUint16LengthPrefixed(&signature) || !s.Empty() {
		return nil, decodeError("CertificateVerify")
	}
	m.signature = signature
	return m, nil
}

func marshalFinished(verifyData []byte) []byte {
	return marshalHandshake(typeFinished, func(b *cryptobyte.Builder) { b.AddBytes(verifyData) })
}

// validTicket reads a NewSessionTicket (RFC 8446, section 4.6.1), of which
// nothing is used.
func validTicket(body []byte) error {
	s := cryptobyte.String(body)
	var lifetime, age uint32
	var nonce, ticket cryptobyte.String
	if !s.ReadUint32(&lifetime) || !s.ReadUint32(&age) || !s.ReadUint8LengthPrefixed(&nonce) ||
		!s.ReadUint16LengthPrefixed(&ticket) || ticket.Empty() {
		return decodeError("NewSessionTicket")
	}
	extensions, err := readExtensions(&s, "NewSessionTicket")
	if err != nil {
		return err
	}
	if !s.Empty() {
		return decodeError("NewSessionTicket")
	}
	return refuseKnown(extensions, "NewSessionTicket", extEarlyData)
}

// parseKeyUpdate returns whether the peer wants an update in return (RFC 8446,
// section 4.6.3).
func parseKeyUpdate(body []byte) (requested bool, err error) {
	switch {
	case len(body) != 1:
		return false, decodeError("KeyUpdate")
	case body[0] > 1:
		return false, alertf(AlertIllegalParameter, "unknown request_update %d in KeyUpdate", body[0])
	}
	return bytes.Equal(body, []byte{1}), nil
}

func marshalKeyUpdate(request bool) []byte {
	return marshalHandshake(typeKeyUpdate, func(b *cryptobyte.Builder) {
		if request {
			b.AddUint8(1)
		} else {
			b.AddUint8(0)
		}
	})
}
