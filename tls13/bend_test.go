package tls13_test

import (
	"errors"
	"slices"
	"testing"

	"golang.org/x/crypto/cryptobyte"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/tls13"
)

// Message and extension types that the tests bend.
const (
	clientHello         = 1
	serverHello         = 2
	encryptedExtensions = 8

	extSupportedGroups   = 10
	extSignatures        = 13
	extVersions          = 43
	extCookie            = 44
	extAuthorities       = 47
	extPostHandshakeAuth = 49
	extSignaturesCert    = 50
	extKeyShare          = 51
)

// A hello is a ClientHello or ServerHello taken apart.
type hello struct {
	kind       byte
	fixed      []byte // up to the extensions
	extensions []ext
}

type ext struct {
	id   uint16
	data []byte
}

func parseHello(message []byte) *hello {
	h := &hello{kind: message[0]}
	body := cryptobyte.String(message[4:])
	rest := body
	var skip cryptobyte.String
	ok := rest.Skip(2+32) && rest.ReadUint8LengthPrefixed(&skip)
	if h.kind == clientHello {
		ok = ok && rest.ReadUint16LengthPrefixed(&skip) && rest.ReadUint8LengthPrefixed(&skip)
	} else {
		ok = ok && rest.Skip(2+1)
	}
	h.fixed = body[:len(body)-len(rest)]
	var block, data cryptobyte.String
	ok = ok && rest.ReadUint16LengthPrefixed(&block) && rest.Empty()
	for ok && !block.Empty() {
		var id uint16
		ok = block.ReadUint16(&id) && block.ReadUint16LengthPrefixed(&data)
		h.extensions = append(h.extensions, ext{id, data})
	}
	if !ok {
		panic("a hello of ours does not parse")
	}
	return h
}

func (h *hello) marshal() []byte {
	var b cryptobyte.Builder
	b.AddUint8(h.kind)
	b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) {
		b.AddBytes(h.fixed)
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
			for _, e := range h.extensions {
				b.AddUint16(e.id)
				b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(e.data) })
			}
		})
	})
	return b.BytesOrPanic()
}

// get returns the content of an extension, nil if it is not there.
func (h *hello) get(id uint16) []byte {
	for _, e := range h.extensions {
		if e.id == id {
			return e.data
		}
	}
	return nil
}

// set replaces or adds an extension.
func (h *hello) set(id uint16, data []byte) {
	for i, e := range h.extensions {
		if e.id == id {
			h.extensions[i].data = data
			return
		}
	}
	h.extensions = append(h.extensions, ext{id, data})
}

func (h *hello) remove(id uint16) {
	h.extensions = slices.DeleteFunc(h.extensions, func(e ext) bool { return e.id == id })
}

// A share is a key share entry.
type share struct {
	group pqkx.NamedGroup
	data  []byte
}

// shares reads a ClientHello's key shares.
func (h *hello) shares() []share {
	s := cryptobyte.String(h.get(extKeyShare))
	var block, data cryptobyte.String
	s.ReadUint16LengthPrefixed(&block)
	var list []share
	for !block.Empty() {
		var id uint16
		if !block.ReadUint16(&id) || !block.ReadUint16LengthPrefixed(&data) {
			panic("key shares of ours do not parse")
		}
		list = append(list, share{pqkx.NamedGroup(id), data})
	}
	return list
}

func (h *hello) setShares(list ...share) {
	var b cryptobyte.Builder
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		for _, s := range list {
			b.AddUint16(uint16(s.group))
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(s.data) })
		}
	})
	h.set(extKeyShare, b.BytesOrPanic())
}

func (h *hello) setGroups(ids ...pqkx.NamedGroup) {
	var b cryptobyte.Builder
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		for _, id := range ids {
			b.AddUint16(uint16(id))
		}
	})
	h.set(extSupportedGroups, b.BytesOrPanic())
}

// bendHello returns a hook that changes the nth hello of a kind, counted from
// one, and none of the others if n is zero.
func bendHello(kind byte, n int, change func(*hello)) func([]byte) []byte {
	seen := 0
	return func(message []byte) []byte {
		if message[0] != kind {
			return message
		}
		if seen++; seen != n {
			return message
		}
		h := parseHello(message)
		change(h)
		return h.marshal()
	}
}

// A bentGroup is a group whose shares are changed on the way to the peer.
type bentGroup struct {
	pqkx.Group
	client, server func(share []byte) []byte // nil for no change
}

// PostQuantum passes the embedded group's word on, which embedding hides.
func (g bentGroup) PostQuantum() bool { return pqkx.IsPostQuantum(g.Group) }

func (g bentGroup) KeyShare() (pqkx.KeyShare, error) {
	ks, err := g.Group.KeyShare()
	if err != nil || g.client == nil {
		return ks, err
	}
	return bentShare{ks, g.client(slices.Clone(ks.Bytes()))}, nil
}

func (g bentGroup) Encapsulate(clientShare []byte) (ss, share []byte, err error) {
	ss, share, err = g.Group.Encapsulate(clientShare)
	if err == nil && g.server != nil {
		share = g.server(share)
	}
	return ss, share, err
}

type bentShare struct {
	pqkx.KeyShare
	bytes []byte
}

func (s bentShare) Bytes() []byte { return s.bytes }

// wantAlert checks that a handshake failed with an alert: the victim found the
// fault and the bender was told.
func wantAlert(t *testing.T, victim, bender error, alert tls13.Alert) {
	t.Helper()
	var ours *tls13.AlertError
	if !errors.As(victim, &ours) || ours.Alert != alert {
		t.Errorf("victim: %v, want alert %v", victim, alert)
	}
	var theirs *tls13.PeerAlertError
	if !errors.As(bender, &theirs) || theirs.Alert != alert {
		t.Errorf("bender: %v, want the peer's alert %v", bender, alert)
	}
}
