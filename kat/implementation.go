package kat

import (
	"errors"
	"strconv"
	"strings"

	"github.com/pqkx/pqkx"
)

// An Implementation is what is judged. A nil KEM or Exchange means that it does
// not have the algorithm.
type Implementation interface {
	Name() string

	// KEM returns a key encapsulation mechanism: ML-KEM-512, ML-KEM-768,
	// ML-KEM-1024, Kyber512, Kyber768 or Kyber1024.
	KEM(name string) KEM

	// Exchange returns a group of TLS 1.3.
	Exchange(id pqkx.NamedGroup) Exchange
}

// ErrUnsupported is wrapped by the error for what an implementation offers no
// way to do. Every other error of a KEM or an Exchange is a refusal of the
// input.
var ErrUnsupported = errors.New("not offered by the implementation")

// A KEM runs a key encapsulation mechanism from given randomness.
type KEM interface {
	// KeyGen expands a seed d || z (FIPS 203, algorithm 16). dk is in
	// expanded form, nil if the implementation does not show it.
	KeyGen(seed []byte) (ek, dk []byte, err error)

	// Encapsulate is FIPS 203, algorithm 17, with the checks of section 7.2.
	Encapsulate(ek, m []byte) (ct, ss []byte, err error)

	// Decapsulate is FIPS 203, algorithm 18, with the checks of section 7.3,
	// for a key in expanded form.
	Decapsulate(dk, ct []byte) (ss []byte, err error)

	// DecapsulateSeed does the same for a key in the form of its seed.
	DecapsulateSeed(seed, ct []byte) (ss []byte, err error)
}

// An Exchange runs both sides of a TLS group from seeds. A hybrid's seed is its
// parts' seeds in wire order; an elliptic curve's is the private key at field
// width, ML-KEM's and Kyber's are d || z for a client and m for a server.
type Exchange interface {
	ClientShare(seed []byte) (clientShare []byte, err error)
	Server(seed, clientShare []byte) (serverShare, ss []byte, err error)
	Client(seed, serverShare []byte) (ss []byte, err error)
}

// kemSizes are the lengths in bytes of one parameter set.
type kemSizes struct{ seed, ek, dk, m, ct int }

// kems are the mechanisms that a case can name (FIPS 203, section 8, table 3;
// round-3 Kyber has the same sizes). The two that end in ipd are of the initial
// public draft of FIPS 203, with the matrix transposed back: its vectors are
// still in use. X-Wing is draft-connolly-cfrg-xwing-kem.
var kems = map[string]kemSizes{
	"ML-KEM-512":      {64, 800, 1632, 32, 768},
	"ML-KEM-768":      {64, 1184, 2400, 32, 1088},
	"ML-KEM-1024":     {64, 1568, 3168, 32, 1568},
	"ML-KEM-512-ipd":  {64, 800, 1632, 32, 768},
	"ML-KEM-768-ipd":  {64, 1184, 2400, 32, 1088},
	"ML-KEM-1024-ipd": {64, 1568, 3168, 32, 1568},
	"Kyber512":        {64, 800, 1632, 32, 768},
	"Kyber768":        {64, 1184, 2400, 32, 1088},
	"Kyber1024":       {64, 1568, 3168, 32, 1568},
	"X-Wing":          {32, 1216, 32, 64, 1120},
}

// A groupPart is a part of a TLS group in wire order: a KEM or a curve.
type groupPart struct {
	kem                          string          // or empty
	curve                        pqkx.NamedGroup // or zero
	clientSeed, serverSeed       int
	client, server, sharedSecret int
}

// groups are the TLS groups that a case can name, by their parts in wire order
// (RFC 8446, sections 4.2.8.2 and 7.4.2; draft-ietf-tls-mlkem; RFC 10024,
// sections 4.1 to 4.3; the two Kyber drafts).
var groups = map[pqkx.NamedGroup][]groupPart{
	pqkx.X25519:                   {curvePart(pqkx.X25519)},
	pqkx.Secp256r1:                {curvePart(pqkx.Secp256r1)},
	pqkx.Secp384r1:                {curvePart(pqkx.Secp384r1)},
	pqkx.Secp521r1:                {curvePart(pqkx.Secp521r1)},
	pqkx.MLKEM512:                 {kemPart("ML-KEM-512")},
	pqkx.MLKEM768:                 {kemPart("ML-KEM-768")},
	pqkx.MLKEM1024:                {kemPart("ML-KEM-1024")},
	pqkx.X25519MLKEM768:           {kemPart("ML-KEM-768"), curvePart(pqkx.X25519)},
	pqkx.SecP256r1MLKEM768:        {curvePart(pqkx.Secp256r1), kemPart("ML-KEM-768")},
	pqkx.SecP384r1MLKEM1024:       {curvePart(pqkx.Secp384r1), kemPart("ML-KEM-1024")},
	pqkx.X25519Kyber768Draft00:    {curvePart(pqkx.X25519), kemPart("Kyber768")},
	pqkx.SecP256r1Kyber768Draft00: {curvePart(pqkx.Secp256r1), kemPart("Kyber768")},
}

func kemPart(name string) groupPart {
	s := kems[name]
	return groupPart{kem: name, clientSeed: s.seed, serverSeed: s.m, client: s.ek, server: s.ct, sharedSecret: 32}
}

func curvePart(id pqkx.NamedGroup) groupPart {
	field := map[pqkx.NamedGroup]int{pqkx.X25519: 32, pqkx.Secp256r1: 32, pqkx.Secp384r1: 48, pqkx.Secp521r1: 66}[id]
	point := 2*field + 1
	if id == pqkx.X25519 {
		point = field
	}
	return groupPart{curve: id, clientSeed: field, serverSeed: field, client: point, server: point, sharedSecret: field}
}

// groupByName returns the group with an IANA name, whatever its case, with
// another name that vector files use, or with a code point such as 0xFE7A.
func groupByName(name string) (pqkx.NamedGroup, bool) {
	if digits, ok := strings.CutPrefix(name, "0x"); ok {
		n, err := strconv.ParseUint(digits, 16, 16)
		return pqkx.NamedGroup(n), err == nil
	}
	id, ok := groupNames[strings.ToLower(name)]
	return id, ok
}

var groupNames = func() map[string]pqkx.NamedGroup {
	names := map[string]pqkx.NamedGroup{
		"curve25519": pqkx.X25519,
		"p-256":      pqkx.Secp256r1, "prime256v1": pqkx.Secp256r1,
		"p-384": pqkx.Secp384r1,
		"p-521": pqkx.Secp521r1,
		// oqs-provider's and the first implementations' name
		"p256kyber768draft00": pqkx.SecP256r1Kyber768Draft00,
	}
	for id := range groups {
		names[strings.ToLower(id.String())] = id
	}
	return names
}()

// sum adds up a length over the parts of a group.
func sum(parts []groupPart, length func(groupPart) int) int {
	n := 0
	for _, p := range parts {
		n += length(p)
	}
	return n
}
