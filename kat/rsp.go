package kat

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// rspCount is how many records NIST's files have.
const rspCount = 100

// newSeeds returns the generator of the records' seeds, whose entropy input is
// 00 01 .. 2f.
func newSeeds() *drbg {
	var entropy [drbgSeedSize]byte
	for i := range entropy {
		entropy[i] = byte(i)
	}
	return newDRBG(&entropy)
}

// randomness draws what a record needs from its seed. Round 3 drew d, z and m
// apart; ML-KEM draws d and z at once.
func randomness(algorithm string, seed []byte) (dz, m []byte) {
	d := newDRBG((*[drbgSeedSize]byte)(seed))
	if isKyber(algorithm) {
		dz = append(d.draw(32), d.draw(32)...)
	} else {
		dz = d.draw(64)
	}
	return dz, d.draw(32)
}

// WriteResponse writes NIST's file of known answers, PQCkemKAT_*.rsp, with
// count records (NIST has 100) of an ML-KEM or a Kyber of impl. title is what
// stands in the first line, after "# ": NIST has "Kyber768", circl the same for
// ML-KEM-768.
func WriteResponse(w io.Writer, impl Implementation, algorithm, title string, count int) error {
	k := impl.KEM(algorithm)
	if k == nil {
		return fmt.Errorf("kat: %s is %w %s", algorithm, ErrUnsupported, impl.Name())
	}
	if _, err := fmt.Fprintf(w, "# %s\n\n", title); err != nil {
		return err
	}
	seeds := newSeeds()
	for i := range count {
		if err := writeRecord(w, k, algorithm, i, seeds.draw(drbgSeedSize)); err != nil {
			return err
		}
	}
	return nil
}

// WriteRequest writes the file that goes with [WriteResponse], PQCkemKAT_*.req:
// the seeds alone, with an empty line for each answer and no title.
func WriteRequest(w io.Writer, count int) error {
	seeds := newSeeds()
	for i := range count {
		if _, err := fmt.Fprintf(w, "count = %d\nseed = %X\npk =\nsk =\nct =\nss =\n\n", i, seeds.draw(drbgSeedSize)); err != nil {
			return err
		}
	}
	return nil
}

func writeRecord(w io.Writer, k KEM, algorithm string, i int, seed []byte) error {
	dz, m := randomness(algorithm, seed)
	ek, dk, err := k.KeyGen(dz)
	if err != nil {
		return err
	}
	if dk == nil {
		return fmt.Errorf("a decapsulation key in expanded form is %w", ErrUnsupported)
	}
	ct, ss, err := k.Encapsulate(ek, m)
	if err != nil {
		return err
	}
	if again, err := k.DecapsulateSeed(dz, ct); err != nil || !bytes.Equal(again, ss) {
		return wrongErrorf("record %d: decapsulation gives %x, error %v, encapsulation gave %x", i, again, err, ss)
	}
	_, err = fmt.Fprintf(w, "count = %d\nseed = %X\npk = %X\nsk = %X\nct = %X\nss = %X\n\n", i, seed, ek, dk, ct, ss)
	return err
}

// rsp reads NIST's response files: a title in a comment, then records of count,
// seed, pk, sk, ct and ss.
var rsp = format{
	name: "NIST .rsp",
	recognise: func(t *text) bool {
		return len(t.lines) == 0 && len(t.records) > 0 && t.records[0].has("count", "seed", "pk") && !t.records[0].has("msg")
	},
	read: readRSP,
}

func readRSP(f *File, t *text) error {
	algorithm, err := rspAlgorithm(t)
	if err != nil {
		return err
	}
	variant := rspVariant{algorithm: algorithm}
	skip := ""
	if _, ok := kems[algorithm]; !ok {
		skip = kyber90s
	} else if variant, err = rspGeneration(f, t, algorithm); err != nil {
		return err
	}
	for i, r := range t.records {
		c := &Case{ID: fmt.Sprintf("count %d", i), Algorithm: variant.algorithm, Skip: skip}
		if err := r.count(i); err != nil {
			return err
		}
		seed, err := r.hexOf("seed", drbgSeedSize)
		if err != nil {
			return err
		}
		c.In = make(Values)
		if skip == "" {
			c.In[Seed], c.In[M] = variant.draw(variant.algorithm, seed)
		}
		if c.Want, err = r.values(map[string]string{"pk": EK, "sk": DK, "ct": CT, "ss": SS}); err != nil {
			return err
		}
		if err := r.done(); err != nil {
			return err
		}
		f.add(c)
	}
	if len(t.records) != rspCount {
		f.note("%d records, where NIST's files have %d", len(t.records), rspCount)
	}
	return nil
}

// rspAlgorithm takes the algorithm from the title, or from the length of pk.
func rspAlgorithm(t *text) (string, error) {
	if len(t.records) == 0 {
		return "", errors.New("no records")
	}
	if r := t.records[0]; r.get("pk") == "" && r.get("ss") == "" {
		return "", r.errorf("no expected result: this is a request file (.req), its answers are in the .rsp file")
	}
	for _, title := range t.comments {
		name := strings.ToLower(strings.NewReplacer("-", "", "_", "", " ", "").Replace(title))
		for _, n := range []string{"512", "768", "1024"} {
			switch name {
			case "kyber" + n:
				return "Kyber" + n, nil
			case "mlkem" + n:
				return "ML-KEM-" + n, nil
			case "kyber" + n + "90s":
				return title, nil
			}
		}
	}
	k, ok := parameterSet(len(t.records[0].get("pk")) / 2)
	if !ok {
		return "", fmt.Errorf("no title such as \"# Kyber768\", and a pk of %d hex digits is not of ML-KEM or Kyber", len(t.records[0].get("pk")))
	}
	return "Kyber" + k, nil
}

// A rspVariant is a generation of the algorithm, and the way in which a file
// draws d and z.
type rspVariant struct {
	algorithm string
	draw      func(algorithm string, seed []byte) (dz, m []byte)
	note      string
}

// rspVariants are what a file with a title can be: circl and the ML-KEM branches
// of others write "# Kyber768" over ML-KEM-768, and draws differ.
func rspVariants(algorithm string) []rspVariant {
	var list []rspVariant
	for _, a := range []string{algorithm, strings.Replace(algorithm, "Kyber", "ML-KEM-", 1)} {
		list = append(list, rspVariant{a, randomness, ""},
			rspVariant{a, drawApart, "d and z are drawn apart"}, rspVariant{a, drawBackwards, "z is drawn before d"})
	}
	return list
}

// drawApart draws d and z one after the other, as round 3 does.
func drawApart(_ string, seed []byte) (dz, m []byte) { return randomness("Kyber", seed) }

// drawBackwards draws z first, as post-quantum-cryptography/KAT does.
func drawBackwards(_ string, seed []byte) (dz, m []byte) {
	d := newDRBG((*[drbgSeedSize]byte)(seed))
	z := d.draw(32)
	return append(d.draw(32), z...), d.draw(32)
}

// rspGeneration settles what the title leaves open. The first keys tell, of which
// one may have been tampered with. A file whose keys are like none that is known
// is of another algorithm, such as Kyber of round 1 or 2.
func rspGeneration(f *File, t *text, algorithm string) (rspVariant, error) {
	for _, r := range t.records[:min(len(t.records), tries)] {
		seed, err := r.peekHex("seed", drbgSeedSize)
		if err != nil {
			return rspVariant{}, err
		}
		for _, v := range rspVariants(algorithm) {
			dz, _ := v.draw(v.algorithm, seed)
			ek, _, err := Ours().KEM(v.algorithm).KeyGen(dz)
			if err != nil {
				return rspVariant{}, err
			}
			sk := r.get("sk") // ends in z
			if !alike(r.get("pk"), fmt.Sprintf("%x", ek)) || !alike(sk[max(0, len(sk)-64):], fmt.Sprintf("%x", dz[32:])) {
				continue
			}
			if v.algorithm != algorithm {
				f.note("the title says %s, the keys are of %s", algorithm, v.algorithm)
			}
			if v.note != "" {
				f.note("%s", v.note)
			}
			return v, nil
		}
	}
	return rspVariant{}, fmt.Errorf("the keys are not those that %s makes of the seeds: another version of it, or another generator", algorithm)
}

// alike reports whether two values in hexadecimal have most of their digits in
// common, which those of two algorithms have not.
func alike(a, b string) bool {
	same := 0
	for i := range min(len(a), len(b)) {
		if a[i]|0x20 == b[i] { // of either case
			same++
		}
	}
	return same > len(b)/2
}

// tries is how many cases are tried to tell an algorithm that a file does not
// name. The first may be the one that was tampered with.
const tries = 8

// parameterSet returns the suffix, 512, 768 or 1024, of the ML-KEM and Kyber
// whose encapsulation keys have this length in bytes.
func parameterSet(ek int) (string, bool) {
	for _, n := range []string{"512", "768", "1024"} {
		if kems["ML-KEM-"+n].ek == ek {
			return n, true
		}
	}
	return "", false
}
