package kat

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"regexp"
	"strings"
)

// boringEVP reads BoringSSL's crypto/evp/test files: keys with a name, and
// operations on them.
var boringEVP = format{
	name:      "BoringSSL EVP",
	recognise: func(t *text) bool { return len(t.records) > 0 && t.records[0].has("Key") && len(t.lines) == 0 },
	read: func(f *File, t *text) error {
		e := evpReader{file: f, keys: make(map[string]evpKey)}
		for _, r := range t.records {
			if err := e.record(r); err != nil {
				return err
			}
		}
		return nil
	},
}

type evpReader struct {
	file *File
	keys map[string]evpKey
}

// An evpKey is a key that a file has defined.
type evpKey struct {
	algorithm       string
	private, public []byte
}

// evpFailure matches the names of BoringSSL's errors.
var evpFailure = regexp.MustCompile(`^[A-Z][A-Z0-9_]+$`)

const evpAPI = "a test of BoringSSL's own interface, not of an algorithm"

func (e *evpReader) record(r *record) error {
	c := &Case{ID: fmt.Sprintf("line %d", r.line())}
	var err error
	switch kind := r.fields[0].name; kind {
	case "Key":
		err = e.key(r, c)
	case "Derive":
		err = e.derive(r, c)
	case "Decapsulate", "Encapsulate", "EncapsulateDecapsulate":
		err = e.kem(r, c, kind)
	default:
		return r.errorf("unknown operation %s", kind)
	}
	if err != nil {
		return err
	}
	e.file.add(c)
	return r.done()
}

// key reads a key. In what forms it stands there they must agree; that the
// private one makes the public one is the implementation's case.
func (e *evpReader) key(r *record, c *Case) error {
	name := r.get("Key")
	if _, ok := e.keys[name]; ok {
		return r.errorf("key %s stands twice", name)
	}
	failure := r.get("Error")
	if r.has("PKCS8") && failure != "" && !r.has("PrivateSeed") {
		if !evpFailure.MatchString(failure) {
			return r.errorf("unknown error %s", failure)
		}
		r.ignore("PKCS8", "Algorithm")
		c.Skip = evpAPI + " (" + failure + ")"
		return nil
	}
	k := evpKey{algorithm: evpAlgorithm(r.get("Algorithm"))}
	for _, v := range []struct {
		name string
		to   *[]byte
	}{{"PrivateSeed", &k.private}, {"RawPrivate", &k.private}, {"RawPublic", &k.public}} {
		if !r.has(v.name) {
			continue
		}
		var err error
		if *v.to, err = r.hex(v.name); err != nil {
			return err
		}
	}
	c.ID += " " + name
	c.Algorithm = k.algorithm
	if err := checkEnvelopes(r, c, k); err != nil {
		return err
	}
	if failure != "" {
		if failure != "DECODE_ERROR" {
			return r.errorf("unknown error %s", failure)
		}
		c.Expect, c.Fault = Invalid, LengthFault
	} else {
		e.keys[name] = k
	}
	return k.give(r, c)
}

// evpAlgorithm returns our name for an algorithm.
func evpAlgorithm(name string) string {
	if id, ok := groupByName(name); ok {
		return id.String()
	}
	return name
}

// give makes the case of a key's definition.
func (k evpKey) give(r *record, c *Case) error {
	seed, public := Seed, EK
	if _, ok := kems[k.algorithm]; !ok {
		if _, ok := groupByName(k.algorithm); !ok {
			return r.errorf("unknown algorithm %q", k.algorithm)
		}
		seed, public = ClientSeed, Client
	}
	switch {
	case k.private != nil:
		c.In = Values{seed: k.private}
		if k.public != nil && c.Expect == Valid {
			c.Want = Values{public: k.public}
		}
	case k.public != nil && public == EK:
		c.In = Values{EK: k.public}
	case k.public != nil:
		c.Skip = "a public key that other cases use"
		return nil
	default:
		return r.errorf("no key")
	}
	if c.Expect == Valid && len(c.Want) == 0 && c.In[EK] == nil {
		return r.errorf("a private key without its public key")
	}
	return nil
}

// checkEnvelopes compares the encodings of a key with the key.
func checkEnvelopes(r *record, c *Case, k evpKey) error {
	if r.has("Bits") {
		want := len(k.public) * 8
		if _, ok := kems[k.algorithm]; ok && r.get("Bits") != fmt.Sprint(want) {
			c.Broken = fmt.Sprintf("Bits is %s, want %d", r.get("Bits"), want)
		}
	}
	for _, e := range []struct {
		name string
		key  []byte
	}{{"SPKI", k.public}, {"PKCS8", k.private}} {
		if !r.has(e.name) {
			continue
		}
		der, err := r.hex(e.name)
		if err != nil {
			return err
		}
		if want, ok := envelope(e.name, k.algorithm, e.key); !ok {
			return r.errorf("%s of %s, which has none", e.name, k.algorithm)
		} else if !bytes.Equal(der, want) {
			c.Broken = e.name + " is not the encoding of the key"
		}
	}
	return nil
}

// evpOIDs are the algorithms that files have encoded keys of (RFC 8410, section
// 3; RFC 9935, section 3).
var evpOIDs = map[string]asn1.ObjectIdentifier{
	"x25519":      {1, 3, 101, 110},
	"ML-KEM-512":  {2, 16, 840, 1, 101, 3, 4, 4, 1},
	"ML-KEM-768":  {2, 16, 840, 1, 101, 3, 4, 4, 2},
	"ML-KEM-1024": {2, 16, 840, 1, 101, 3, 4, 4, 3},
}

// envelope encodes a key as SubjectPublicKeyInfo or as PKCS #8. An ML-KEM seed
// has the tag [0] in the latter, an X25519 key is an OCTET STRING (RFC 9935,
// section 6; RFC 8410, section 7).
func envelope(name, algorithm string, key []byte) (der []byte, ok bool) {
	oid, ok := evpOIDs[algorithm]
	if !ok {
		return nil, false
	}
	id := pkix.AlgorithmIdentifier{Algorithm: oid}
	var v any = struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}{id, asn1.BitString{Bytes: key, BitLength: 8 * len(key)}}
	if name == "PKCS8" {
		inner := asn1.RawValue{Tag: asn1.TagOctetString, Bytes: key}
		if algorithm != "x25519" {
			inner = asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, Bytes: key}
		}
		private, err := asn1.Marshal(inner)
		if err != nil {
			return nil, false
		}
		v = struct {
			Version   int
			Algorithm pkix.AlgorithmIdentifier
			Key       []byte
		}{0, id, private}
	}
	der, err := asn1.Marshal(v)
	return der, err == nil
}

// use returns the key that an operation names: "name" or "name/Private".
func (e *evpReader) use(r *record, field string) (evpKey, bool, error) {
	name, form, _ := strings.Cut(r.get(field), "/")
	k, ok := e.keys[name]
	if !ok {
		return k, false, r.errorf("%s names the key %q, which is not defined", field, name)
	}
	return k, form == "Private", nil
}

// derive reads a Diffie-Hellman agreement.
func (e *evpReader) derive(r *record, c *Case) error {
	k, private, err := e.use(r, "Derive")
	if err != nil {
		return err
	}
	peer, _, err := e.use(r, "DerivePeer")
	if err != nil {
		return err
	}
	c.Algorithm = k.algorithm
	c.In = Values{ClientSeed: k.private, Server: peer.public}
	switch failure := r.get("Error"); {
	case failure == "INVALID_PEER_KEY":
		c.Expect, c.Fault, c.FaultIn = Invalid, ContentFault, Server
		return nil
	case failure == "NOT_A_PRIVATE_KEY" && !private:
		c.Skip = evpAPI + " (" + failure + ")"
		return nil
	case failure != "":
		return r.errorf("unknown error %s", failure)
	}
	c.Want, err = r.values(map[string]string{"Output": SS})
	return err
}

// kem reads an operation of a KEM. Without Output it has no known answer, and is
// run from randomness of zeros.
func (e *evpReader) kem(r *record, c *Case, kind string) error {
	k, private, err := e.use(r, kind)
	if err != nil {
		return err
	}
	sizes, ok := kems[k.algorithm]
	if !ok {
		return r.errorf("%s is not a KEM", k.algorithm)
	}
	if a := r.get("Algorithm"); a != "" && evpAlgorithm(a) != k.algorithm {
		return r.errorf("the key is of %s, not of %s", k.algorithm, a)
	}
	c.Algorithm = k.algorithm
	failure := r.get("Error")
	if kind != "Decapsulate" {
		if failure != "" {
			return r.errorf("unknown error %s", failure)
		}
		if k.public == nil {
			return r.errorf("the key has no public part")
		}
		c.In = Values{EK: k.public, M: make([]byte, sizes.m)}
		if kind == "Encapsulate" {
			c.In = Values{EK: k.public}
		} else {
			c.In[Seed], c.Want = k.private, Values{EK: k.public}
		}
		return nil
	}
	if !private || k.private == nil {
		return r.errorf("decapsulation with a key that is not private")
	}
	c.In = Values{Seed: k.private}
	if c.In[CT], err = r.hex("Input"); err != nil {
		return err
	}
	if failure != "" {
		return r.errorf("unknown error %s", failure)
	}
	if r.has("DecapsulateFail") {
		r.ignore("DecapsulateFail")
		c.Expect, c.Fault, c.FaultIn = Invalid, LengthFault, CT
		return nil
	}
	c.Want, err = r.values(map[string]string{"Output": SS})
	return err
}
