package kat

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pqkx/pqkx"
)

// openSSLKeys reads the files of OpenSSL's test/recipes/30-test_evp_data that
// give names to keys, in PEM or raw, and derive shared secrets of them. The keys
// are opened here and not by crypto/x509, which passes over the point in a
// private key and judges points itself.
var openSSLKeys = format{
	name: "OpenSSL evp_test, named keys",
	recognise: func(t *text) bool {
		return slices.ContainsFunc(t.records, func(r *record) bool {
			return r.has("Derive", "PeerKey") || r.has("Derive", "PeerKeyValidate")
		})
	},
	read: func(f *File, t *text) error {
		folded, err := foldPEM(t.raw)
		if err != nil {
			return err
		}
		if t, err = parseText([]byte(folded)); err != nil {
			return err
		}
		if t.loose > 0 {
			return fmt.Errorf("line %d: no field, and in no PEM block", t.loose)
		}
		k := keyReader{file: f, keys: make(map[string]namedKey)}
		for _, r := range t.records {
			if err := k.record(r); err != nil {
				return err
			}
		}
		return nil
	},
}

// foldPEM makes of each block of PEM a field of its label and its content. Empty
// comments stand for the lines that are gone, so that line numbers hold.
func foldPEM(raw string) (string, error) {
	var b strings.Builder
	var label string
	n, start := 0, 0
	for line := range strings.Lines(raw) {
		n++
		line = strings.TrimSpace(line)
		begin, isBegin := strings.CutPrefix(line, "-----BEGIN ")
		switch {
		case start == 0 && isBegin:
			label, start = strings.TrimSuffix(begin, "-----"), n
			b.WriteString("PEM = " + label + ",")
		case start == 0:
			b.WriteString(line + "\n")
		case line == "-----END "+label+"-----":
			b.WriteString("\n" + strings.Repeat("#\n", n-start))
			start = 0
		case line == "" || strings.Trim(line, base64Digits) != "":
			return "", fmt.Errorf("line %d: not a line of PEM", n)
		default:
			b.WriteString(line)
		}
	}
	if start > 0 {
		return "", fmt.Errorf("line %d: a PEM block without an end", start)
	}
	return b.String(), nil
}

const base64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="

type keyReader struct {
	file *File
	keys map[string]namedKey
}

// A namedKey is a key that a file has defined. Of an algorithm that is no group
// here it has nothing but the name.
type namedKey struct {
	algorithm       string
	group           pqkx.NamedGroup // 0 if it is none
	private, public []byte
}

// openSSLOthers matches evp_test's operations that are no key exchange.
var openSSLOthers = regexp.MustCompile(`^((OneShot)?Digest(Sign|Verify)|(Sign|Verify)(-Message(-Public)?)?|VerifyRecover|Encrypt|Decrypt)$`)

const openSSLAPI = "a test of OpenSSL's own interface, not of an algorithm"

func (k *keyReader) record(r *record) (err error) {
	fips := r.get("Availablein") == "fips"
	r.ignore("Title", "FIPSversion", "Unapproved", "Securitycategory", "Reason")
	i := slices.IndexFunc(r.fields, func(f field) bool { return !f.used })
	if i < 0 && r.has("Title") {
		return nil
	}
	if i < 0 {
		return r.errorf("a record without an operation")
	}
	c := &Case{ID: fmt.Sprintf("line %d", r.line())}
	switch kind := r.fields[i].name; {
	case slices.Contains([]string{"PrivateKey", "PublicKey", "PrivateKeyRaw", "PublicKeyRaw"}, kind):
		err = k.key(r, c, kind)
	case kind == "PrivPubKeyPair":
		err = k.pair(r, c)
	case kind == "Derive" && r.has("Ctrl"):
		skipRecord(r, c, "not as TLS 1.3 derives: Ctrl = "+r.get("Ctrl"))
	case kind == "Derive":
		err = k.derive(r, c, fips)
	case openSSLOthers.MatchString(kind):
		skipRecord(r, c, "not a key exchange: a record of "+kind)
	default:
		return r.errorf("unknown operation %s", kind)
	}
	if err != nil {
		return err
	}
	k.file.add(c)
	return r.done()
}

func skipRecord(r *record, c *Case, reason string) {
	c.Skip = reason
	for i := range r.fields {
		r.fields[i].used = true
	}
}

// key reads a key. Only a private one that holds its public one is a case.
func (k *keyReader) key(r *record, c *Case, kind string) error {
	private := strings.HasPrefix(kind, "Private")
	name, rest, raw := strings.Cut(r.get(kind), ":")
	if _, ok := k.keys[name]; ok || name == "" {
		return r.errorf("key %q stands twice, or has no name", name)
	}
	var key namedKey
	var err error
	if strings.HasSuffix(kind, "Raw") {
		key, err = rawKey(rest, private)
	} else if raw {
		return r.errorf("key %s: %q follows its name", name, rest)
	} else {
		key, err = pemKey(r.get("PEM"), private)
	}
	if err != nil {
		return r.errorf("key %s: %v", name, err)
	}
	k.keys[name] = key
	c.ID += " " + name
	c.Algorithm = key.algorithm
	switch {
	case key.group == 0:
		c.Skip = key.unknown()
	case key.private == nil || key.public == nil:
		c.Skip = "a key that other cases use"
	default:
		c.In, c.Want = Values{ClientSeed: key.private}, Values{Client: key.public}
	}
	return nil
}

func (k namedKey) unknown() string { return k.algorithm + " is no group that is known here" }

// pair reads a claim that a private and a public key belong together.
func (k *keyReader) pair(r *record, c *Case) error {
	names := strings.Split(r.get("PrivPubKeyPair"), ":")
	if len(names) != 2 {
		return r.errorf("%d names of a pair of keys", len(names))
	}
	private, public, err := k.two(r, names[0], names[1])
	if err != nil {
		return err
	}
	c.Algorithm = private.algorithm
	switch result := r.get("Result"); {
	case result == "KEYPAIR_MISMATCH" || result == "KEYPAIR_TYPE_MISMATCH":
		c.Skip = openSSLAPI + " (" + result + ")"
	case result != "":
		return r.errorf("unknown Result %q", result)
	case private.algorithm != public.algorithm:
		c.Broken = fmt.Sprintf("a pair of keys of %s and %s", private.algorithm, public.algorithm)
	case private.group == 0:
		c.Skip = private.unknown()
	case private.private == nil || public.public == nil:
		return r.errorf("not a private and a public key")
	default:
		c.In, c.Want = Values{ClientSeed: private.private}, Values{Client: public.public}
	}
	return nil
}

func (k *keyReader) two(r *record, a, b string) (own, peer namedKey, err error) {
	own, ok := k.keys[a]
	if !ok {
		return own, peer, r.errorf("the key %q is not defined", a)
	}
	if peer, ok = k.keys[b]; !ok {
		return own, peer, r.errorf("the key %q is not defined", b)
	}
	return own, peer, nil
}

// derive reads an agreement. What OpenSSL's FIPS module alone refuses says
// nothing about a key exchange.
func (k *keyReader) derive(r *record, c *Case, fips bool) error {
	peerField := "PeerKey"
	if r.has("PeerKeyValidate") {
		peerField = "PeerKeyValidate"
	}
	own, peer, err := k.two(r, r.get("Derive"), r.get(peerField))
	if err != nil {
		return err
	}
	c.Algorithm = own.algorithm
	result := r.get("Result")
	if !slices.Contains([]string{"", "DERIVE_ERROR", "DERIVE_SET_PEER_ERROR", "KEYOP_INIT_ERROR"}, result) {
		return r.errorf("unknown Result %q", result)
	}
	if result == "" {
		if c.Want, err = r.values(map[string]string{"SharedSecret": SS}); err != nil {
			return err
		}
	} else if r.has("SharedSecret") {
		return r.errorf("a Result of %s, and a SharedSecret", result)
	}
	switch {
	case own.algorithm != peer.algorithm && result == "":
		c.Broken = fmt.Sprintf("a shared secret of keys of %s and %s", own.algorithm, peer.algorithm)
	case own.algorithm != peer.algorithm || result == "KEYOP_INIT_ERROR" || result != "" && fips:
		c.Skip = openSSLAPI + " (" + result + ")"
	case own.group == 0:
		c.Skip = own.unknown()
	case own.private == nil || peer.public == nil:
		return r.errorf("not a private key and its peer's public one")
	default:
		c.In = Values{ClientSeed: own.private, Server: peer.public}
		if result != "" {
			c.Expect, c.Fault, c.FaultIn = Invalid, ContentFault, Server
		} else if own.public != nil {
			c.Want[Client] = own.public
		}
	}
	return nil
}

// rawKey reads "algorithm:hex".
func rawKey(s string, private bool) (k namedKey, err error) {
	name, digits, _ := strings.Cut(s, ":")
	b, err := decodeHex(digits)
	switch id, _ := groupByName(name); {
	case err != nil:
		return k, err
	case id == pqkx.X25519:
		return newKey(id, b, nil, private)
	}
	for _, other := range otherAlgorithms {
		if other == strings.ToUpper(name) {
			return namedKey{algorithm: other}, nil
		}
	}
	return k, fmt.Errorf("unknown algorithm %q", name)
}

// newKey checks a key's length. A private one may hold its point.
func newKey(id pqkx.NamedGroup, b, point []byte, private bool) (namedKey, error) {
	k, sizes := namedKey{algorithm: id.String(), group: id, private: scalar(b, id), public: point}, groups[id][0]
	if !private {
		k.private, k.public = nil, b
	}
	if private && len(k.private) != sizes.clientSeed || k.public != nil && len(k.public) != sizes.client {
		return k, fmt.Errorf("not of the length of a key of %v", id)
	}
	return k, nil
}

// pemKey reads a folded block of PEM. An envelope of a group that is known has
// to be the one encoding of what was found in it.
func pemKey(s string, private bool) (k namedKey, err error) {
	label, body, _ := strings.Cut(s, ",")
	want, ec := map[bool]string{true: "PRIVATE KEY", false: "PUBLIC KEY"}[private], private && label == "EC PRIVATE KEY"
	if label != want && !ec {
		return k, fmt.Errorf("a PEM block of type %q, want %s", label, want)
	}
	der, err := base64.StdEncoding.Strict().DecodeString(body)
	if err != nil {
		return k, err
	}
	switch {
	case ec:
		return ecKey(der, 0)
	case private:
		return pkcs8Key(der)
	}
	var spki struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if err := unmarshalDER(der, &spki); err != nil {
		return k, err
	}
	id, name := keyAlgorithm(spki.Algorithm)
	if id == 0 {
		return namedKey{algorithm: name}, nil
	}
	if !isEncoding(der, spki) || spki.Key.BitLength%8 != 0 {
		return k, errEncoding
	}
	return newKey(id, spki.Key.Bytes, nil, false)
}

// pkcs8Key opens what [privateDER] does, and takes the point as well.
func pkcs8Key(der []byte) (k namedKey, err error) {
	var p8 struct {
		Version   int
		Algorithm pkix.AlgorithmIdentifier
		Key       []byte
	}
	if err := unmarshalDER(der, &p8); err != nil {
		return k, err
	}
	id, name := keyAlgorithm(p8.Algorithm)
	if id == 0 {
		return namedKey{algorithm: name}, nil
	}
	if p8.Version != 0 || !isEncoding(der, p8) {
		return k, errEncoding
	}
	if id == pqkx.X25519 {
		var key []byte
		if err := unmarshalDER(p8.Key, &key); err != nil {
			return k, err
		}
		return newKey(id, key, nil, true)
	}
	return ecKey(p8.Key, id)
}

// ecKey opens an ECPrivateKey (RFC 5915). One that stands alone, for which id is
// 0, names its curve itself.
func ecKey(der []byte, id pqkx.NamedGroup) (k namedKey, err error) {
	var ec struct {
		Version int
		Key     []byte
		Curve   asn1.ObjectIdentifier `asn1:"optional,explicit,tag:0"`
		Public  asn1.BitString        `asn1:"optional,explicit,tag:1"`
	}
	if err := unmarshalDER(der, &ec); err != nil {
		return k, err
	}
	if id == 0 {
		curve, err := asn1.Marshal(ec.Curve)
		if err != nil {
			return k, fmt.Errorf("%w: no curve is named", errEncoding)
		}
		var name string
		id, name = keyAlgorithm(pkix.AlgorithmIdentifier{Algorithm: oidECPublicKey, Parameters: asn1.RawValue{FullBytes: curve}})
		if id == 0 {
			return namedKey{algorithm: name}, nil
		}
	}
	if ec.Version != 1 || ec.Curve != nil && !ec.Curve.Equal(curveOIDs[id]) || ec.Public.BitLength%8 != 0 || !isEncoding(der, ec) {
		return k, errEncoding
	}
	return newKey(id, ec.Key, ec.Public.Bytes, true)
}

// otherAlgorithms have keys in PEM and raw (RFC 8410, section 3).
var otherAlgorithms = map[string]string{"1.3.101.111": "X448", "1.3.101.112": "ED25519", "1.3.101.113": "ED448"}

// keyAlgorithm returns the group of an algorithm identifier, or 0 and a name or
// the identifiers in it.
func keyAlgorithm(a pkix.AlgorithmIdentifier) (pqkx.NamedGroup, string) {
	for id := range curveOIDs {
		if isCurve(a, id) {
			return id, ""
		}
	}
	var curve asn1.ObjectIdentifier
	if _, err := asn1.Unmarshal(a.Parameters.FullBytes, &curve); err == nil {
		return 0, a.Algorithm.String() + " " + curve.String()
	}
	if name, ok := otherAlgorithms[a.Algorithm.String()]; ok {
		return 0, name
	}
	return 0, a.Algorithm.String()
}

func isEncoding(der []byte, v any) bool {
	again, err := asn1.Marshal(v)
	return err == nil && bytes.Equal(again, der)
}
