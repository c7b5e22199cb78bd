package kat

import (
	"fmt"
	"slices"
	"strings"
)

// boringKyber reads BoringSSL's kyber_tests.txt: NIST's round-3 vectors with the
// randomness written out.
var boringKyber = format{
	name: "BoringSSL Kyber",
	recognise: func(t *text) bool {
		return t.first("count", "generateEntropy", "encapEntropyPreHash", "pk", "sk", "ct", "ss")
	},
	read: func(f *File, t *text) (err error) {
		for i, r := range t.records {
			c := &Case{ID: fmt.Sprintf("count %d", i)}
			if err := r.count(i); err != nil {
				return err
			}
			if c.In, err = r.values(map[string]string{"generateEntropy": Seed, "encapEntropyPreHash": M}); err != nil {
				return err
			}
			if c.Want, err = r.values(map[string]string{"pk": EK, "sk": DK, "ct": CT, "ss": SS}); err != nil {
				return err
			}
			set, ok := parameterSet(len(c.Want[EK]))
			if !ok {
				return r.errorf("pk of %d bytes is not of Kyber", len(c.Want[EK]))
			}
			c.Algorithm = "Kyber" + set
			if err := r.done(); err != nil {
				return err
			}
			f.add(c)
		}
		return nil
	},
}

// boringKEM reads BoringSSL's mlkem*_keygen, _encap and _decap_tests.txt. Two of
// them say "result: fail" of what is to be refused.
var boringKEM = format{
	name: "BoringSSL ML-KEM",
	recognise: func(t *text) bool {
		return t.first("seed", "public_key", "private_key") ||
			t.first("entropy", "public_key", "result", "ciphertext", "shared_secret") ||
			t.first("private_key", "ciphertext", "result", "shared_secret")
	},
	read: readBoringKEM,
}

func readBoringKEM(f *File, t *text) error {
	algorithm, err := commonSet(t, map[string]func(kemSizes) int{
		"public_key":  func(s kemSizes) int { return s.ek },
		"private_key": func(s kemSizes) int { return s.dk },
		"ciphertext":  func(s kemSizes) int { return s.ct },
	})
	if err != nil {
		return err
	}
	for _, r := range t.records {
		c := &Case{ID: fmt.Sprintf("line %d", r.line()), Algorithm: algorithm}
		if err := readBoringRecord(r, c); err != nil {
			return err
		}
		if err := r.done(); err != nil {
			return err
		}
		f.add(c)
	}
	return nil
}

func readBoringRecord(r *record, c *Case) (err error) {
	in, want := map[string]string{}, map[string]string{}
	switch {
	case r.has("seed"):
		in["seed"], want["public_key"], want["private_key"] = Seed, EK, DK
	case r.has("entropy"):
		in["entropy"], in["public_key"] = M, EK
		want["ciphertext"], want["shared_secret"] = CT, SS
	default:
		in["private_key"], in["ciphertext"] = DK, CT
		want["shared_secret"] = SS
	}
	for name := range want {
		if r.find(name) == nil { // empty where there is nothing to expect
			return r.errorf("no %s", name)
		}
	}
	if !r.has("seed") {
		switch result := r.get("result"); result {
		case "pass":
		case "fail":
			c.Expect = Invalid
		default:
			return r.errorf("result is %q, want pass or fail", result)
		}
	}
	return readFields(r, c, in, want)
}

// readFields sets a case's values. Of an invalid case nothing is wanted: what
// stands in the file is empty.
func readFields(r *record, c *Case, in, want map[string]string) (err error) {
	if c.Expect == Valid {
		if c.In, err = r.values(in); err != nil {
			return err
		}
		c.Want, err = r.values(want)
		return err
	}
	c.In = make(Values)
	for from, to := range in {
		if c.In[to], err = r.hex(from); err != nil { // may be empty
			return err
		}
	}
	c.setFault(strings.Join(r.comments, " "), nil)
	if len(c.In[DK]) == kems[c.Algorithm].dk {
		c.Policy = dkPolicy(c.In[DK])
	}
	for name := range want {
		if r.get(name) != "" {
			return r.errorf("a result of fail, and %s is not empty", name)
		}
	}
	return nil
}

// commonSet returns the parameter set that all values have the length of which
// are of the right length for any: the others are wrong on purpose.
func commonSet(t *text, lengths map[string]func(kemSizes) int) (string, error) {
	var found string
	for _, r := range t.records {
		for name, length := range lengths {
			for _, set := range []string{"ML-KEM-512", "ML-KEM-768", "ML-KEM-1024"} {
				// A ciphertext of ML-KEM-1024 is as long as an ek of it, so
				// only the same kind of value is compared.
				if f := r.find(name); f == nil || len(f.value) != 2*length(kems[set]) {
					continue
				}
				if found != "" && found != set {
					return "", r.errorf("%s is of %s, what comes before of %s", name, set, found)
				}
				found = set
			}
		}
	}
	if found == "" {
		return "", fmt.Errorf("no value has a length of ML-KEM")
	}
	return found, nil
}

// boringNISTDecap reads mlkem768_nist_decap_tests.txt: a key in brackets, and
// ciphertexts with their secrets.
var boringNISTDecap = format{
	name: "BoringSSL ML-KEM, NIST decapsulation",
	recognise: func(t *text) bool {
		return t.first("c", "k") && strings.HasPrefix(t.records[0].section, "dk:")
	},
	read: func(f *File, t *text) (err error) {
		for _, r := range t.records {
			dk, ok := strings.CutPrefix(r.section, "dk:")
			if !ok {
				return r.errorf("no dk in brackets above, but %q", r.section)
			}
			c := &Case{ID: fmt.Sprintf("line %d", r.line())}
			if c.In, err = r.values(map[string]string{"c": CT}); err != nil {
				return err
			}
			if c.In[DK], err = decodeHex(strings.TrimSpace(dk)); err != nil {
				return r.errorf("dk: %v", err)
			}
			if c.Want, err = r.values(map[string]string{"k": SS}); err != nil {
				return err
			}
			if c.Algorithm, err = mlkemByDK(r, c); err != nil {
				return err
			}
			if err := r.done(); err != nil {
				return err
			}
			f.add(c)
		}
		return nil
	},
}

// boringNISTKeygen reads mlkem768_nist_keygen_tests.txt.
var boringNISTKeygen = format{
	name:      "BoringSSL ML-KEM, NIST key generation",
	recognise: func(t *text) bool { return t.first("z", "d", "ek", "dk") },
	read: func(f *File, t *text) error {
		return readCCTV(f, t, map[string]string{"d": "d", "z": "z"}, map[string]string{"ek": EK, "dk": DK})
	},
}

// boringECDH reads ecdh_tests.txt: NIST's CAVP vectors for ECDH.
var boringECDH = format{
	name:      "BoringSSL ECDH",
	recognise: func(t *text) bool { return t.first("Curve", "Private", "X", "Y", "PeerX", "PeerY", "Z") },
	read: func(f *File, t *text) error {
		for _, r := range t.records {
			c := &Case{ID: fmt.Sprintf("line %d", r.line())}
			v, err := r.values(map[string]string{
				"Private": "Private", "X": "X", "Y": "Y", "PeerX": "PeerX", "PeerY": "PeerY", "Z": SS})
			if err != nil {
				return err
			}
			curve := r.get("Curve")
			if err := r.done(); err != nil {
				return err
			}
			id, ok, err := setCurve(c, curve)
			if err != nil {
				return r.errorf("%v", err)
			}
			if ok {
				c.In = Values{ClientSeed: scalar(v["Private"], id), Server: slices.Concat([]byte{4}, v["PeerX"], v["PeerY"])}
				c.Want = Values{Client: slices.Concat([]byte{4}, v["X"], v["Y"]), SS: v[SS]}
			}
			f.add(c)
		}
		return nil
	},
}
