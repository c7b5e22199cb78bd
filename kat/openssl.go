package kat

import (
	"fmt"
	"slices"
	"strings"
)

// openSSL reads the ML-KEM files of OpenSSL's test/recipes/30-test_evp_data:
// records of KeyGen and Kem, with what must fail told by Result.
var openSSL = format{
	name: "OpenSSL evp_test",
	recognise: func(t *text) bool {
		return len(t.lines) == 0 && slices.ContainsFunc(t.records, func(r *record) bool {
			return r.has("Kem") || r.has("KeyGen") && (r.has("Seed") || r.has("Ctrl"))
		})
	},
	read: readOpenSSL,
}

func readOpenSSL(f *File, t *text) error {
	for _, r := range t.records {
		r.ignore("Title", "FIPSversion", "Unapproved", "Availablein", "KeyName", "Securitycategory")
		if r.has("Title") && len(r.fields) == 1 {
			continue
		}
		c := &Case{ID: fmt.Sprintf("line %d", r.line())}
		var err error
		switch {
		case r.has("KeyGen"):
			c.Algorithm = r.get("KeyGen")
			err = readOpenSSLKeyGen(r, c)
		case r.has("Kem"):
			c.Algorithm = r.get("Kem")
			err = readOpenSSLKem(r, c)
		default:
			skipRecord(r, c, "not a key exchange: a record of "+r.fields[0].name)
		}
		if err != nil {
			return err
		}
		if err := r.done(); err != nil {
			return err
		}
		f.add(c)
	}
	return nil
}

func knownKEM(r *record, c *Case) error {
	c.Algorithm = evpAlgorithm(c.Algorithm)
	if _, ok := kems[c.Algorithm]; !ok {
		return r.errorf("unknown algorithm %q", c.Algorithm)
	}
	return nil
}

// readOpenSSLKeyGen reads a seed and both keys: as fields, or as parameters of
// the form "name:hex".
func readOpenSSLKeyGen(r *record, c *Case) (err error) {
	if err := knownKEM(r, c); err != nil {
		return err
	}
	if r.get("Result") != "" {
		return r.errorf("a Result %q of key generation is not known", r.get("Result"))
	}
	for i := range r.fields {
		f := &r.fields[i]
		if f.name != "Ctrl" && f.name != "CtrlOut" {
			continue
		}
		name, value, _ := strings.Cut(f.value, ":")
		as := map[string]string{"hexseed": "Seed", "hexpub": "EncodedPublicKey", "hexpriv": "EncodedPrivateKey"}[name]
		if as == "" {
			return fmt.Errorf("line %d: unknown parameter %q", f.line, name)
		}
		f.name, f.value = as, value
	}
	return readFields(r, c, map[string]string{"Seed": Seed},
		map[string]string{"EncodedPublicKey": EK, "EncodedPrivateKey": DK})
}

// openSSLResults are the failures that evp_test knows of a KEM, with the fault
// that they are for, where the comment does not tell.
var openSSLResults = map[string]struct {
	fault Fault
	in    string
}{
	"TEST_PARSE_PUBLIC_KEY_ERROR":  {AnyFault, EK},
	"TEST_PARSE_PRIVATE_KEY_ERROR": {AnyFault, DK},
	"TEST_ENCAPSULATE_ERROR":       {AnyFault, ""},
	"TEST_DECAPSULATE_ERROR":       {LengthFault, CT},
	"TEST_DECAPSULATE_LEN_ERROR":   {LengthFault, CT},
}

func readOpenSSLKem(r *record, c *Case) error {
	if err := knownKEM(r, c); err != nil {
		return err
	}
	if result := r.get("Result"); result != "" {
		known, ok := openSSLResults[result]
		if !ok {
			return r.errorf("unknown Result %q", result)
		}
		c.Expect, c.Fault, c.FaultIn = Invalid, known.fault, known.in
	}
	if r.has("EncodedPrivateKey") {
		return readFields(r, c, map[string]string{"EncodedPrivateKey": DK, "Input": CT}, map[string]string{"Output": SS})
	}
	return readFields(r, c, map[string]string{"EncodedPublicKey": EK, "Entropy": M},
		map[string]string{"Ciphertext": CT, "Output": SS})
}
