package kat

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/pqkx/pqkx"
)

// errEncoding is for a key whose envelope, and not the key in it, is at fault.
// No envelope goes over the wire of TLS 1.3: such a case says nothing about a
// key exchange.
var errEncoding = errors.New("the key's encoding is not one that TLS knows")

// curveOIDs are the identifiers of the curves (RFC 8410, section 3; RFC 5480,
// section 2.1.1.1).
var curveOIDs = map[pqkx.NamedGroup]asn1.ObjectIdentifier{
	pqkx.X25519:    {1, 3, 101, 110},
	pqkx.Secp256r1: {1, 2, 840, 10045, 3, 1, 7},
	pqkx.Secp384r1: {1, 3, 132, 0, 34},
	pqkx.Secp521r1: {1, 3, 132, 0, 35},
}

var oidECPublicKey = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}

// otherCurves matches the names of curves that files have and TLS 1.3 has not, or
// that we have not: those of SEC 2, ANSI X9.62, RFC 5639, ANSSI and RFC 7748.
var otherCurves = regexp.MustCompile(`(?i)^(p-(192|224|256k)|(secp|sect)[0-9]{3}[kr][12]|prime(192|239)v[123]|brainpoolp?[0-9]{3}[rt]1|frp256v1|(curve|x)448|[bk]-[0-9]{3})$`)

// setCurve makes a case one of a curve, or skips it where the curve is one that
// we do not have.
func setCurve(c *Case, name string) (id pqkx.NamedGroup, ok bool, err error) {
	switch id, ok = groupByName(name); {
	case ok:
		c.Algorithm = id.String()
	case otherCurves.MatchString(name):
		c.Algorithm, c.Skip = name, name+" is not a curve of a TLS group that is known here"
	default:
		err = fmt.Errorf("unknown curve %q", name)
	}
	return id, ok, err
}

// isCurve reports whether an algorithm identifier names the curve, and nothing
// more.
func isCurve(a pkix.AlgorithmIdentifier, id pqkx.NamedGroup) bool {
	if id == pqkx.X25519 {
		return a.Algorithm.Equal(curveOIDs[id]) && len(a.Parameters.FullBytes) == 0
	}
	var named asn1.ObjectIdentifier
	rest, err := asn1.Unmarshal(a.Parameters.FullBytes, &named)
	return a.Algorithm.Equal(oidECPublicKey) && err == nil && len(rest) == 0 && named.Equal(curveOIDs[id])
}

// publicDER takes the point out of a SubjectPublicKeyInfo (RFC 5280, section
// 4.1.2.7). It does not look at the point: that is for the implementation.
func publicDER(der []byte, id pqkx.NamedGroup) ([]byte, error) {
	var spki struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if err := unmarshalDER(der, &spki); err != nil {
		return nil, err
	}
	if !isCurve(spki.Algorithm, id) || spki.Key.BitLength%8 != 0 {
		return nil, fmt.Errorf("%w: not of the named curve %v", errEncoding, id)
	}
	return spki.Key.Bytes, nil
}

// privateDER takes the private key out of a PKCS #8 structure (RFC 5958,
// section 2), which holds an ECPrivateKey (RFC 5915) or a CurvePrivateKey (RFC
// 8410, section 7).
func privateDER(der []byte, id pqkx.NamedGroup) ([]byte, error) {
	var p8 struct {
		Version    int
		Algorithm  pkix.AlgorithmIdentifier
		Key        []byte
		Attributes []asn1.RawValue `asn1:"optional,tag:0"`
		Public     asn1.RawValue   `asn1:"optional,tag:1"`
	}
	if err := unmarshalDER(der, &p8); err != nil {
		return nil, err
	}
	if !isCurve(p8.Algorithm, id) {
		return nil, fmt.Errorf("%w: not of the named curve %v", errEncoding, id)
	}
	if id == pqkx.X25519 {
		var key []byte
		err := unmarshalDER(p8.Key, &key)
		return key, err
	}
	var ec struct {
		Version int
		Key     []byte
		Curve   asn1.RawValue `asn1:"optional,explicit,tag:0"`
		Public  asn1.RawValue `asn1:"optional,explicit,tag:1"`
	}
	err := unmarshalDER(p8.Key, &ec)
	return ec.Key, err
}

// unmarshalDER parses all of der, strictly.
func unmarshalDER(der []byte, v any) error {
	rest, err := asn1.Unmarshal(der, v)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%d bytes too many", len(rest))
	}
	if err != nil {
		return fmt.Errorf("%w: %v", errEncoding, err)
	}
	return nil
}

// decodePEM returns what is in a block of PEM (RFC 7468), which must be all of s.
func decodePEM(s, label string) ([]byte, error) {
	block, rest := pem.Decode([]byte(s))
	if block == nil || block.Type != label || len(bytes.TrimSpace(rest)) > 0 {
		return nil, fmt.Errorf("%w: not one PEM block of type %s", errEncoding, label)
	}
	return block.Bytes, nil
}

// A jwk is a JSON Web Key of a curve (RFC 7518, section 6.2; RFC 8037, section 2).
type jwk struct{ d, y, point []byte }

func readJWK(v *value, id pqkx.NamedGroup) (*jwk, error) {
	kty, err := v.optional("kty")
	if err != nil {
		return nil, err
	}
	crv, err := v.optional("crv")
	if err != nil {
		return nil, err
	}
	v.ignore("kid")
	k := new(jwk)
	for name, to := range map[string]*[]byte{"x": &k.point, "d": &k.d, "y": &k.y} {
		if v.has(name) {
			if *to, err = base64JWK(v, name); err != nil {
				return nil, err
			}
		}
	}
	if err := v.done(); err != nil {
		return nil, err
	}
	if named, ok := groupByName(crv); !ok || named != id || kty != map[bool]string{true: "OKP", false: "EC"}[id == pqkx.X25519] {
		return nil, fmt.Errorf("%w: a key of %s %s", errEncoding, kty, crv)
	}
	if k.point == nil || k.y == nil && id != pqkx.X25519 {
		return nil, fmt.Errorf("%w: no x, or no y", errEncoding)
	}
	if id != pqkx.X25519 {
		k.point = slices.Concat([]byte{4}, k.point, k.y)
	}
	return k, nil
}

func base64JWK(v *value, name string) ([]byte, error) {
	s, err := v.str(name)
	if err != nil {
		return nil, err
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %v", errEncoding, name, err)
	}
	return b, nil
}

// scalar brings a private key that is written as a number, with leading zeros or
// without, to the width of the field. X25519's is a byte string and stays.
func scalar(b []byte, id pqkx.NamedGroup) []byte {
	if id == pqkx.X25519 {
		return b
	}
	size := groups[id][0].clientSeed
	b = bytes.TrimLeft(b, "\x00")
	if len(b) >= size {
		return b
	}
	return slices.Concat(make([]byte, size-len(b)), b)
}

// point reads a private key and a point that are written as they are.
func (g *wycheproofGroup) point(v *value, c *Case) error {
	return g.agree(v, c, func(id pqkx.NamedGroup) (private, public []byte, err error) {
		if private, err = v.hex("private"); err != nil {
			return nil, nil, err
		}
		public, err = v.hex("public")
		return private, public, err
	})
}

// asn reads a point in a SubjectPublicKeyInfo, and a private key that is PKCS #8
// for X25519 and a number for the other curves.
func (g *wycheproofGroup) asn(v *value, c *Case) error {
	return g.agree(v, c, func(id pqkx.NamedGroup) (private, public []byte, err error) {
		if private, err = v.hex("private"); err != nil {
			return nil, nil, err
		}
		if public, err = v.hex("public"); err != nil {
			return nil, nil, err
		}
		if id == pqkx.X25519 {
			if private, err = privateDER(private, id); err != nil {
				return nil, nil, err
			}
		}
		public, err = publicDER(public, id)
		return private, public, err
	})
}

// pem reads both keys as PEM.
func (g *wycheproofGroup) pem(v *value, c *Case) error {
	return g.agree(v, c, func(id pqkx.NamedGroup) (private, public []byte, err error) {
		if private, err = decodePEMField(v, "private", "PRIVATE KEY", id, privateDER); err != nil {
			return nil, nil, err
		}
		public, err = decodePEMField(v, "public", "PUBLIC KEY", id, publicDER)
		return private, public, err
	})
}

func decodePEMField(v *value, name, label string, id pqkx.NamedGroup, key func([]byte, pqkx.NamedGroup) ([]byte, error)) ([]byte, error) {
	s, err := v.str(name)
	if err != nil {
		return nil, err
	}
	der, err := decodePEM(s, label)
	if err != nil {
		return nil, err
	}
	return key(der, id)
}

// jwk reads both keys as JSON Web Keys. A private one holds its own point.
func (g *wycheproofGroup) jwk(v *value, c *Case) error {
	return g.agree(v, c, func(id pqkx.NamedGroup) (private, public []byte, err error) {
		keys := make(map[string]*jwk)
		for _, name := range []string{"private", "public"} {
			m, err := v.member(name)
			if err != nil {
				return nil, nil, err
			}
			if keys[name], err = readJWK(m, id); err != nil {
				return nil, nil, err
			}
		}
		if c.Expect == Valid {
			c.Want[Client] = keys["private"].point
		}
		return keys["private"].d, keys["public"].point, nil
	})
}

// pointFlags are flags of tests about a point, whose envelope is good.
var pointFlags = []string{"Normal", "InvalidCurveAttack", "CompressedPoint", "Twist", "LowOrderPublic", "NonCanonicalPublic", "ZeroSharedSecret"}

// agree makes a case of an elliptic curve of the keys that read returns. A case
// whose keys are in an envelope that cannot be opened is skipped, unless it
// ought to be valid; see also [pointFlags].
func (g *wycheproofGroup) agree(v *value, c *Case, read func(id pqkx.NamedGroup) (private, public []byte, err error)) error {
	v.ignore("private", "public")
	shared, err := v.hex("shared")
	if err != nil {
		return err
	}
	id, _ := groupByName(g.algorithm)
	if want := groups[id][0].sharedSecret; len(shared) != want && (len(shared) > 0 || c.Expect != Invalid) {
		return v.errorf("a shared secret of %d bytes, want %d", len(shared), want)
	}
	private, public, err := read(id)
	switch {
	case errors.Is(err, errEncoding) && c.Expect == Valid:
		c.Broken = "a valid case, but " + err.Error()
		return nil
	case errors.Is(err, errEncoding):
		c.Skip = errEncoding.Error()
		return nil
	case err != nil:
		return err
	}
	c.In = Values{ClientSeed: scalar(private, id), Server: public}
	if c.Expect != Invalid {
		c.Want[SS] = shared
	}
	return nil
}
