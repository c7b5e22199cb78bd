package tls13_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"testing"

	"golang.org/x/crypto/cryptobyte"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/tls13"
)

// flip returns a change of one bit; a negative index counts from the end.
func flip(i int) func([]byte) []byte {
	return func(m []byte) []byte {
		if i < 0 {
			m[len(m)+i] ^= 1
		} else {
			m[i] ^= 1
		}
		return m
	}
}

// extensions is an extension block with entries of the given types and content.
func extensions(list ...ext) []byte {
	var b cryptobyte.Builder
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		for _, e := range list {
			b.AddUint16(e.id)
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(e.data) })
		}
	})
	return b.BytesOrPanic()
}

// certificates is a Certificate message.
func certificates(context string, extensionBlock []byte, chain ...[]byte) []byte {
	var b cryptobyte.Builder
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(context)) })
	b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) {
		for _, der := range chain {
			b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(der) })
			b.AddBytes(extensionBlock)
		}
	})
	return message(certificate, b.BytesOrPanic())
}

// A contentFault is a message of the right form that says something illegal.
type contentFault struct {
	at    string
	name  string
	bend  func(message []byte) []byte
	alert tls13.Alert
}

func contentFaults() []contentFault {
	to := func(m []byte) func([]byte) []byte { return func([]byte) []byte { return bytes.Clone(m) } }
	ee := func(list ...ext) func([]byte) []byte { return to(message(encryptedExtensions, extensions(list...))) }
	none := extensions()
	good := root().leaf(keys["P-256"](), serverName).Certificate[0]
	other := root().leaf(must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)), serverName).Certificate[0]
	misnamed := root().leaf(keys["P-256"](), "other.test").Certificate[0]
	request := func(context string, list ...ext) func([]byte) []byte {
		m := message(certificateRequest, append(append([]byte{byte(len(context))}, context...), extensions(list...)...))
		return func(next []byte) []byte { return append(bytes.Clone(m), next...) }
	}
	schemes := ext{extSignatures, []byte{0, 2, 4, 3}}
	return []contentFault{
		{"EncryptedExtensions", "with an unknown extension", ee(ext{0x5555, nil}), tls13.AlertUnsupportedExtension},
		{"EncryptedExtensions", "with ALPN unasked", ee(ext{16, []byte{0, 3, 2, 'h', '2'}}), tls13.AlertUnsupportedExtension},
		{"EncryptedExtensions", "with early_data unasked", ee(ext{42, nil}), tls13.AlertUnsupportedExtension},
		{"EncryptedExtensions", "with a cookie", ee(ext{extCookie, []byte{0, 1, 0}}), tls13.AlertUnsupportedExtension},
		{"EncryptedExtensions", "with key_share", ee(ext{extKeyShare, []byte{0, 29}}), badValue},
		{"EncryptedExtensions", "with supported_versions", ee(ext{extVersions, []byte{3, 4}}), badValue},
		{"EncryptedExtensions", "with a server name", ee(ext{0, []byte{0}}), badDecode},
		{"EncryptedExtensions", "with an empty supported_groups", ee(ext{extSupportedGroups, []byte{0, 0}}), badDecode},

		{"Certificate", "with no certificate", to(certificates("", none)), badDecode},
		{"Certificate", "with an empty certificate", to(certificates("", none, nil)), badDecode},
		{"Certificate", "with a context", to(certificates("context", none, good)), badValue},
		{"Certificate", "that is no DER", to(certificates("", none, []byte("certificate"))), badDecode},
		{"Certificate", "with an unsolicited extension", to(certificates("", extensions(ext{18, nil}), good)), tls13.AlertUnsupportedExtension},
		{"Certificate", "with key_share in an entry", to(certificates("", extensions(ext{extKeyShare, []byte{0, 29}}), good)), badValue},
		{"Certificate", "whose own signature is wrong", flip(-3), tls13.AlertUnknownCA},
		{"Certificate", "for another key", to(certificates("", none, root().leaf(keys["Ed25519"](), serverName).Certificate[0])), badValue},
		{"Certificate", "for another key of the type", to(certificates("", none, other)), tls13.AlertDecryptError},
		{"Certificate", "for another name", to(certificates("", none, misnamed)), tls13.AlertBadCertificate},
		{"Certificate", "that may not sign handshakes", to(certificates("", none, root().Root.Raw)), badValue},

		{"Certificate", "after a request with a context", request("context", schemes), badValue},
		{"Certificate", "after a request without schemes", request(""), tls13.AlertMissingExtension},
		{"Certificate", "after a request with malformed schemes", request("", ext{extSignatures, []byte{0, 1, 4}}), badDecode},
		{"Certificate", "after a request with no authority", request("", schemes, ext{extAuthorities, []byte{0, 0}}), badDecode},
		{"Certificate", "after a request with malformed schemes for chains", request("", schemes, ext{extSignaturesCert, []byte{0, 0}}), badDecode},
		{"Certificate", "after two requests", func(m []byte) []byte { return request("", schemes)(request("", schemes)(m)) }, badMessage},
		{"CertificateVerify", "after a request", request("", schemes), badMessage},

		{"CertificateVerify", "with a wrong signature", flip(-1), tls13.AlertDecryptError},
		{"CertificateVerify", "with an empty signature", to(message(certificateVerify, []byte{4, 3, 0, 0})), tls13.AlertDecryptError},
		{"CertificateVerify", "with a scheme for another key", func(m []byte) []byte { m[4], m[5] = 8, 7; return m }, badValue},
		{"CertificateVerify", "with a scheme that was not offered", func(m []byte) []byte { m[4], m[5] = 2, 3; return m }, badValue},
		{"CertificateVerify", "with PKCS #1", func(m []byte) []byte { m[4], m[5] = 4, 1; return m }, badValue},

		{"server Finished", "with its first bit wrong", flip(4), tls13.AlertDecryptError},
		{"server Finished", "with its last bit wrong", flip(-1), tls13.AlertDecryptError},
		{"server Finished", "of zeros", func(m []byte) []byte { clear(m[4:]); return m }, tls13.AlertDecryptError},
		{"client Finished", "with its first bit wrong", flip(4), tls13.AlertDecryptError},
		{"client Finished", "with its last bit wrong", flip(-1), tls13.AlertDecryptError},
		{"client Finished", "of zeros", func(m []byte) []byte { clear(m[4:]); return m }, tls13.AlertDecryptError},
		{"client Finished", "after a certificate", func(m []byte) []byte { return append(certificates("", none, good), m...) }, badMessage},
	}
}

// TestBadContents says something illegal in every message, with a
// HelloRetryRequest and without, over every group.
func TestBadContents(t *testing.T) {
	faults := contentFaults()
	for _, g := range badPeerGroups() {
		for _, retry := range []bool{false, true} {
			clientConfig, serverConfig := badPeerConfigs(g, retry)
			for _, f := range faults {
				t.Run(fmt.Sprintf("%v/retry %v/%s %s", g.ID(), retry, f.at, f.name), func(t *testing.T) {
					m := meet(clientConfig, serverConfig, nil, nil)
					p := placeNamed(f.at)
					if p.client {
						m.client.SetOutgoing(p.at(f.bend))
					} else {
						m.server.SetOutgoing(p.at(f.bend))
					}
					m.handshake(t)
					victim, bad := m.sides(p.client)
					m.wantAlert(t, p, victim, bad, f.alert)
				})
			}
			connect(t, clientConfig, serverConfig)
		}
	}
}

func placeNamed(name string) place {
	for _, p := range places(false) {
		if p.name == name {
			return p
		}
	}
	panic("no place " + name)
}

// TestBentBytes flips a bit in every byte of every message, before the bad peer
// hashes it, with a HelloRetryRequest and without. What that makes may be legal:
// another random, a shorter offer. Then both sides succeed and agree. Otherwise
// the victim has a fault to tell of the peer, and never one of its own.
func TestBentBytes(t *testing.T) {
	for _, g := range twoGroups() {
		step := 1
		if pqkx.IsPostQuantum(g) || testing.Short() {
			step = 7
		}
		for _, retry := range []bool{false, true} {
			clientConfig, serverConfig := badPeerConfigs(g, retry)
			for _, p := range places(retry) {
				t.Run(fmt.Sprintf("%v/retry %v/%s", g.ID(), retry, p.name), func(t *testing.T) {
					testBentBytes(t, clientConfig, serverConfig, p, step)
				})
			}
		}
	}
}

func testBentBytes(t *testing.T, clientConfig, serverConfig *tls13.Config, p place, step int) {
	succeeded := 0
	size := 1
	for i := 0; i < size; i += step {
		m := meet(clientConfig, serverConfig, nil, nil)
		hook := p.at(func(m []byte) []byte {
			size = len(m)
			m[min(i, size-1)] ^= 1 << (i % 8) // a signature may be shorter than the last one
			return m
		})
		if p.client {
			m.client.SetOutgoing(hook)
		} else {
			m.server.SetOutgoing(hook)
		}
		m.handshake(t)
		victim, _ := m.sides(p.client)
		if victim == nil {
			m.agree(t)
			succeeded++
			continue
		}
		if !peersFault(victim) {
			t.Errorf("byte %d: victim: %v", i, victim)
		}
	}
	// A hello has a random and more that is free, save those of a retry, which may
	// not change it (RFC 8446, section 4.1.2); all else is signed or a MAC.
	if free := (p.kind == clientHello || p.kind == serverHello) && !p.retry; free != (succeeded > 0) {
		t.Errorf("%d of %d bent messages were accepted", succeeded, size)
	}
}

// peersFault reports whether a victim's error blames the peer.
func peersFault(victim error) bool {
	var ours *tls13.AlertError
	var theirs *tls13.PeerAlertError
	return errors.As(victim, &ours) && ours.Alert != tls13.AlertInternalError ||
		errors.As(victim, &theirs) || errors.Is(victim, tls13.ErrStalled)
}
