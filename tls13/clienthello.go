package tls13

import (
	"bytes"
	"crypto/tls"
	"slices"

	"golang.org/x/crypto/cryptobyte"

	"github.com/pqkx/pqkx"
)

const (
	versionTLS12 = 0x0303 // on the wire in records and hellos
	versionTLS13 = 0x0304 // in supported_versions
	versionTLS10 = 0x0301
	versionSSL3  = 0x0300
)

// A clientHello is the ClientHello message (RFC 8446, section 4.1.2). An
// extension that was not there leaves its field nil or empty.
type clientHello struct {
	legacyVersion   uint16
	random          [32]byte
	sessionID       []byte
	cipherSuites    []uint16
	compression     []byte
	versions        []uint16
	serverName      string
	groups          []pqkx.NamedGroup
	shares          []keyShareEntry // empty but not nil for an empty list
	schemes         []tls.SignatureScheme
	protocols       []string
	cookie          []byte
	pskModes        []byte
	recordSizeLimit uint16
	hasPSK          bool
	hasEarlyData    bool
	extensions      []extension // as received
	grease          *grease     // for what is sent, nil for none
}

// marshal returns the message with its header. The extensions are those that a
// client of this package sends.
func (h *clientHello) marshal() []byte {
	return marshalHandshake(typeClientHello, func(b *cryptobyte.Builder) {
		b.AddUint16(h.legacyVersion)
		b.AddBytes(h.random[:])
		b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(h.sessionID) })
		addUint16s(b, h.cipherSuites)
		b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(h.compression) })
		b.AddUint16LengthPrefixed(h.addExtensions)
	})
}

func (h *clientHello) addExtensions(b *cryptobyte.Builder) {
	list := h.extensionList()
	if h.grease != nil {
		list = h.grease.arrange(list)
	}
	for _, e := range list {
		addExtension(b, e.id, func(b *cryptobyte.Builder) { b.AddBytes(e.data) })
	}
}

// extensionList returns the extensions of a hello of ours.
func (h *clientHello) extensionList() (list []extension) {
	add := func(id uint16, f func(*cryptobyte.Builder)) {
		var b cryptobyte.Builder
		f(&b)
		list = append(list, extension{id, b.BytesOrPanic()})
	}
	if h.serverName != "" {
		add(extServerName, func(b *cryptobyte.Builder) { addServerName(b, h.serverName) })
	}
	add(extSupportedGroups, func(b *cryptobyte.Builder) { addUint16s(b, h.groups) })
	add(extSignatureAlgorithms, func(b *cryptobyte.Builder) { addUint16s(b, h.schemes) })
	if len(h.protocols) > 0 {
		add(extALPN, func(b *cryptobyte.Builder) { addProtocols(b, h.protocols) })
	}
	if h.recordSizeLimit != 0 {
		add(extRecordSizeLimit, func(b *cryptobyte.Builder) { b.AddUint16(h.recordSizeLimit) })
	}
	add(extSupportedVersions, func(b *cryptobyte.Builder) {
		b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) {
			for _, v := range h.versions {
				b.AddUint16(v)
			}
		})
	})
	if h.cookie != nil {
		add(extCookie, func(b *cryptobyte.Builder) {
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(h.cookie) })
		})
	}
	add(extKeyShare, func(b *cryptobyte.Builder) {
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
			for _, e := range h.shares {
				addKeyShare(b, e)
			}
		})
	})
	return list
}

// parseClientHello reads the message without its header. It refuses what is
// malformed; what is well-formed but illegal is for the server's steps.
func parseClientHello(body []byte) (*clientHello, error) {
	s := cryptobyte.String(body)
	h := new(clientHello)
	var sessionID, compression cryptobyte.String
	ok := s.ReadUint16(&h.legacyVersion) && s.CopyBytes(h.random[:]) &&
		s.ReadUint8LengthPrefixed(&sessionID) && len(sessionID) <= 32
	if ok {
		h.cipherSuites, ok = readUint16s[uint16](&s)
	}
	if !ok || !s.ReadUint8LengthPrefixed(&compression) || compression.Empty() {
		return nil, decodeError("ClientHello")
	}
	h.sessionID, h.compression = sessionID, compression
	if s.Empty() {
		return h, nil // of TLS 1.2 or older: the server's steps refuse it
	}
	var err error
	if h.extensions, err = readExtensions(&s, "ClientHello"); err != nil {
		return nil, err
	}
	if !s.Empty() {
		return nil, decodeError("ClientHello")
	}
	for i, e := range h.extensions {
		if !h.readExtension(e.id, &e.data) {
			return nil, alertf(AlertDecodeError, "malformed extension %d in ClientHello", e.id)
		}
		if e.id == extPreSharedKey && i != len(h.extensions)-1 {
			return nil, alertf(AlertIllegalParameter, "pre_shared_key is not the last extension in ClientHello")
		}
	}
	return h, nil
}

// readExtension reads one extension to its end. It is true for unknown ones.
func (h *clientHello) readExtension(id uint16, s *cryptobyte.String) (ok bool) {
	switch id {
	case extServerName:
		h.serverName, ok = readServerName(s)
	case extSupportedGroups:
		h.groups, ok = readUint16s[pqkx.NamedGroup](s)
	case extSignatureAlgorithms:
		h.schemes, ok = readUint16s[tls.SignatureScheme](s)
	case extALPN:
		h.protocols, ok = readProtocols(s)
	case extRecordSizeLimit:
		ok = s.ReadUint16(&h.recordSizeLimit)
	case extSupportedVersions:
		h.versions, ok = readVersions(s)
	case extCookie:
		var cookie cryptobyte.String
		ok = s.ReadUint16LengthPrefixed(&cookie) && !cookie.Empty()
		h.cookie = cookie
	case extKeyShare:
		h.shares, ok = readKeyShares(s)
	case extPSKModes:
		var modes cryptobyte.String
		ok = s.ReadUint8LengthPrefixed(&modes) && !modes.Empty()
		h.pskModes = modes
	case extPreSharedKey:
		h.hasPSK, ok = true, validPSKs(s)
	case extEarlyData:
		h.hasEarlyData, ok = true, true
	case extCertAuthorities:
		ok = validAuthorities(s)
	case extPostHandshakeAuth:
		ok = true
	case extSignatureAlgorithmsCert:
		_, ok = readUint16s[tls.SignatureScheme](s)
	default:
		return true
	}
	return ok && s.Empty()
}

func readVersions(s *cryptobyte.String) ([]uint16, bool) {
	var block cryptobyte.String
	if !s.ReadUint8LengthPrefixed(&block) || block.Empty() || len(block)%2 != 0 {
		return nil, false
	}
	var list []uint16
	for !block.Empty() {
		var v uint16
		block.ReadUint16(&v)
		list = append(list, v)
	}
	return list, true
}

// sameAsRetried reports whether h may follow first after a HelloRetryRequest:
// with the same extensions in the same order, of which key_share alone may have
// another content, and those of mayChange may come and go (RFC 8446, section
// 4.1.2). An extension that is unknown here may have rules of its own, as
// encrypted_client_hello does.
func (h *clientHello) sameAsRetried(first *clientHello) bool {
	same := func(a, b extension) bool {
		return a.id == b.id &&
			(a.id == extKeyShare || !slices.Contains(knownExtensions, a.id) || bytes.Equal(a.data, b.data))
	}
	return h.legacyVersion == first.legacyVersion &&
		h.random == first.random &&
		slices.Equal(h.sessionID, first.sessionID) &&
		slices.Equal(h.cipherSuites, first.cipherSuites) &&
		slices.Equal(h.compression, first.compression) &&
		slices.EqualFunc(fixedExtensions(h.extensions), fixedExtensions(first.extensions), same)
}

// mayChange are the extensions that a second ClientHello may have or lack
// whatever the first had.
var mayChange = []uint16{extPadding, extPreSharedKey, extEarlyData, extCookie}

func fixedExtensions(list []extension) []extension {
	return slices.DeleteFunc(slices.Clone(list), func(e extension) bool { return slices.Contains(mayChange, e.id) })
}
