package pqkx

import "fmt"

// A NamedGroup is a code point of the IANA "TLS Supported Groups" registry.
type NamedGroup uint16

// Code points of the groups that this module implements. Sources: RFC 8446,
// section 4.2.7 (elliptic curves); draft-ietf-tls-mlkem (MLKEM*); RFC 10024,
// section 7 (hybrids with ML-KEM); draft-tls-westerbaan-xyber768d00 and
// draft-kwiatkowski-tls-ecdhe-kyber (the two of Kyber, both obsolete).
const (
	Secp256r1                NamedGroup = 0x0017
	Secp384r1                NamedGroup = 0x0018
	Secp521r1                NamedGroup = 0x0019
	X25519                   NamedGroup = 0x001D
	MLKEM512                 NamedGroup = 0x0200
	MLKEM768                 NamedGroup = 0x0201
	MLKEM1024                NamedGroup = 0x0202
	SecP256r1MLKEM768        NamedGroup = 0x11EB
	X25519MLKEM768           NamedGroup = 0x11EC
	SecP384r1MLKEM1024       NamedGroup = 0x11ED
	X25519Kyber768Draft00    NamedGroup = 0x6399
	SecP256r1Kyber768Draft00 NamedGroup = 0x639A
)

// String returns the group's IANA name, or the code point in hexadecimal.
func (id NamedGroup) String() string {
	if name, ok := ianaNames[id]; ok {
		return name
	}
	if id.GREASE() {
		return fmt.Sprintf("GREASE(0x%04X)", uint16(id))
	}
	return fmt.Sprintf("0x%04X", uint16(id))
}

// GREASE reports whether id is one of the values that stand for nothing and
// keep peers tolerant (RFC 8701, section 2).
func (id NamedGroup) GREASE() bool {
	return id&0x0F0F == 0x0A0A && id>>8 == id&0xFF
}

// ianaNames holds names alone, so that a peer's offer can be printed. It links
// no group.
var ianaNames = map[NamedGroup]string{
	Secp256r1:                "secp256r1",
	Secp384r1:                "secp384r1",
	Secp521r1:                "secp521r1",
	0x001A:                   "brainpoolP256r1",
	0x001B:                   "brainpoolP384r1",
	0x001C:                   "brainpoolP512r1",
	X25519:                   "x25519",
	0x001E:                   "x448",
	0x001F:                   "brainpoolP256r1tls13",
	0x0020:                   "brainpoolP384r1tls13",
	0x0021:                   "brainpoolP512r1tls13",
	0x0029:                   "curveSM2",
	0x0100:                   "ffdhe2048",
	0x0101:                   "ffdhe3072",
	0x0102:                   "ffdhe4096",
	0x0103:                   "ffdhe6144",
	0x0104:                   "ffdhe8192",
	MLKEM512:                 "MLKEM512",
	MLKEM768:                 "MLKEM768",
	MLKEM1024:                "MLKEM1024",
	SecP256r1MLKEM768:        "SecP256r1MLKEM768",
	X25519MLKEM768:           "X25519MLKEM768",
	SecP384r1MLKEM1024:       "SecP384r1MLKEM1024",
	0x11EE:                   "curveSM2MLKEM768",
	X25519Kyber768Draft00:    "X25519Kyber768Draft00",
	SecP256r1Kyber768Draft00: "SecP256r1Kyber768Draft00",
}
