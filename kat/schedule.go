package kat

import (
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"hash"
)

// Hashes of the TLS 1.3 cipher suites (RFC 8446, section B.4).
const (
	SHA256 = "SHA-256"
	SHA384 = "SHA-384"
)

func hashByName(name string) (func() hash.Hash, error) {
	switch name {
	case SHA256:
		return sha256.New, nil
	case SHA384:
		return sha512.New384, nil
	}
	return nil, fmt.Errorf("hash %q is not one of TLS 1.3", name)
}

// TrafficSecrets runs the key schedule of RFC 8446, section 7.1, without a
// pre-shared key, over the shared secret ss. hello is the transcript hash of
// ClientHello to ServerHello, finished that of ClientHello to the server's
// Finished; without the latter the result has the handshake secrets alone. It
// refuses an unknown hash and transcript hashes that are not of its length.
func TrafficSecrets(hashName string, ss, hello, finished []byte) (Values, error) {
	h, err := hashByName(hashName)
	if err != nil {
		return nil, err
	}
	size := h().Size()
	if len(hello) != size || finished != nil && len(finished) != size {
		return nil, fmt.Errorf("transcript hashes of %d and %d bytes, want %d", len(hello), len(finished), size)
	}
	s := schedule{h: h}
	zero := make([]byte, size)
	empty := h().Sum(nil)
	early := s.extract(nil, zero)
	handshake := s.extract(s.derive(early, "derived", empty), ss)
	secrets := Values{
		ClientHS: s.derive(handshake, "c hs traffic", hello),
		ServerHS: s.derive(handshake, "s hs traffic", hello),
	}
	if finished != nil {
		master := s.extract(s.derive(handshake, "derived", empty), zero)
		secrets[ClientAP] = s.derive(master, "c ap traffic", finished)
		secrets[ServerAP] = s.derive(master, "s ap traffic", finished)
		secrets[Exporter] = s.derive(master, "exp master", finished)
	}
	return secrets, s.err
}

// A schedule keeps the first error of crypto/hkdf.
type schedule struct {
	h   func() hash.Hash
	err error
}

// extract is HKDF-Extract (RFC 5869, section 2.2).
func (s *schedule) extract(salt, secret []byte) []byte {
	b, err := hkdf.Extract(s.h, secret, salt)
	s.keep(err)
	return b
}

// derive is Derive-Secret with the transcript already hashed, that is
// HKDF-Expand-Label with the hash's own length.
func (s *schedule) derive(secret []byte, label string, transcript []byte) []byte {
	size := s.h().Size()
	label = "tls13 " + label
	info := []byte{byte(size >> 8), byte(size), byte(len(label))}
	info = append(info, label...)
	info = append(info, byte(len(transcript)))
	info = append(info, transcript...)
	b, err := hkdf.Expand(s.h, secret, string(info), size)
	s.keep(err)
	return b
}

func (s *schedule) keep(err error) {
	if s.err == nil {
		s.err = err
	}
}
