// Package pqkx is the contract between TLS 1.3 stacks and key exchanges.
//
// A [Group] is one entry of the IANA "TLS Supported Groups" registry: it makes
// a client's key share, answers it on the server, and finishes on the client.
// Every group is a KEM to this package. Diffie-Hellman is the KEM whose
// ciphertext is the server's public key, so there is no second path for it.
//
//	client                                  server
//	ks, _ := g.KeyShare()
//	ks.Bytes()              ---------->     ss, share, err := g.Encapsulate(clientShare)
//	ss, err := ks.Decapsulate(share)  <---  share
//
// A [Provider] is a list of groups in order of preference. A TLS stack asks it
// what to offer, what to choose and which group a code point means, and so
// never names a group itself.
//
// The groups live in packages of their own (x25519, nist, mlkem, kyber,
// hybrid), the usual selections of them in package preset, and anyone can
// bring another by implementing the interfaces below.
package pqkx

import "errors"

// A Group is a key exchange that TLS 1.3 can negotiate. It is immutable and
// safe for concurrent use.
type Group interface {
	// ID returns the code point that names the group on the wire.
	ID() NamedGroup

	// Sizes returns the exact length of everything the group puts on the
	// wire or hands to the key schedule.
	Sizes() Sizes

	// FIPS reports whether the group is approved under FIPS 140-3 when the
	// standard library's Go Cryptographic Module runs in FIPS mode. A hybrid
	// is approved by its first secret (NIST SP 800-56C rev. 2).
	FIPS() bool

	// KeyShare makes a fresh client share and the private key behind it.
	KeyShare() (KeyShare, error)

	// Encapsulate answers a client share: it returns the shared secret and
	// the server share to send back. Each call draws fresh randomness. The
	// error wraps [ErrKeyShare] if and only if clientShare is at fault.
	// clientShare is neither kept nor written to.
	Encapsulate(clientShare []byte) (sharedSecret, serverShare []byte, err error)
}

// Sizes are the lengths in bytes of what a group produces.
type Sizes struct {
	ClientShare  int // key_exchange in the ClientHello
	ServerShare  int // key_exchange in the ServerHello
	SharedSecret int // input to the TLS 1.3 key schedule
}

// A KeyShare is one client's share for one handshake and the private key
// behind it. It is not safe for concurrent use.
type KeyShare interface {
	// Group returns the group that the share belongs to.
	Group() Group

	// Bytes returns the client share, which the caller must not modify.
	Bytes() []byte

	// Decapsulate returns the shared secret for the server's answer. The
	// error wraps [ErrKeyShare] if and only if serverShare is at fault. An
	// ML-KEM ciphertext of the right length is never at fault: one that was
	// altered yields a pseudorandom secret (FIPS 203, section 6.3).
	Decapsulate(serverShare []byte) (sharedSecret []byte, err error)

	// Destroy clears the private key. Go's runtime may have copied it, so
	// this is best effort. Later calls of Decapsulate return [ErrDestroyed].
	Destroy()
}

// A HybridKeyShare is a KeyShare whose classical half can be offered by itself
// as well: the same public value in two entries of one ClientHello (RFC 9954,
// section 3.2), for servers that know only the classical group.
type HybridKeyShare interface {
	KeyShare

	// Component returns the share of the classical half. It uses the same
	// private key, and the hybrid's Destroy destroys it.
	Component() KeyShare
}

// PostQuantum is implemented by groups that know whether they resist a quantum
// computer. A group without it counts as classical; see [IsPostQuantum].
type PostQuantum interface {
	PostQuantum() bool
}

// IsPostQuantum reports whether g says that it resists a quantum computer.
func IsPostQuantum(g Group) bool {
	pq, ok := g.(PostQuantum)
	return ok && pq.PostQuantum()
}

// ErrKeyShare is wrapped by the error for a peer's bad share, and by nothing
// else. A TLS stack answers it with the alert illegal_parameter (RFC 10024,
// sections 4.1 to 4.3) and any other error of a group with internal_error.
var ErrKeyShare = errors.New("invalid key share")

// ErrDestroyed is returned by the Decapsulate of a destroyed share.
var ErrDestroyed = errors.New("pqkx: key share was destroyed")

// A KeyShareError tells what is wrong with a peer's share. It wraps
// [ErrKeyShare].
type KeyShareError struct {
	Group NamedGroup // the negotiated group; for a hybrid, the hybrid
	Half  Half       // which part of the share is at fault
	Cause Cause      // and why
}

// Error names the group, the half and the cause.
func (e *KeyShareError) Error() string {
	return "pqkx: " + e.Group.String() + ": " + ErrKeyShare.Error() + ": " + e.Half.String() + ": " + e.Cause.String()
}

// Unwrap returns [ErrKeyShare].
func (e *KeyShareError) Unwrap() error { return ErrKeyShare }

// A Half is a part of a share, in the terms of RFC 9794.
type Half uint8

const (
	HalfUnknown     Half = iota // the share as a whole
	HalfClassical               // the traditional, elliptic-curve half
	HalfPostQuantum             // the ML-KEM or Kyber half
)

// String names the half.
func (h Half) String() string {
	switch h {
	case HalfClassical:
		return "classical half"
	case HalfPostQuantum:
		return "post-quantum half"
	}
	return "share"
}

// A Cause is what makes a share invalid.
type Cause uint8

const (
	CauseLength   Cause = iota + 1 // not the group's length (RFC 10024, sections 4.1 and 4.2)
	CauseEncoding                  // not an uncompressed point of the curve (RFC 8446, section 4.2.8.2)
	CauseLowOrder                  // the X25519 result is all zeros (RFC 8446, section 7.4.2)
	CauseModulus                   // an ML-KEM coefficient is not below q = 3329 (FIPS 203, section 7.2)
)

// String describes the cause.
func (c Cause) String() string {
	switch c {
	case CauseLength:
		return "wrong length"
	case CauseEncoding:
		return "not an uncompressed point on the curve"
	case CauseLowOrder:
		return "point of low order"
	case CauseModulus:
		return "coefficient not reduced modulo q"
	}
	return "unknown cause"
}
