package kat

import (
	"bytes"
	"crypto/sha3"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// C2SP's CCTV vectors for ML-KEM are of the initial public draft of FIPS 203:
// where a key is made from d and z, the algorithm is that draft's.

// cctvUnlucky reads samples that need many reads of the XOF: one record of d,
// z, ek, dk, m, K and c.
var cctvUnlucky = format{
	name:      "CCTV unlucky sample",
	recognise: func(t *text) bool { return t.first("d", "z", "ek", "dk", "m", "K", "c") },
	read: func(f *File, t *text) error {
		return readCCTV(f, t, map[string]string{"d": "d", "z": "z", "m": M},
			map[string]string{"ek": EK, "dk": DK, "K": SS, "c": CT})
	},
}

// cctvStrcmp reads ciphertexts that a comparison up to a zero byte takes for
// genuine: records of dk, c and K.
var cctvStrcmp = format{
	name:      "CCTV strcmp",
	recognise: func(t *text) bool { return t.first("dk", "c", "K") },
	read: func(f *File, t *text) error {
		return readCCTV(f, t, map[string]string{"dk": DK, "c": CT}, map[string]string{"K": SS})
	},
}

func readCCTV(f *File, t *text, in, want map[string]string) (err error) {
	for i, r := range t.records {
		c := &Case{ID: strconv.Itoa(i + 1)}
		if c.In, err = r.values(in); err != nil {
			return err
		}
		if c.Want, err = r.values(want); err != nil {
			return err
		}
		if err := r.done(); err != nil {
			return err
		}
		if c.Algorithm, err = mlkemByDK(r, c); err != nil {
			return err
		}
		c.Algorithm += edition(c)
		joinSeed(c)
		f.add(c)
	}
	return nil
}

// edition tells the initial public draft of FIPS 203, for which CCTV was made,
// from the standard: in the standard ρ || σ = G(d || k), in the draft G(d). What
// fits neither is taken for the draft. A case that does not generate a key is
// the same in both.
func edition(c *Case) string {
	d, ek := c.In["d"], c.Want[EK]
	if d == nil || len(ek) < 32 {
		return ""
	}
	g := sha3.Sum512(append(bytes.Clone(d), byte((len(ek)-32)/384)))
	if bytes.Equal(g[:32], ek[len(ek)-32:]) {
		return ""
	}
	return "-ipd"
}

// joinSeed makes one value of d and z.
func joinSeed(c *Case) {
	if d, ok := c.In["d"]; ok {
		c.In[Seed] = slices.Concat(d, c.In["z"])
		delete(c.In, "d")
		delete(c.In, "z")
	}
}

// mlkemByDK returns the parameter set whose expanded key has the length of the
// case's.
func mlkemByDK(r *record, c *Case) (string, error) {
	dk := c.In[DK]
	if dk == nil {
		dk = c.Want[DK]
	}
	for _, name := range []string{"ML-KEM-512", "ML-KEM-768", "ML-KEM-1024"} {
		if kems[name].dk == len(dk) {
			return name, nil
		}
	}
	return "", r.errorf("dk of %d bytes is not of ML-KEM", len(dk))
}

// cctvIntermediate reads one exchange with every value on the way. What an
// implementation shows is compared with it; all values are compared with those
// of [reference].
var cctvIntermediate = format{
	name: "CCTV intermediate values",
	recognise: func(t *text) bool {
		return len(t.records) > 0 && t.records[0].has("d", "z", "ρ", "σ", "m", "ek", "dk", "K", "c")
	},
	read: readIntermediate,
}

func readIntermediate(f *File, t *text) (err error) {
	if len(t.records) != 1 {
		return fmt.Errorf("%d records, want 1", len(t.records))
	}
	r := t.records[0]
	c := &Case{ID: "1"}
	if c.In, err = r.values(map[string]string{"d": "d", "z": "z", "m": M}); err != nil {
		return err
	}
	if c.Want, err = r.values(map[string]string{"ek": EK, "dk": DK, "K": SS, "c": CT}); err != nil {
		return err
	}
	if c.Algorithm, err = mlkemByDK(r, c); err != nil {
		return err
	}
	for _, name := range []string{"d", "z", "m"} { // which checkIntermediate computes from
		if _, err := r.hexOf(name, 32); err != nil {
			return err
		}
	}
	if _, err := r.hexOf("ek", kems[c.Algorithm].ek); err != nil {
		return err
	}
	c.Algorithm += edition(c)
	if err := checkIntermediate(r, c); err != nil {
		return err
	}
	joinSeed(c)
	f.add(c)
	return nil
}

// modulus reads CCTV's encapsulation keys with one coefficient that is not below
// q, one a line.
var modulus = format{
	name:      "CCTV modulus",
	recognise: func(t *text) bool { return hexLines(t, func(s kemSizes) int { return s.ek }) != "" },
	read: func(f *File, t *text) error {
		algorithm := hexLines(t, func(s kemSizes) int { return s.ek })
		for i, line := range t.lines {
			c := &Case{ID: fmt.Sprintf("line %d", t.loose+i), Algorithm: algorithm, Expect: Invalid, Fault: ContentFault, FaultIn: EK}
			ek, err := decodeHex(line)
			if err != nil {
				return fmt.Errorf("%s: %w", c.ID, err)
			}
			c.In = Values{EK: ek}
			f.add(c)
		}
		return nil
	},
}

// invalidDK reads libcrux's invalid_dk: an expanded decapsulation key that is to
// be refused, and a ciphertext, in two lines.
var invalidDK = format{
	name:      "libcrux invalid_dk",
	recognise: func(t *text) bool { return hexLines(t, func(s kemSizes) int { return s.dk }) != "" },
	read: func(f *File, t *text) error {
		algorithm := hexLines(t, func(s kemSizes) int { return s.dk })
		if len(t.lines)%2 != 0 {
			return fmt.Errorf("line %d: a key without a ciphertext", t.loose+len(t.lines)-1)
		}
		for i := 0; i < len(t.lines); i += 2 {
			c := &Case{ID: fmt.Sprintf("line %d", t.loose+i), Algorithm: algorithm, Expect: Invalid, Fault: ContentFault, FaultIn: DK, In: make(Values)}
			for j, name := range []string{DK, CT} {
				b, err := decodeHex(t.lines[i+j])
				if err != nil {
					return fmt.Errorf("line %d: %w", t.loose+i+j, err)
				}
				c.In[name] = b
			}
			if len(c.In[DK]) == kems[algorithm].dk {
				c.Policy = dkPolicy(c.In[DK])
			}
			f.add(c)
		}
		return nil
	},
}

// hexLines returns the parameter set in a file of nothing but hexadecimal lines
// whose first line has this length in it, or nothing.
func hexLines(t *text, length func(kemSizes) int) string {
	if len(t.records) > 0 || len(t.lines) == 0 {
		return ""
	}
	for _, name := range []string{"ML-KEM-512", "ML-KEM-768", "ML-KEM-1024"} {
		if len(t.lines[0]) == 2*length(kems[name]) {
			return name
		}
	}
	return ""
}

// dkPolicy returns why implementations may differ on an expanded key of the
// right length, if they may: section 7.3 of FIPS 203 asks for its length and for
// the hash in it, and not for its coefficients.
func dkPolicy(dk []byte) string {
	ek := ekIn(dk)
	switch {
	case badDK(dk) != badReduction:
		return ""
	case !reduced(dk[:len(ek)-32]):
		return "an expanded dk with coefficients that are not below q (FIPS 203, section 7.3 does not ask for the check)"
	}
	return "an expanded dk whose ek has coefficients that are not below q (FIPS 203, section 7.3 does not ask for the check)"
}

// reduced reports whether all 12-bit coefficients are below q = 3329.
func reduced(b []byte) bool {
	for ; len(b) >= 3; b = b[3:] {
		if uint(b[0])|uint(b[1]&15)<<8 >= 3329 || uint(b[1])>>4|uint(b[2])<<4 >= 3329 {
			return false
		}
	}
	return true
}

// cctvAccumulated reads the hashes over many exchanges, which stand in CCTV's
// documentation.
var cctvAccumulated = format{
	name:      "CCTV accumulated hashes",
	recognise: func(t *text) bool { return accumulatedHeading.MatchString(t.raw) && accumulatedHash.MatchString(t.raw) },
	read:      readAccumulated,
}

var (
	accumulatedHeading = regexp.MustCompile(`(?m)^The resulting hashes for ([0-9 ]+) consecutive tests are:`)
	accumulatedHash    = regexp.MustCompile("(?m)^\\s*\\* (ML-KEM-[0-9]+): `([^`]*)`")
)

// longRun is the number of exchanges beyond which a bulk case is not run unless
// it is asked for.
const longRun = 100_000

func readAccumulated(f *File, t *text) error {
	headings := accumulatedHeading.FindAllStringSubmatchIndex(t.raw, -1)
	for i, h := range headings {
		count, err := strconv.Atoi(strings.ReplaceAll(t.raw[h[2]:h[3]], " ", ""))
		if err != nil || count < 1 || count > 10_000_000 {
			return fmt.Errorf("%q is not a number of tests", t.raw[h[2]:h[3]])
		}
		end := len(t.raw)
		if i+1 < len(headings) {
			end = headings[i+1][0]
		}
		for _, m := range accumulatedHash.FindAllStringSubmatch(t.raw[h[1]:end], -1) {
			want, err := decodeHex(m[2])
			if err != nil || len(want) != 32 {
				return fmt.Errorf("%s: %q is not a hash of 32 bytes", m[1], m[2])
			}
			c := &Case{Group: m[1], ID: fmt.Sprintf("%d exchanges", count), Algorithm: m[1] + "-ipd",
				Bulk: &Bulk{Count: count, hash: accumulate}, Want: Values{FileHash: want}}
			if count > longRun {
				c.Skip = LongRun
			}
			f.add(c)
		}
	}
	return nil
}

// LongRun is the reason for which a case of a million exchanges is skipped; a
// caller who has the time clears it.
const LongRun = "takes minutes; run it with --long"
