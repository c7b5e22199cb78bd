package kat

import (
	"bytes"
	"crypto/mlkem"
	"encoding/hex"
	"strings"
	"testing"
)

// intermediateFile writes a file of CCTV's intermediate values by the reference.
func intermediateFile(algorithm string, draft bool) string {
	seed := bytes.Repeat([]byte{7}, 32)
	var b strings.Builder
	for _, v := range references[algorithm].intermediateValues(draft, seed, seed, seed) {
		b.WriteString(v.name + " = " + v.value + "\n")
	}
	return b.String()
}

// TestIntermediateValues changes one nibble in each line of a file: every one is
// noticed.
func TestIntermediateValues(t *testing.T) {
	for algorithm := range references {
		good := intermediateFile(algorithm, algorithm == "ML-KEM-768")
		failed := func(text string) (bool, error) {
			f, err := readText(text)
			if err != nil {
				return false, err
			}
			count, _ := outcome(f, Ours())
			return count[Failed] > 0, nil
		}
		if bad, err := failed(good); err != nil || bad {
			t.Fatalf("%s: the reference's own file: failed %v, error %v", algorithm, bad, err)
		}
		lines := strings.SplitAfter(strings.TrimSpace(good), "\n")
		for i, line := range lines {
			bent := []byte(strings.TrimSpace(line))
			last := &bent[len(bent)-1]
			if *last == '}' {
				last = &bent[len(bent)-2]
			}
			if *last++; *last == '9'+1 || *last == 'f'+1 {
				*last = '0'
			}
			text := strings.Join(lines[:i], "") + string(bent) + "\n" + strings.Join(lines[i+1:], "")
			if bad, err := failed(text); err == nil && !bad {
				t.Errorf("%s: a change of %.20q... was not noticed", algorithm, line)
			}
			if _, err := failed(strings.Join(lines[:i], "") + strings.Join(lines[i+1:], "")); err == nil {
				t.Errorf("%s: nobody missed %.20q...", algorithm, line)
			}
		}
	}
}

// TestReference decapsulates the final ML-KEM's ciphertext by the reference's
// arithmetic: that of the draft and of the standard is the same but for G(d).
func TestReference(t *testing.T) {
	dk, err := mlkem.GenerateKey768()
	if err != nil {
		t.Fatal(err)
	}
	ek := dk.EncapsulationKey().Bytes()
	rows, _ := references["ML-KEM-768"].matrix(ek[1152:])
	if got := rows[0][0].ntt().inverse(); got != rows[0][0] {
		t.Error("the inverse of a transform is another polynomial")
	}
	one := polynomial{1}
	if got := rows[0][1].times(one.ntt()); got != rows[0][1] {
		t.Error("a product with one is another polynomial")
	}
	b, _ := hex.DecodeString(decode1(ek[:32]).encode(1))
	if !bytes.Equal(b, ek[:32]) {
		t.Error("encoding undoes no decoding")
	}
}
