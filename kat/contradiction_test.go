package kat

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pqkx/pqkx"
)

// TestResponseVariants reads response files of others than NIST.
func TestResponseVariants(t *testing.T) {
	record := func(algorithm string, draw func(string, []byte) (dz, m []byte)) string {
		dz, m := draw(algorithm, nistSeed())
		x := newExchangeOf(t, algorithm, dz, m, make([]byte, kems[algorithm].ct))
		return fmt.Sprintf("count = 0\nseed = %x\npk = %x\nsk = %x\nct = %x\nss = %x\n", nistSeed(), x.ek, x.dk, x.ct, x.ss)
	}
	mlkem, kyber := record("ML-KEM-512", randomness), record("Kyber512", randomness)
	other := regexp.MustCompile(`pk = .{100}`).ReplaceAllString(kyber, "pk = "+strings.Repeat("0", 100))
	another := regexp.MustCompile(`pk = .*`).ReplaceAllString(kyber, "pk = "+strings.Repeat("0", 1600))
	for _, test := range []struct {
		name, text, note string
		want             map[Status]int
	}{
		{"ML-KEM under Kyber's name", "# Kyber512\n\n" + mlkem, "the keys are of ML-KEM-512", map[Status]int{Passed: 1}},
		{"ML-KEM without a title", mlkem, "the keys are of ML-KEM-512", map[Status]int{Passed: 1}},
		{"d and z apart", "# ML-KEM-512\n\n" + record("ML-KEM-512", drawApart), "drawn apart", map[Status]int{Passed: 1}},
		{"z before d", "# ML-KEM-512\n\n" + record("ML-KEM-512", drawBackwards), "z is drawn before d", map[Status]int{Passed: 1}},
		{"few records", "# Kyber512\n\n" + kyber, "1 records, where NIST's files have 100", map[Status]int{Passed: 1}},
		{"a tampered key", "# Kyber512\n\n" + other, "", map[Status]int{Failed: 1}},
		{"90s", "# Kyber512-90s\n\n" + kyber, "", map[Status]int{Skipped: 1}},
	} {
		f, err := readText(test.text)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if got, failures := outcome(f, Ours()); !maps.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v: %v", test.name, got, test.want, failures)
		}
		if !strings.Contains(strings.Join(f.Notes, "; "), test.note) {
			t.Errorf("%s: notes %q, want %q", test.name, f.Notes, test.note)
		}
	}
	if _, err := readText("# Kyber512\n\n" + another); err == nil || !strings.Contains(err.Error(), "another version") {
		t.Errorf("another version of Kyber: %v", err)
	}
}

// TestContradictions has files whose values do not fit each other.
func TestContradictions(t *testing.T) {
	x, y := newExchange(t, "ML-KEM-512", 1), newExchange(t, "ML-KEM-512", 2)
	wrongHash := slices.Concat(x.dk[:1632-64], x.dk[:64])
	acvpCheck := func(function string, ek, dk []byte, passed bool, reason string) string {
		return fmt.Sprintf(`{"vsId": 1, "algorithm": "ML-KEM", "mode": "encapDecap", "revision": "FIPS203", "testGroups": [
			{"tgId": 1, "testType": "VAL", "parameterSet": "ML-KEM-512", "function": %q, "tests": [{"tcId": 1, "ek": "%x", "dk": "%x", "testPassed": %v, "reason": %q}]}]}`,
			function, ek, dk, passed, reason)
	}
	acvpUse := func(function string, ek, dk []byte, rest string) string {
		return fmt.Sprintf(`{"vsId": 1, "algorithm": "ML-KEM", "mode": "encapDecap", "testGroups": [
			{"tgId": 1, "testType": "AFT", "parameterSet": "ML-KEM-512", "function": %q, "tests": [{"tcId": 1, "ek": "%x", "dk": "%x", "c": "%x", "k": "%x"%s}]}]}`,
			function, ek, dk, x.ct, x.ss, rest)
	}
	m := fmt.Sprintf(`, "m": "%x"`, x.m)
	decaps := func(dk, ct, ek []byte, rest string, comment ...string) string {
		return fmt.Sprintf(`{"numberOfTests": 1, "testGroups": [{"type": "MLKEMDecapsValidationTest", "parameterSet": "ML-KEM-512", "tests": [
			{"tcId": 1, "comment": %q, "dk": "%x", "c": "%x", "ek": "%x", %s}]}]}`, strings.Join(comment, ""), dk, ct, ek, rest)
	}
	valid := fmt.Sprintf(`"K": "%x", "result": "valid"`, x.ss)
	const ctLength = `"flags": ["IncorrectCiphertextLength"], "result": "invalid"`
	seed := func(ek []byte) string {
		return fmt.Sprintf(`{"numberOfTests": 1, "testGroups": [{"type": "MLKEMTest", "parameterSet": "ML-KEM-512", "tests": [
			{"tcId": 1, "comment": "Ciphertext too short", "seed": "%x", "ek": "%x", "c": "%x", "K": "", "result": "invalid"}]}]}`, x.seed, ek, short(x.ct))
	}
	a := newAgreement(t, pqkx.X25519)
	xdh := func(kind, private, public string, ss []byte, flag, result string) string {
		return fmt.Sprintf(`{"numberOfTests": 1, "testGroups": [{"type": %q, "curve": "curve25519", "tests": [
			{"tcId": 1, "comment": "", "flags": [%q], "private": %q, "public": %q, "shared": "%x", "result": %q}]}]}`, kind, flag, private, public, ss, result)
	}
	private := fmt.Sprintf("%x", a.private)
	spki, _ := envelope("SPKI", "x25519", a.peer)
	pkcs8, _ := envelope("PKCS8", "x25519", a.private)
	for _, test := range []struct{ name, good, bad, want string }{
		{"ek of a good ek check", acvpCheck("encapsulationKeyCheck", x.ek, x.dk, true, ""), acvpCheck("encapsulationKeyCheck", y.ek, x.dk, true, ""), "dk does not hold ek"},
		{"dk of a bad ek check", acvpCheck("encapsulationKeyCheck", unreduced(x.ek), x.dk, false, ""), acvpCheck("encapsulationKeyCheck", unreduced(x.ek), short(x.dk), false, ""), "of no parameter set"},
		{"ek of a good dk check", acvpCheck("decapsulationKeyCheck", x.ek, x.dk, true, ""), acvpCheck("decapsulationKeyCheck", short(x.ek), x.dk, true, ""), "dk does not hold ek"},
		{"ek of a bad dk check", acvpCheck("decapsulationKeyCheck", x.ek, wrongHash, false, "modified H"), acvpCheck("decapsulationKeyCheck", y.ek, wrongHash, false, "modified H"), "dk does not hold ek"},
		{"dk of encapsulation", acvpUse("encapsulation", x.ek, x.dk, m), acvpUse("encapsulation", x.ek, short(x.dk), m), "dk does not hold ek"},
		{"ek of decapsulation", acvpUse("decapsulation", x.ek, x.dk, ""), acvpUse("decapsulation", y.ek, x.dk, ""), "dk does not hold ek"},
		{"Wycheproof, valid", decaps(x.dk, x.ct, x.ek, valid), decaps(x.dk, x.ct, short(x.ek), valid), "ek is not the one in dk"},
		{"Wycheproof, invalid", decaps(x.dk, short(x.ct), x.ek, ctLength), decaps(x.dk, short(x.ct), y.ek, ctLength), "ek is not the one in dk"},
		{"Wycheproof, invalid for two things", decaps(x.dk, short(x.ct), x.ek, ctLength), decaps(wrongHash, short(x.ct), x.ek, ctLength), "hash that is not of the ek"},
		{"Wycheproof, the length in a comment", decaps(x.dk, short(x.ct), x.ek, `"flags": [], "result": "invalid"`, "Ciphertext too short (767 bytes instead of 768)"),
			decaps(x.dk, short(short(x.ct)), x.ek, `"flags": [], "result": "invalid"`, "Ciphertext too short (767 bytes instead of 768)"), "the comment tells of 767 bytes"},
		{"Wycheproof, longer than too short", decaps(x.dk, short(x.ct), x.ek, `"flags": [], "result": "invalid"`, "Ciphertext too short"),
			decaps(x.dk, append(x.ct[:768:768], 0), x.ek, `"flags": [], "result": "invalid"`, "Ciphertext too short"), "the comment tells of too few"},
		{"Wycheproof, from a seed", seed(x.ek), seed(y.ek), "differs"},
		{"a secret of a point of low order", xdh("XdhComp", private, strings.Repeat("0", 64), make([]byte, 32), "LowOrderPublic", "acceptable"),
			xdh("XdhComp", private, strings.Repeat("0", 64), a.ss, "LowOrderPublic", "acceptable"), "the secret of one is zero"},
		{"an envelope", xdh("XdhAsnComp", fmt.Sprintf("%x", pkcs8), fmt.Sprintf("%x", spki), a.ss, "Twist", "acceptable"),
			xdh("XdhAsnComp", fmt.Sprintf("%x", pkcs8), fmt.Sprintf("%x", spki[1:]), a.ss, "Twist", "acceptable"), "a case about a point (Twist)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f, err := readText(test.good)
			if err != nil {
				t.Fatal(err)
			}
			if _, failures := outcome(f, Ours()); len(failures) > 0 {
				t.Errorf("the good one: %v", failures)
			}
			if f, err = readText(test.bad); err != nil {
				t.Fatal(err)
			}
			if _, failures := outcome(f, Ours()); len(failures) != 1 || !strings.Contains(failures[0], test.want) {
				t.Errorf("the bad one: %v, want %s", failures, test.want)
			}
		})
	}
}
