// Package nist has the groups of NIST's prime curves: secp256r1, secp384r1 and
// secp521r1 of TLS 1.3 (RFC 8446, sections 4.2.8.2 and 7.4.2), as
// [pqkx.Group], on the standard library's crypto/ecdh.
//
// Shares are uncompressed points, 04 || X || Y. The shared secret is the
// x-coordinate at full field width, leading zeros kept. A share that is
// compressed, at infinity, out of range or off the curve is refused. All three
// are approved under FIPS 140-3.
package nist

import (
	"crypto/ecdh"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/internal/ecdhgroup"
)

// P256 returns the group secp256r1, code point 0x0017: shares of 65 bytes, a
// secret of 32.
func P256() pqkx.Group { return &p256 }

// P384 returns the group secp384r1, code point 0x0018: shares of 97 bytes, a
// secret of 48.
func P384() pqkx.Group { return &p384 }

// P521 returns the group secp521r1, code point 0x0019: shares of 133 bytes, a
// secret of 66.
func P521() pqkx.Group { return &p521 }

var (
	p256 = ecdhgroup.Group{Named: pqkx.Secp256r1, Curve: ecdh.P256, PointSize: 65, FieldSize: 32,
		Approved: true, BadPoint: pqkx.CauseEncoding}
	p384 = ecdhgroup.Group{Named: pqkx.Secp384r1, Curve: ecdh.P384, PointSize: 97, FieldSize: 48,
		Approved: true, BadPoint: pqkx.CauseEncoding}
	p521 = ecdhgroup.Group{Named: pqkx.Secp521r1, Curve: ecdh.P521, PointSize: 133, FieldSize: 66,
		Approved: true, BadPoint: pqkx.CauseEncoding}
)
