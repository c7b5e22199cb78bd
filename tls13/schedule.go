package tls13

import (
	"crypto/hkdf"
	"crypto/hmac"
	"errors"
	"hash"
)

// The key schedule of RFC 8446, section 7.1. Each stage is a type of its own
// and can only be made from the one before it, so that a wrong order does not
// compile:
//
//	earlySecret -> handshakeSecret -> masterSecret
//	                     |                 |
//	               trafficSecret     trafficSecret, exporterSecret
type (
	earlySecret     struct{ secret }
	handshakeSecret struct{ secret }
	masterSecret    struct{ secret }
	trafficSecret   struct{ secret }
	exporterSecret  struct{ secret }
)

// A secret is a pseudorandom key for HKDF with the hash of a suite.
type secret struct {
	suite *suite
	prk   []byte
}

// newEarlySecret starts the schedule. There is no PSK, so zeros stand for it.
func newEarlySecret(s *suite) earlySecret {
	return earlySecret{extract(s, make([]byte, s.newHash().Size()), nil)}
}

// handshake enters the shared secret of the key exchange.
func (e earlySecret) handshake(sharedSecret []byte) handshakeSecret {
	salt := e.derive("derived", emptyHash(e.suite))
	defer clear(salt)
	return handshakeSecret{extract(e.suite, sharedSecret, salt)}
}

// client and server are the handshake traffic secrets for a transcript from
// ClientHello to ServerHello.
func (h handshakeSecret) client(transcript []byte) trafficSecret {
	return trafficSecret{secret{h.suite, h.derive("c hs traffic", transcript)}}
}

func (h handshakeSecret) server(transcript []byte) trafficSecret {
	return trafficSecret{secret{h.suite, h.derive("s hs traffic", transcript)}}
}

func (h handshakeSecret) master() masterSecret {
	zeros := make([]byte, h.suite.newHash().Size())
	salt := h.derive("derived", emptyHash(h.suite))
	defer clear(salt)
	return masterSecret{extract(h.suite, zeros, salt)}
}

// client, server and exporter are the secrets for a transcript from
// ClientHello to the server's Finished.
func (m masterSecret) client(transcript []byte) trafficSecret {
	return trafficSecret{secret{m.suite, m.derive("c ap traffic", transcript)}}
}

func (m masterSecret) server(transcript []byte) trafficSecret {
	return trafficSecret{secret{m.suite, m.derive("s ap traffic", transcript)}}
}

func (m masterSecret) exporter(transcript []byte) exporterSecret {
	return exporterSecret{secret{m.suite, m.derive("exp master", transcript)}}
}

// next is the secret after a KeyUpdate (RFC 8446, section 7.2).
func (t trafficSecret) next() trafficSecret {
	return trafficSecret{secret{t.suite, t.expandLabel("traffic upd", nil, len(t.prk))}}
}

// keyIV are the key and the IV of the record protection (RFC 8446, section 7.3).
func (t trafficSecret) keyIV() (key, iv []byte) {
	return t.expandLabel("key", nil, t.suite.keySize), t.expandLabel("iv", nil, ivSize)
}

// finished is the verify_data of a Finished message (RFC 8446, section 4.4.4).
func (t trafficSecret) finished(transcript []byte) []byte {
	key := t.expandLabel("finished", nil, len(t.prk))
	defer clear(key)
	mac := hmac.New(t.suite.newHash, key)
	mac.Write(transcript)
	return mac.Sum(nil)
}

// export is the exporter of RFC 8446, section 7.5.
func (e exporterSecret) export(label string, context []byte, length int) ([]byte, error) {
	if length < 0 || length > 255*len(e.prk) {
		return nil, errors.New("tls13: too much keying material asked for")
	}
	if len(label) > 255-len("tls13 ") {
		return nil, errors.New("tls13: exporter label too long")
	}
	derived := secret{e.suite, e.derive(label, emptyHash(e.suite))}
	defer derived.clear()
	h := e.suite.newHash()
	h.Write(context)
	return derived.expandLabel("exporter", h.Sum(nil), length), nil
}

func emptyHash(s *suite) []byte { return s.newHash().Sum(nil) }

// clear overwrites the secret.
func (s secret) clear() { clear(s.prk) }

// derive is Derive-Secret of a transcript hash.
func (s secret) derive(label string, transcript []byte) []byte {
	return s.expandLabel(label, transcript, s.suite.newHash().Size())
}

// expandLabel is HKDF-Expand-Label. The label, of 249 bytes at most, and the
// context, a hash, fit their length bytes.
func (s secret) expandLabel(label string, context []byte, length int) []byte {
	const prefix = "tls13 "
	info := make([]byte, 0, 128) // enough for every label but an exporter's
	info = append(info, byte(length>>8), byte(length), byte(len(prefix)+len(label)))
	info = append(append(info, prefix...), label...)
	info = append(append(info, byte(len(context))), context...)
	return must(hkdf.Expand(s.suite.newHash, s.prk, string(info), length))
}

// extract is HKDF-Extract.
func extract(s *suite, ikm, salt []byte) secret {
	return secret{s, must(hkdf.Extract(s.newHash, ikm, salt))}
}

// must is for HKDF, which fails only for lengths that this file rules out and,
// under GODEBUG=fips140=only, for hashes that the suites do not have.
func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

// A transcript is the running hash of the handshake messages (RFC 8446,
// section 4.4.1). Before the suite is known, it collects them.
type transcript struct {
	hash   hash.Hash
	buffer []byte
}

// write adds a handshake message with its header.
func (t *transcript) write(message []byte) {
	if t.hash == nil {
		t.buffer = append(t.buffer, message...)
	} else {
		t.hash.Write(message)
	}
}

// start fixes the hash.
func (t *transcript) start(s *suite) {
	if t.hash == nil {
		t.hash = s.newHash()
		t.hash.Write(t.buffer)
		t.buffer = nil
	}
}

// retry replaces the first ClientHello by a message that holds its hash, as a
// HelloRetryRequest asks for.
func (t *transcript) retry() {
	sum := t.sum()
	t.hash.Reset()
	t.hash.Write([]byte{typeMessageHash, 0, 0, byte(len(sum))})
	t.hash.Write(sum)
}

// sum returns the transcript hash up to here.
func (t *transcript) sum() []byte { return t.hash.Sum(nil) }
