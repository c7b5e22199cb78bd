package kat

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/fips140"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pqkx/pqkx"
)

// openSSLKeysSample has keys of X25519 (RFC 7748, section 6.1) and of two curves.
func openSSLKeysSample(t testing.TB) (text string) {
	fips140.WithoutEnforcement(func() { text = writeOpenSSLKeys(t) })
	return text
}

func writeOpenSSLKeys(t testing.TB) string {
	var b strings.Builder
	block := func(kind, name, label string, der []byte) {
		fmt.Fprintf(&b, "%s=%s\n%s\n", kind, name, pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der}))
	}
	public := func(name string, key any) {
		der, err := x509.MarshalPKIXPublicKey(key)
		if err != nil {
			t.Fatal(err)
		}
		block("PublicKey", name, "PUBLIC KEY", der)
	}
	private := func(name string, key any) {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		block("PrivateKey", name, "PRIVATE KEY", der)
	}
	b.WriteString("# Tests start with a keyword\n\nTitle = Keys with names\n\n")
	alice, _ := hex.DecodeString("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
	bob, _ := hex.DecodeString("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")
	for _, c := range []struct {
		name       string
		curve      ecdh.Curve
		own, other []byte
	}{
		{"x", ecdh.X25519(), alice, bob},
		{"p", ecdh.P256(), bytes.Repeat([]byte{0x5A}, 32), bytes.Repeat([]byte{0x6B}, 32)},
		{"q", ecdh.P521(), slices.Concat([]byte{0}, bytes.Repeat([]byte{0x5A}, 65)), bytes.Repeat([]byte{1}, 66)},
	} {
		own, err := c.curve.NewPrivateKey(c.own)
		if err != nil {
			t.Fatal(err)
		}
		other, err := c.curve.NewPrivateKey(c.other)
		if err != nil {
			t.Fatal(err)
		}
		ss, err := own.ECDH(other.PublicKey())
		if err != nil {
			t.Fatal(err)
		}
		private(c.name, own)
		public(c.name+"-pub", own.PublicKey())
		public(c.name+"-peer", other.PublicKey())
		fmt.Fprintf(&b, "PrivPubKeyPair = %[1]s:%[1]s-pub\n\n# Alice\nAvailablein = default\nDerive=%[1]s\nPeerKey=%[1]s-peer\nSharedSecret=%[2]x\n\n", c.name, ss)
		if c.name != "p" {
			continue
		}
		sec1, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), c.own)
		if err != nil {
			t.Fatal(err)
		}
		der, err := x509.MarshalECPrivateKey(sec1)
		if err != nil {
			t.Fatal(err)
		}
		block("PrivateKey", "p-sec1", "EC PRIVATE KEY", der)
		b.WriteString("PrivPubKeyPair = p-sec1:p-pub\n\n")
	}
	fmt.Fprintf(&b, "PublicKeyRaw=zero:X25519:%064x\n\nDerive=x\nPeerKey=zero\nResult=DERIVE_ERROR\nReason=point\n\n", 0)
	private("ed", ed25519.NewKeyFromSeed(alice))
	public("ed-pub", ed25519.NewKeyFromSeed(alice).Public())
	fmt.Fprintf(&b, "PrivPubKeyPair = ed:ed-pub\n\nPublicKeyRaw = ed-raw:ED25519:%064x\n\nPrivPubKeyPair = ed:ed-raw\n\nPublicKeyRaw = four:X448:%0112x\n\n", 5, 5)
	b.WriteString("OneShotDigestSign = NULL\nKey = ed\nInput = \"\"\nOutput = 00\n\nDerive=p\nPeerKey=p-peer\nCtrl=ecdh_cofactor_mode:1\nCtrl = other:2\nSharedSecret=00\n\n")
	b.WriteString("PrivPubKeyPair = x:x-peer\nResult = KEYPAIR_MISMATCH\n\nDerive=p\nPeerKeyValidate=q-peer\nResult=DERIVE_SET_PEER_ERROR\n")
	return b.String()
}

// TestOpenSSLKeysTampered flips two bits of each byte in each PEM block. The file
// is refused or a case fails, but for the bits that X25519 does not look at.
func TestOpenSSLKeysTampered(t *testing.T) {
	text, _, ok := strings.Cut(openSSLKeysSample(t), "PrivateKey=q\n")
	if !ok {
		t.Fatal("no key q in the sample")
	}
	blocks := 0
	for _, at := range regexp.MustCompile(`(?s)(\w+)=(\S+)\n(-----BEGIN.*?-----END [A-Z ]+-----\n)`).FindAllStringSubmatchIndex(text, -1) {
		blocks++
		name := text[at[4]:at[5]]
		block, _ := pem.Decode([]byte(text[at[6]:at[7]]))
		for i := range block.Bytes {
			for _, bit := range []byte{1 << (i % 4), 0x10 << (i % 4)} {
				block.Bytes[i] ^= bit
				f, err := readText(text[:at[6]] + string(pem.EncodeToMemory(block)) + text[at[7]:])
				block.Bytes[i] ^= bit
				if err != nil || unlooked(name, i, len(block.Bytes), bit) {
					continue
				}
				if _, failures := outcome(f, Ours()); len(failures) == 0 {
					t.Errorf("unnoticed: key %s, byte %d, bit %#x", name, i, bit)
				}
			}
		}
	}
	if blocks != 7 {
		t.Errorf("%d blocks of PEM, want 7", blocks)
	}
}

// unlooked reports whether a bit is one of those that X25519 sets or clears in a
// private key or in its peer's share (RFC 7748, section 5).
func unlooked(name string, i, size int, bit byte) bool {
	first, last := i == size-32, i == size-1
	return name == "x" && (first && bit < 8 || last && bit >= 0x40) || name == "x-peer" && last && bit == 0x80
}

// TestOpenSSLKeys has changes of the sample that must be an error, or a failure.
func TestOpenSSLKeys(t *testing.T) {
	sample := openSSLKeysSample(t)
	for _, test := range []struct{ name, old, new, err, failure string }{
		{"a secret", "SharedSecret=4", "SharedSecret=5", "", "differs ss"},
		{"a pair of two groups", "PrivPubKeyPair = p:p-pub", "PrivPubKeyPair = p:x-pub", "", "a pair of keys of secp256r1 and x25519"},
		{"a pair with a key of no group", "PrivPubKeyPair = x:x-pub", "PrivPubKeyPair = x:ed-pub", "not defined", ""},
		{"a pair of two algorithms", "PrivPubKeyPair = ed:ed-raw", "PrivPubKeyPair = ed:zero", "", "a pair of keys of ED25519 and x25519"},
		{"a pair that is none", "PrivPubKeyPair = x:x-pub", "PrivPubKeyPair = x:x-peer", "", "differs"},
		{"a pair of public keys", "PrivPubKeyPair = x:x-pub", "PrivPubKeyPair = x-pub:x-pub", "not a private and a public", ""},
		{"three of a pair", "PrivPubKeyPair = x:x-pub", "PrivPubKeyPair = x:x-pub:x", "3 names", ""},
		{"a secret of two groups", "PeerKey=p-peer", "PeerKey=x-peer", "", "keys of secp256r1 and x25519"},
		{"a refusal that has none", "PeerKey=zero", "PeerKey=x-peer", "", "accepted"},
		{"no such key", "Derive=x", "Derive=y", `"y" is not defined`, ""},
		{"no private key", "Derive=x", "Derive=x-pub", "not a private key", ""},
		{"no secret", "SharedSecret=", "Reason=", "no SharedSecret", ""},
		{"a secret of nothing", "SharedSecret=", "SharedSecret=\n\nTitle=", "SharedSecret is empty", ""},
		{"a secret and a refusal", "Reason=point", "SharedSecret=00", "a Result of DERIVE_ERROR, and a SharedSecret", ""},
		{"unknown refusal", "DERIVE_ERROR", "DERIVE_WHAT", "unknown Result", ""},
		{"unknown refusal of a pair", "KEYPAIR_MISMATCH", "KEYPAIR_WHAT", "unknown Result", ""},
		{"unknown operation", "OneShotDigestSign", "OneShotDigestSing", "unknown operation", ""},
		{"unknown field", "Availablein", "Avail", "unknown operation Avail", ""},
		{"a field more", "PeerKey=x-peer", "PeerKey=x-peer\nSalt=00", "unknown field Salt", ""},
		{"no operation", "PublicKeyRaw=zero:", "Reason=1\n\nPublicKeyRaw=zero:", "without an operation", ""},
		{"key twice", "PublicKey=x-peer", "PublicKey=x", `key "x" stands twice`, ""},
		{"key without a name", "PublicKey=x-peer", "PublicKey=", "has no name", ""},
		{"more than a name", "PublicKey=x-peer", "PublicKey=x-peer:1", "follows its name", ""},
		{"private and public", "PrivateKey=x", "PublicKey=x", "want PUBLIC KEY", ""},
		{"a raw key too long", "zero:X25519:", "zero:X25519:00", "length of a key of x25519", ""},
		{"a raw key of no known algorithm", "X448", "X449", `unknown algorithm "X449"`, ""},
		{"a raw key of odd digits", "X448:", "X448:0", "hexadecimal", ""},
		{"prose in a block", "PUBLIC KEY-----\n", "PUBLIC KEY-----\nProc-Type: 4\n", "not a line of PEM", ""},
		{"base64 without its end", "=\n-----END PUBLIC KEY", "\n-----END PUBLIC KEY", "base64", ""},
		{"loose bits at the end of base64", "Tmo=", "Tmp=", "base64", ""},
		{"another end", "-----END PUBLIC KEY", "-----END PRIVATE KEY", "not a line of PEM", ""},
		{"prose", "# Alice", "Alice and Bob", "no field, and in no PEM block", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := strings.Replace(sample, test.old, test.new, 1)
			if text == sample {
				t.Fatalf("no %q in the sample", test.old)
			}
			f, err := readText(text)
			if err != nil || test.err != "" {
				if err == nil || test.err == "" || !strings.Contains(err.Error(), test.err) || !strings.Contains(err.Error(), ": line ") {
					t.Errorf("error %v, want one about %q, with its line", err, test.err)
				}
				return
			}
			if _, failures := outcome(f, Ours()); len(failures) != 1 || !strings.Contains(failures[0], test.failure) {
				t.Errorf("failures %q, want one about %q", failures, test.failure)
			}
		})
	}
	_, err := readText(sample + "\nPublicKey=z\n-----BEGIN PUBLIC KEY-----\n")
	if want := fmt.Sprintf("line %d: a PEM block without an end", strings.Count(sample, "\n")+3); err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("error %v, want %s", err, want)
	}
	long := "Derive=a\nPeerKey=b\n\nPrivateKey=a\n-----BEGIN PRIVATE KEY-----\n" + strings.Repeat("AAAA\n", maxFields/2) + "-----END PRIVATE KEY-----\n\n#\nno field\n"
	want := fmt.Sprintf("line %d: no field", strings.Count(long, "\n"))
	if _, err := readText(long); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("after a long block: error %v, want %s", err, want)
	}
}

// TestOpenSSLKeysEnvelope has envelopes that hold more than the key, or what does
// not fit it.
func TestOpenSSLKeysEnvelope(t *testing.T) {
	marshal := func(v any) []byte {
		der, err := asn1.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	type ec struct {
		Version int
		Key     []byte
		Curve   asn1.ObjectIdentifier `asn1:"optional,explicit,tag:0"`
		Public  asn1.BitString        `asn1:"optional,explicit,tag:1"`
	}
	type p8 struct {
		Version   int
		Algorithm pkix.AlgorithmIdentifier
		Key       []byte
		More      []int `asn1:"optional,omitempty,tag:0"`
	}
	type spki struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
		More      int `asn1:"optional"`
	}
	p256, p384 := curveOIDs[pqkx.Secp256r1], curveOIDs[pqkx.Secp384r1]
	a := pkix.AlgorithmIdentifier{Algorithm: oidECPublicKey, Parameters: asn1.RawValue{FullBytes: marshal(p256)}}
	key, point := make([]byte, 32), asn1.BitString{Bytes: make([]byte, 65), BitLength: 8 * 65}
	none, bits := asn1.BitString{}, asn1.BitString{Bytes: point.Bytes, BitLength: 8*65 - 1}
	private, sec1, public := "PRIVATE KEY", "EC PRIVATE KEY", "PUBLIC KEY"
	for _, test := range []struct {
		name, label string
		v           any
		ok          bool
	}{
		{"PKCS #8", private, p8{0, a, marshal(ec{1, key, nil, none}), nil}, true},
		{"with the curve", private, p8{0, a, marshal(ec{1, key, p256, none}), nil}, true},
		{"with another curve", private, p8{0, a, marshal(ec{1, key, p384, none}), nil}, false},
		{"with attributes", private, p8{0, a, marshal(ec{1, key, nil, none}), []int{1}}, false},
		{"with a short key", private, p8{0, a, marshal(ec{1, key[1:], nil, none}), nil}, true}, // a number
		{"with a long key", private, p8{0, a, marshal(ec{1, append([]byte{1}, key...), nil, none}), nil}, false},
		{"EC", sec1, ec{1, key, p256, none}, true},
		{"EC without a curve", sec1, ec{1, key, nil, none}, false},
		{"EC of no known curve", sec1, ec{1, key, oidECPublicKey, none}, true}, // skipped
		{"EC of another curve", sec1, ec{1, key, p384, none}, true},            // a number
		{"EC with its point", sec1, ec{1, key, p256, point}, true},
		{"EC with a point of bits", sec1, ec{1, key, p256, bits}, false},
		{"SPKI", public, spki{a, point, 0}, true},
		{"SPKI with more", public, spki{a, point, 1}, false},
		{"SPKI with bits", public, spki{a, bits, 0}, false},
	} {
		body := test.label + "," + base64.StdEncoding.EncodeToString(marshal(test.v))
		if _, err := pemKey(body, test.label != public); (err == nil) != test.ok {
			t.Errorf("%s: error %v, want one: %v", test.name, err, !test.ok)
		}
	}
}

// TestOpenSSLKeysFIPS skips what OpenSSL's FIPS module alone refuses.
func TestOpenSSLKeysFIPS(t *testing.T) {
	sample := openSSLKeysSample(t)
	text := sample + "\nAvailablein = fips\nDerive=x\nPeerKey=x-peer\nResult=DERIVE_ERROR\n"
	f, err := readText(text)
	if err != nil {
		t.Fatal(err)
	}
	if count, failures := outcome(f, Ours()); count[Skipped] != 19 || len(failures) > 0 {
		t.Errorf("%v, failures %q; want 19 skipped", count, failures)
	}
	if f, err = readText(strings.Replace(text, "= fips", "= default", 1)); err != nil {
		t.Fatal(err)
	}
	if _, failures := outcome(f, Ours()); len(failures) != 1 {
		t.Errorf("a refusal of a good key by all: failures %q, want one", failures)
	}
}
