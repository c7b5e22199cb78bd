package kat

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// HPKE's vectors (RFC 9180, appendix A, and its successors) end in a key
// schedule that is HPKE's own. What is checked here is the KEM before it.

// hpkeKEMs are the KEM identifiers of HPKE whose secret is that of a KEM we
// have (draft-ietf-hpke-pq; draft-connolly-cfrg-xwing-kem).
var hpkeKEMs = map[int]string{
	0x0040: "ML-KEM-512",
	0x0041: "ML-KEM-768",
	0x0042: "ML-KEM-1024",
	0x647A: "X-Wing",
}

// hpkeOthers are those that are something else.
var hpkeOthers = map[int]string{
	0x0010: "DHKEM(P-256), which hashes the shared secret",
	0x0011: "DHKEM(P-384), which hashes the shared secret",
	0x0012: "DHKEM(P-521), which hashes the shared secret",
	0x0020: "DHKEM(X25519), which hashes the shared secret",
	0x0021: "DHKEM(X448), which hashes the shared secret",
	0x0050: "MLKEM768-P256, a hybrid with a combiner of its own",
	0x0051: "MLKEM1024-P384, a hybrid with a combiner of its own",
}

var hpkeJSON = format{
	name: "HPKE JSON",
	recogniseJSON: func(v *value) bool {
		return v.isArray() && slices.ContainsFunc(v.array, func(e *value) bool { return e.has("kem_id", "enc", "skRm") })
	},
	readJSON: func(f *File, v *value) error {
		for i, e := range v.array {
			if err := readHPKE(f, i, e); err != nil {
				return err
			}
		}
		f.note("the KEM alone is checked, not the key schedule of HPKE after it")
		return nil
	},
}

func readHPKE(f *File, i int, v *value) error {
	id, err := v.num("kem_id")
	if err != nil {
		return err
	}
	c := &Case{ID: fmt.Sprint(i), Algorithm: hpkeKEMs[id]}
	if c.Algorithm == "" {
		what, ok := hpkeOthers[id]
		if !ok {
			return v.errorf("unknown kem_id %#x", id)
		}
		c.Skip = fmt.Sprintf("kem_id %#04x is %s", id, what)
		f.add(c)
		return nil
	}
	v.ignore("mode", "kdf_id", "aead_id", "info", "ikmR", "suite_id", "key", "base_nonce", "exporter_secret",
		"encryptions", "exports", "psk", "psk_id", "secret", "key_schedule_context")
	if c.In, err = v.values(map[string]string{"skRm": Seed, "ikmE": M}); err != nil {
		return err
	}
	if c.Want, err = v.values(map[string]string{"pkRm": EK, "enc": CT, "shared_secret": SS}); err != nil {
		return err
	}
	f.add(c)
	return v.done()
}

// hpkeText reads draft-westerbaan-cfrg-hpke-xyber768d00 in the layout of RFC
// 9180, appendix A: values broken over lines, in Markdown.
var hpkeText = format{
	name: "HPKE text",
	recognise: func(t *text) bool {
		return slices.ContainsFunc(t.records, func(r *record) bool { return r.has("mode", "kem_id", "kdf_id", "aead_id") })
	},
	read: readHPKEText,
}

func readHPKEText(f *File, t *text) error {
	for _, v := range hpkeSetups(t.raw) {
		if v["kem_id"] != "48" {
			return fmt.Errorf("unknown kem_id %s", v["kem_id"])
		}
		c := &Case{ID: "mode " + v["mode"] + " " + strconv.Itoa(len(f.Cases)+1), Algorithm: "Kyber768", In: make(Values), Want: make(Values)}
		for _, p := range []struct {
			name string
			to   Values
			as   string
			skip int // bytes of the X25519 half
		}{
			{"skRm", c.In, DK, 32}, {"pkRm", c.In, EK, 32}, {"ier", c.In, M, 32},
			{"enc", c.Want, CT, 32}, {"shared_secret", c.Want, SS, 32},
		} {
			b, err := decodeHex(v[p.name])
			if err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			if len(b) <= p.skip {
				return fmt.Errorf("%s: %d bytes, or none", p.name, len(b))
			}
			p.to[p.as] = b[p.skip:]
		}
		f.add(c)
	}
	f.note("the Kyber768 half alone is checked: the other is DHKEM(X25519), which hashes the shared secret")
	return nil
}

// hpkeSetups collects the values of each setup, which starts with its mode.
func hpkeSetups(raw string) []map[string]string {
	var setups []map[string]string
	name := ""
	for line := range strings.Lines(raw) {
		line = strings.TrimSpace(line)
		n, value, ok := cutField(line)
		switch {
		case ok && n == "mode":
			setups = append(setups, map[string]string{"mode": value})
			name = ""
		case len(setups) == 0:
		case ok:
			name = n
			if _, twice := setups[len(setups)-1][name]; twice {
				name = "" // of the lists of encryptions and exports
				continue
			}
			setups[len(setups)-1][name] = value
		case line == "" || strings.ContainsAny(line, "~#"):
			name = ""
		case name != "":
			setups[len(setups)-1][name] += line
		}
	}
	return setups
}
