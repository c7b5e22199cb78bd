package tls13

import (
	"slices"

	"golang.org/x/crypto/cryptobyte"

	"github.com/pqkx/pqkx"
)

// Extension types (RFC 8446, section 4.2, and RFC 8449).
const (
	extServerName              uint16 = 0
	extSupportedGroups         uint16 = 10
	extSignatureAlgorithms     uint16 = 13
	extALPN                    uint16 = 16
	extPadding                 uint16 = 21
	extRecordSizeLimit         uint16 = 28
	extPreSharedKey            uint16 = 41
	extEarlyData               uint16 = 42
	extSupportedVersions       uint16 = 43
	extCookie                  uint16 = 44
	extPSKModes                uint16 = 45
	extCertAuthorities         uint16 = 47
	extPostHandshakeAuth       uint16 = 49
	extSignatureAlgorithmsCert uint16 = 50
	extKeyShare                uint16 = 51
)

// knownExtensions are those whose content is read, if only to refuse what is
// malformed.
var knownExtensions = []uint16{
	extServerName, extSupportedGroups, extSignatureAlgorithms, extALPN, extRecordSizeLimit, extPreSharedKey,
	extEarlyData, extSupportedVersions, extCookie, extPSKModes, extCertAuthorities, extPostHandshakeAuth,
	extSignatureAlgorithmsCert, extKeyShare,
}

// An extension is one entry of an extension block.
type extension struct {
	id   uint16
	data cryptobyte.String
}

// readExtensions reads an extension block and refuses two entries of one type.
func readExtensions(s *cryptobyte.String, message string) ([]extension, error) {
	var block cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&block) {
		return nil, decodeError(message + " extensions")
	}
	var list []extension
	seen := make(map[uint16]bool)
	for !block.Empty() {
		var e extension
		if !block.ReadUint16(&e.id) || !block.ReadUint16LengthPrefixed(&e.data) {
			return nil, decodeError(message + " extensions")
		}
		if seen[e.id] {
			return nil, alertf(duplicateAlert(e.id), "extension %d stands twice in %s", e.id, message)
		}
		seen[e.id] = true
		list = append(list, e)
	}
	return list, nil
}

// duplicateAlert is the alert for an extension that stands twice. RFC 8446,
// section 4.2 forbids it and names none. Like BoringSSL, take one that we know
// for wrong and one that we do not know for garbage.
func duplicateAlert(id uint16) Alert {
	if slices.Contains(knownExtensions, id) {
		return AlertIllegalParameter
	}
	return AlertDecodeError
}

// refuseKnown refuses an extension that we know and that is not for the
// message, one of those that answer nothing (RFC 8446, section 4.2).
func refuseKnown(list []extension, message string, allowed ...uint16) error {
	for _, e := range list {
		if !slices.Contains(allowed, e.id) && slices.Contains(knownExtensions, e.id) {
			return alertf(AlertIllegalParameter, "unexpected extension %d in %s", e.id, message)
		}
	}
	return nil
}

func decodeError(what string) error { return alertf(AlertDecodeError, "malformed %s", what) }

// readUint16s reads a list of 16-bit values that must not be empty.
func readUint16s[T ~uint16](s *cryptobyte.String) ([]T, bool) {
	var block cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&block) || block.Empty() || len(block)%2 != 0 {
		return nil, false
	}
	list := make([]T, 0, len(block)/2)
	for !block.Empty() {
		var v uint16
		block.ReadUint16(&v)
		list = append(list, T(v))
	}
	return list, true
}

func addUint16s[T ~uint16](b *cryptobyte.Builder, list []T) {
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		for _, v := range list {
			b.AddUint16(uint16(v))
		}
	})
}

// addExtension adds an extension with the content that f adds.
func addExtension(b *cryptobyte.Builder, id uint16, f func(*cryptobyte.Builder)) {
	b.AddUint16(id)
	b.AddUint16LengthPrefixed(f)
}

// readServerName reads the one host name of a server_name extension (RFC 6066,
// section 3).
func readServerName(s *cryptobyte.String) (string, bool) {
	var list, name cryptobyte.String
	var kind uint8
	if !s.ReadUint16LengthPrefixed(&list) || !list.ReadUint8(&kind) || kind != 0 ||
		!list.ReadUint16LengthPrefixed(&name) || len(name) == 0 || !list.Empty() ||
		slices.Contains(name, 0) {
		return "", false
	}
	return string(name), true
}

func addServerName(b *cryptobyte.Builder, name string) {
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		b.AddUint8(0)
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(name)) })
	})
}

// readProtocols reads an ALPN list, which is not empty and has no empty name
// (RFC 7301, section 3.1).
func readProtocols(s *cryptobyte.String) ([]string, bool) {
	var block cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&block) || block.Empty() {
		return nil, false
	}
	var list []string
	for !block.Empty() {
		var name cryptobyte.String
		if !block.ReadUint8LengthPrefixed(&name) || name.Empty() {
			return nil, false
		}
		list = append(list, string(name))
	}
	return list, true
}

func addProtocols(b *cryptobyte.Builder, list []string) {
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		for _, name := range list {
			b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(name)) })
		}
	})
}

// A keyShareEntry is a group and a share of it (RFC 8446, section 4.2.8).
type keyShareEntry struct {
	group pqkx.NamedGroup
	data  []byte
}

func readKeyShare(s *cryptobyte.String) (e keyShareEntry, ok bool) {
	var data cryptobyte.String
	ok = s.ReadUint16((*uint16)(&e.group)) && s.ReadUint16LengthPrefixed(&data) && !data.Empty()
	e.data = data
	return e, ok
}

// readKeyShares reads a client's list, which may be empty.
func readKeyShares(s *cryptobyte.String) ([]keyShareEntry, bool) {
	var block cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&block) {
		return nil, false
	}
	list := []keyShareEntry{}
	for !block.Empty() {
		e, ok := readKeyShare(&block)
		if !ok {
			return nil, false
		}
		list = append(list, e)
	}
	return list, true
}

func addKeyShare(b *cryptobyte.Builder, e keyShareEntry) {
	b.AddUint16(uint16(e.group))
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(e.data) })
}

// groupsOf returns the groups of the shares, in order.
func groupsOf(shares []keyShareEntry) []pqkx.NamedGroup {
	ids := make([]pqkx.NamedGroup, len(shares))
	for i, e := range shares {
		ids[i] = e.group
	}
	return ids
}

// validAuthorities reads a certificate_authorities extension (RFC 8446, section
// 4.2.4), which has at least one name.
func validAuthorities(s *cryptobyte.String) bool {
	var list cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&list) || list.Empty() {
		return false
	}
	for !list.Empty() {
		var name cryptobyte.String
		if !list.ReadUint16LengthPrefixed(&name) || name.Empty() {
			return false
		}
	}
	return true
}

// validPSKs reads a client's pre_shared_key extension (RFC 8446, section
// 4.2.11). We take none of the keys, but a malformed list is still an error.
func validPSKs(s *cryptobyte.String) bool {
	var identities, binders cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&identities) || identities.Empty() ||
		!s.ReadUint16LengthPrefixed(&binders) || binders.Empty() {
		return false
	}
	for !identities.Empty() {
		var identity cryptobyte.String
		var age uint32
		if !identities.ReadUint16LengthPrefixed(&identity) || identity.Empty() || !identities.ReadUint32(&age) {
			return false
		}
	}
	for !binders.Empty() {
		var binder cryptobyte.String
		if !binders.ReadUint8LengthPrefixed(&binder) || len(binder) < 32 {
			return false
		}
	}
	return true
}
