package kat

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// libcrux reads libcrux's nistkats_*.json, which hash long values and leave the
// algorithm to the file's name. It is found by trying.
var libcrux = format{
	name: "libcrux JSON",
	recogniseJSON: func(v *value) bool {
		return v.isArray() && slices.ContainsFunc(v.array, func(e *value) bool {
			return e.has("key_generation_seed", "sha3_256_hash_of_public_key")
		})
	},
	readJSON: readLibcrux,
}

func readLibcrux(f *File, v *value) error {
	for i, e := range v.array {
		c := &Case{ID: fmt.Sprint(i), Digest: SHA3_256}
		var err error
		if c.In, err = e.values(map[string]string{"key_generation_seed": Seed, "encapsulation_seed": M}); err != nil {
			return err
		}
		c.Want, err = e.values(map[string]string{
			"sha3_256_hash_of_public_key": EK, "sha3_256_hash_of_secret_key": DK,
			"sha3_256_hash_of_ciphertext": CT, "shared_secret": SS,
		})
		if err != nil {
			return err
		}
		if err := e.done(); err != nil {
			return err
		}
		f.add(c)
	}
	algorithm, err := guess(f.Cases)
	if err != nil {
		return err
	}
	for _, c := range f.Cases {
		c.Algorithm = algorithm
	}
	f.note("the file does not name its algorithm: %s by its values", algorithm)
	return nil
}

// guess returns the algorithm whose public key and ciphertext one of the first
// cases has.
func guess(cases []*Case) (string, error) {
	for _, c := range cases[:min(len(cases), tries)] {
		for _, algorithm := range slices.Sorted(maps.Keys(kems)) {
			k := kemOf(Ours(), algorithm)
			ek, _, err := k.KeyGen(c.In[Seed])
			if err != nil || !bytes.Equal(c.Digest.sum(ek), c.Want[EK]) {
				continue
			}
			ct, _, err := k.Encapsulate(ek, c.In[M])
			if err == nil && bytes.Equal(c.Digest.sum(ct), c.Want[CT]) {
				return algorithm, nil
			}
		}
	}
	return "", fmt.Errorf("no algorithm that is known makes the keys of the first %d cases", tries)
}

// liboqs reads liboqs's kats.json: of each algorithm the hash of one record of
// NIST's file, and of all; before version 0.10 of one record alone.
var liboqs = format{
	name: "liboqs kats.json",
	recogniseJSON: func(v *value) bool {
		return v.isObject() && slices.ContainsFunc(v.object, func(m member) bool {
			_, hash := m.value.token.(string)
			return m.value.has("all", "single") || hash && liboqsName(m.name)
		})
	},
	readJSON: func(f *File, v *value) error {
		for _, m := range v.object {
			if err := readLiboqs(f, v, m); err != nil {
				return err
			}
		}
		return nil
	},
}

// liboqsOthers are the beginnings of the names of liboqs's other mechanisms.
var liboqsOthers = []string{"BIKE", "Classic-McEliece", "FrodoKEM", "eFrodoKEM", "HQC", "NTRU", "sntrup", "SIKE", "SIDH", "Saber", "LightSaber", "FireSaber"}

// liboqsName reports whether a name is of a mechanism that liboqs has had.
func liboqsName(name string) bool {
	_, ok := kems[strings.TrimSuffix(name, "-90s")]
	return ok || slices.ContainsFunc(liboqsOthers, func(p string) bool { return strings.HasPrefix(name, p) })
}

func readLiboqs(f *File, file *value, m member) error {
	if !liboqsName(m.name) {
		return file.errorf("unknown algorithm %q", m.name)
	}
	if _, ok := m.value.token.(string); ok {
		return addLiboqs(f, m.name, "single", 1, file, m.name)
	}
	if err := addLiboqs(f, m.name, "single", 1, m.value, "single"); err != nil {
		return err
	}
	if err := addLiboqs(f, m.name, "all", rspCount, m.value, "all"); err != nil {
		return err
	}
	return m.value.done()
}

// addLiboqs adds the case of a hash that is a member of v.
func addLiboqs(f *File, name, id string, count int, v *value, key string) error {
	c := &Case{Group: name, ID: id, Algorithm: name, Bulk: &Bulk{Count: count, hash: hashRSP}}
	want, err := v.hex(key)
	if err != nil {
		return err
	}
	if len(want) != 32 {
		return v.errorf("%s of %d bytes, want 32", key, len(want))
	}
	c.Want = Values{FileHash: want}
	switch _, ok := kems[name]; {
	case strings.HasSuffix(name, "-90s"):
		c.Skip = kyber90s
	case !ok || strings.HasSuffix(name, "-ipd") || name == "X-Wing":
		c.Skip = name + " is not an algorithm that is known here"
	}
	f.add(c)
	return nil
}

// xwingJSON reads the vectors of draft-connolly-cfrg-xwing-kem.
var xwingJSON = format{
	name: "X-Wing JSON",
	recogniseJSON: func(v *value) bool {
		return v.isArray() && slices.ContainsFunc(v.array, func(e *value) bool { return e.has("seed", "eseed", "ss", "sk", "pk", "ct") })
	},
	readJSON: func(f *File, v *value) error {
		for i, e := range v.array {
			c := &Case{ID: fmt.Sprint(i), Algorithm: "X-Wing"}
			var err error
			if c.In, err = e.values(map[string]string{"seed": Seed, "eseed": M}); err != nil {
				return err
			}
			if c.Want, err = e.values(map[string]string{"sk": DK, "pk": EK, "ct": CT, "ss": SS}); err != nil {
				return err
			}
			if err := e.done(); err != nil {
				return err
			}
			f.add(c)
		}
		return nil
	},
}

// xwingText reads the same from the draft's text, where values are broken over
// lines.
var xwingText = format{
	name: "X-Wing text",
	recognise: func(t *text) bool {
		return len(t.records) == 0 && len(t.lines) > 0 && strings.HasPrefix(t.lines[0], "seed ")
	},
	read: func(f *File, t *text) error {
		records, err := wrapped(t.raw, []string{"seed", "sk", "pk", "eseed", "ct", "ss"}, " ")
		if err != nil {
			return err
		}
		for i, v := range records {
			f.add(&Case{ID: fmt.Sprint(i), Algorithm: "X-Wing", In: Values{Seed: v["seed"], M: v["eseed"]},
				Want: Values{DK: v["sk"], EK: v["pk"], CT: v["ct"], SS: v["ss"]}})
		}
		return nil
	},
}

// wrapped reads records of hexadecimal values that go over several lines. A
// record has all of names once, in this order; other lines are an error.
func wrapped(raw string, names []string, separator string) ([]Values, error) {
	var records []Values
	var digits strings.Builder
	next, n := 0, 0
	flush := func() error {
		name := names[(next+len(names)-1)%len(names)]
		b, err := decodeHex(digits.String())
		if err != nil || len(b) == 0 {
			return fmt.Errorf("before line %d: %s: no value in hexadecimal", n, name)
		}
		records[len(records)-1][name] = b
		digits.Reset()
		return nil
	}
	for line := range strings.Lines(raw) {
		n++
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		name, rest, _ := strings.Cut(line, separator)
		if name != names[next%len(names)] {
			if len(records) == 0 {
				return nil, fmt.Errorf("line %d: want %s", n, names[0])
			}
			digits.WriteString(line)
			continue
		}
		if len(records) > 0 {
			if err := flush(); err != nil {
				return nil, err
			}
		}
		if next%len(names) == 0 {
			records = append(records, make(Values))
		}
		next++
		digits.WriteString(strings.TrimSpace(rest))
	}
	if len(records) == 0 || next%len(names) != 0 {
		return nil, fmt.Errorf("the last record ends before %s", names[next%len(names)])
	}
	return records, flush()
}
