package x25519

import (
	"crypto/ecdh"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/internal/ecdhgroup"
)

// Standard returns the group x25519 on the standard library's crypto/ecdh: the
// classical half of the FIPS preset's X25519MLKEM768, where it is the second
// secret. It is not approved by itself.
func Standard() pqkx.Group { return &standard }

var standard = ecdhgroup.Group{Named: pqkx.X25519, Curve: ecdh.X25519, PointSize: size, FieldSize: size,
	BadPoint: pqkx.CauseLowOrder}
