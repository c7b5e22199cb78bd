package kat

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// readText reads a sample as a file and pairs it with itself.
func readText(text string) (*File, error) {
	f, err := Read("sample", strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	return f, Pair(f)
}

// outcome counts what becomes of a file.
func outcome(f *File, impl Implementation) (count map[Status]int, failures []string) {
	count = make(map[Status]int)
	for _, c := range f.Cases {
		r := Runner{Implementation: impl}.Run(context.Background(), c)
		count[r.Status]++
		if r.Status == Failed {
			failures = append(failures, fmt.Sprintf("%s: %s %s", c, r.Reason, r.Field))
		}
	}
	return count, failures
}

func want(s sample) map[Status]int {
	counts := map[Status]int{Passed: s.passed, Policy: s.policy, Skipped: s.skips}
	maps.DeleteFunc(counts, func(_ Status, n int) bool { return n == 0 })
	return counts
}

// TestSamples reads a file of each format: as it is, in the other case, with
// Windows' line ends and compressed.
func TestSamples(t *testing.T) {
	covered := make(map[string]bool)
	for i, s := range samples(t) {
		covered[s.format] = true
		variants := map[string]string{
			"as it is": s.text, "CRLF": strings.ReplaceAll(s.text, "\n", "\r\n"), "gzip": zip(t, s.text),
			"upper case": hexDigits.ReplaceAllStringFunc(s.text, strings.ToUpper),
			"lower case": hexDigits.ReplaceAllStringFunc(s.text, strings.ToLower),
			"a BOM":      "\xef\xbb\xbf" + s.text,
		}
		for name, text := range variants {
			t.Run(fmt.Sprintf("%s/%d/%s", s.format, i, name), func(t *testing.T) {
				f, err := readText(text)
				if err != nil {
					t.Fatal(err)
				}
				if f.Format != s.format {
					t.Errorf("taken for %s", f.Format)
				}
				got, failures := outcome(f, Ours())
				if d := cmp.Diff(want(s), got); d != "" {
					t.Errorf("counts (-want +got):\n%s%s", d, failures)
				}
			})
		}
	}
	for _, name := range Formats() {
		if !covered[name] {
			t.Errorf("no sample of %s", name)
		}
	}
}

// hexDigits are values, and no words: they have a digit in the first few.
var hexDigits = regexp.MustCompile(`\b(0x)?[0-9a-fA-F]{20,}\b`)

func zip(t *testing.T, s string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(s))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestOtherImplementations wants no failure of the others on our samples.
func TestOtherImplementations(t *testing.T) {
	for _, impl := range []Implementation{Standard(), Circl()} {
		ran := 0
		for i, s := range samples(t) {
			f, err := readText(s.text)
			if err != nil {
				t.Fatal(err)
			}
			count, failures := outcome(f, impl)
			if len(failures) > 0 {
				t.Errorf("%s: %s %d: %s", impl.Name(), s.format, i, failures)
			}
			ran += count[Passed]
		}
		if ran < 20 {
			t.Errorf("%s: %d cases ran", impl.Name(), ran)
		}
	}
}

// TestTampered changes one digit of every long value of every sample, cuts a byte
// off it and adds one. Either the file is refused or a case fails, unless nothing
// depends on the value.
func TestTampered(t *testing.T) {
	for i, s := range samples(t) {
		t.Run(fmt.Sprintf("%s/%d", s.format, i), func(t *testing.T) {
			for _, run := range hexDigits.FindAllStringIndex(s.text, -1) {
				at := run[0] + (run[1]-run[0])/4
				if inert(s, at) {
					continue
				}
				digit := map[bool]string{true: "1", false: "0"}[s.text[at] == '0']
				for kind, tampered := range map[string]string{
					"a digit":    s.text[:at] + digit + s.text[at+1:],
					"a byte cut": s.text[:run[1]-2] + s.text[run[1]:],
					"a byte put": s.text[:run[1]] + "00" + s.text[run[1]:],
				} {
					f, err := readText(tampered)
					if err != nil {
						continue
					}
					if _, failures := outcome(f, Ours()); len(failures) == 0 {
						t.Errorf("unnoticed, %s: %.80q...", kind, s.text[max(0, run[0]-30):run[1]])
					}
				}
			}
		})
	}
}

// inertIn are words by whose presence in a record or an object no digit of it
// matters: it is refused anyway, or not run.
var inertIn = map[string][]string{
	boringKEM.name:   {"result = fail"},
	modulus.name:     {""},
	invalidDK.name:   {""},
	wycheproof.name:  {`"invalid"`, `"acceptable"`},
	acvp.name:        {`"testPassed"`},
	botan.name:       {"CounterKey = 0000"},
	boringEVP.name:   {"DecapsulateFail", "Error = "},
	openSSL.name:     {"Result = "},
	openSSLKeys.name: {":X448:", ":ED25519:"},
	tlsHybrids.name:  {`"role": "server"`, `"role": "client"`},
	s2nKAT.name:      {"bike"},
	boringECDH.name:  {"P-224"},

	wycheproofText.name: {"result = invalid", "result = acceptable"},
}

// inert reports whether a change at a place cannot be noticed.
func inert(s sample, at int) bool {
	unit := enclosing(s.text, at)
	for _, word := range inertIn[s.format] {
		if strings.Contains(unit, word) {
			return true
		}
	}
	before := s.text[:at]
	if q := strings.LastIndexByte(before, '"'); q >= 0 && strings.HasSuffix(before[:q], `"z": `) {
		return true // it steers implicit rejection alone
	}
	switch s.format {
	case liboqs.name:
		name := before[strings.LastIndexAny(before, "{,"):]
		return strings.Contains(before, "BIKE-L1") || strings.Contains(name, "BIKE1") || strings.Contains(name, "90s")
	case botan.name:
		return !strings.Contains(s.text, "[") || strings.HasSuffix(section(before), "90s-r3]") || strings.Contains(section(before), "brainpool")
	case wycheproof.name, wycheproofText.name:
		return strings.Contains(s.text, "secp224r1")
	case hpkeText.name: // the half of X25519 is zeros, and is not checked; z ends dk
		toEnd := strings.Index(s.text, "\nier") - at
		return strings.HasSuffix(before, strings.Repeat("0", 16)) || 0 < toEnd && toEnd < 66
	case cctvAccumulated.name:
		return strings.Contains(before, "1 000 000")
	}
	return false
}

// section returns the last line before a place that is in brackets.
func section(before string) string {
	return before[strings.LastIndex(before, "[") : strings.LastIndex(before, "]")+1]
}

// enclosing returns the paragraph around a place, or of JSON the object.
func enclosing(text string, at int) string {
	open, end := "\n\n", "\n\n"
	if text[0] == '{' || strings.HasPrefix(text, "[{") {
		open, end = "{", "}"
	}
	start := strings.LastIndex(text[:at], open) + 1
	if n := strings.Index(text[at:], end); n >= 0 {
		return text[start : at+n]
	}
	return text[start:]
}

// TestTruncated cuts every sample at many places.
func TestTruncated(t *testing.T) {
	for i, s := range samples(t) {
		if s.passed == 0 {
			continue // nothing of it runs, so nothing can be missed
		}
		full, err := readText(s.text)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range []float64{0.1, 0.3, 0.5, 0.7, 0.9, 0.99} {
			cut := s.text[:int(part*float64(len(s.text)))]
			f, err := readText(cut)
			if err != nil {
				continue
			}
			_, failures := outcome(f, Ours())
			noted := strings.Contains(strings.Join(f.Notes, "; "), "cut off")
			if len(failures) == 0 && len(f.Cases) >= len(full.Cases) && !noted {
				t.Errorf("%s %d, cut to %.0f%%: read without a complaint", s.format, i, part*100)
			}
		}
	}
}

// TestRefused has files that must be errors, with a word of the message.
func TestRefused(t *testing.T) {
	byFormat := func(name string, n int) string {
		for _, s := range samples(t) {
			if s.format == name {
				if n == 0 {
					return s.text
				}
				n--
			}
		}
		t.Fatalf("no sample %s", name)
		return ""
	}
	replace := func(s, old, new string) string {
		t.Helper()
		if !strings.Contains(s, old) {
			t.Fatalf("no %q in the sample", old)
		}
		return strings.Replace(s, old, new, 1)
	}
	keyGen, encaps := byFormat("ACVP ML-KEM", 0), byFormat("ACVP ML-KEM", 1)
	wycheproof := byFormat("Wycheproof", 2)
	ecdh := byFormat("Wycheproof", 4)
	response := byFormat("NIST .rsp", 0)
	for _, test := range []struct{ name, text, want string }{
		{"empty", " \n", "empty"},
		{"prose", "Once upon a time\n", ErrUnrecognised.Error()},
		{"other JSON", `{"a": 1}`, ErrUnrecognised.Error()},
		{"half JSON", `{"vsId": 1, "algorithm"`, "ends in the middle"},
		{"two values", `{"vsId": 1} {}`, "something follows"},
		{"a name twice", replace(wycheproof, `"numberOfTests"`, `"numberOfTests": 3, "numberOfTests"`), "twice"},
		{"too deep", strings.Repeat(`[`, 100) + strings.Repeat(`]`, 100), "levels"},
		{"wrong count", replace(wycheproof, `"numberOfTests": 3`, `"numberOfTests": 4`), "numberOfTests"},
		{"tcId twice", replace(wycheproof, `"tcId": 2`, `"tcId": 1`), "twice"},
		{"no tests", `{"numberOfTests": 0, "testGroups": [{"type": "XdhComp", "curve": "curve25519", "tests": []}]}`, "empty array"},
		{"no groups", `{"numberOfTests": 0, "testGroups": []}`, "empty array"},
		{"unknown type", replace(wycheproof, "MLKEMEncapsTest", "MLKEMOtherTest"), "unknown type"},
		{"unknown parameter set", replace(wycheproof, "ML-KEM-512", "ML-KEM-513"), "unknown parameterSet"},
		{"unknown result", replace(wycheproof, `"result": "valid"`, `"result": "good"`), "unknown result"},
		{"no result", replace(wycheproof, `, "result": "valid"`, ""), "no result"},
		{"unknown field", replace(wycheproof, `"tcId": 1`, `"tcId": 1, "extra": 1`), "unknown field"},
		{"no secret", replace(ecdh, `"shared"`, `"Shared"`), "no shared"},
		{"odd digits", replace(wycheproof, `"ek": "`, `"ek": "0`), "hexadecimal"},
		{"not hexadecimal", replace(wycheproof, `"ek": "`, `"ek": "zz`), "hexadecimal"},
		{"tgId twice", replace(keyGen, `"tgId": 2`, `"tgId": 1`), "twice"},
		{"unknown algorithm", replace(keyGen, `"ML-KEM"`, `"ML-DSA"`), "want ML-KEM"},
		{"unknown mode", replace(keyGen, `"keyGen"`, `"sigGen"`), "unknown mode"},
		{"unknown revision", replace(keyGen, `"FIPS203"`, `"FIPS204"`), "unknown revision"},
		{"unknown function", replace(encaps, `"encapsulation"`, `"signature"`), "unknown function"},
		{"unknown keyFormat", replace(encaps, `"seed"`, `"pem"`), "unknown keyFormat"},
		{"keyFormat and key differ", replace(encaps, `"keyFormat": "expanded"`, `"keyFormat": "seed"`), "keyFormat"},
		{"unknown testType", replace(encaps, `"AFT"`, `"MCT"`), "unknown testType"},
		{"empty group", `{"vsId": 1, "algorithm": "ML-KEM", "mode": "keyGen", "testGroups": [{"tgId": 1, "testType": "AFT", "parameterSet": "ML-KEM-512", "tests": []}]}`, "empty array"},
		{"result of one test missing", replace(keyGen, `"ek"`, `"reason": "x", "Ek"`), "unknown field"},
		{"prompts alone", regexp.MustCompile(`, "ek": "[^"]*", "dk": "[^"]*"`).ReplaceAllString(keyGen, ""), "prompts without expected results"},
		{"results alone", regexp.MustCompile(`"testType": "AFT", "parameterSet": "ML-KEM-512",`).ReplaceAllString(keyGen, ""), "prompts"},
		{"one result missing", regexp.MustCompile(`, "dk": "[0-9A-F]*"\}\]\}\]\}`).ReplaceAllString(keyGen, `}]}]}`), "no expected dk"},
		{"one of two results missing", regexp.MustCompile(`, "ek": "[0-9A-F]*", "dk": "[0-9A-F]*"\}\]\}\]\}`).ReplaceAllString(keyGen, `}]}]}`), "no expected"},
		{"key given twice", replace(encaps, `{"tcId": 2,`, `{"tcId": 2, "dk": "00",`), "by the group and by the test"},
		{"count", replace(response, "count = 1", "count = 2"), "want 1"},
		{"lost line", replace(response, "\nct = ", "\ncu = "), "no ct"},
		{"request file", "count = 0\nseed = " + strings.Repeat("00", 48) + "\npk =\nsk =\nct =\nss =\n", "request file"},
		{"short seed", replace(response, "seed = ", "seed = 00"), "seed of 49 bytes"},
		{"field twice", replace(response, "\nct = ", "\nseed = 00\nct = "), "stands twice"},
		{"order", replace(byFormat(tlsHybrids.name, 0), "pq||ec", "ec||pq"), "order"},
		{"code point", replace(byFormat(tlsHybrids.name, 0), "0x11ec", "0x11eb"), "code point"},
		{"role", replace(byFormat(tlsHybrids.name, 0), `"both"`, `"neither"`), "unknown role"},
		{"case twice", replace(byFormat(tlsHybrids.name, 0), `"id": 2`, `"id": 1`), "twice"},
		{"no expected share", replace(byFormat(tlsHybrids.name, 0), `"sharedSecret"`, `"comment2"`), "no sharedSecret"},
		{"version", replace(byFormat("pqkx JSON", 0), FormatName, "pqkx-kat-v2"), "format is not"},
		{"name and code point", replace(byFormat("pqkx JSON", 0), "0x11EB", "0x11EC"), "not 0x11EC"},
		{"hash", replace(byFormat("pqkx JSON", 0), "SHA-384", "SHA-512"), "SHA-512"},
		{"cipher suite", replace(byFormat(s2nJSON.name, 0), "TLS_AES_256", "TLS_AES_257"), "unknown cipher suite"},
		{"kem_id", replace(byFormat(hpkeJSON.name, 0), `"kem_id": 64`, `"kem_id": 99`), "unknown kem_id"},
		{"libcrux of nothing known", replace(byFormat(libcrux.name, 0), `public_key": "`, `public_key": "00`), "no algorithm"},
		{"BoringSSL result", replace(byFormat(boringKEM.name, 1), "result = pass", "result = maybe"), "want pass or fail"},
		{"OpenSSL result", replace(byFormat(openSSL.name, 0), "TEST_DECAPSULATE_ERROR", "TEST_OTHER_ERROR"), "unknown Result"},
		{"EVP error", replace(byFormat(boringEVP.name, 0), "DECODE_ERROR", "OTHER_ERROR"), "unknown error"},
		{"EVP key", replace(byFormat(boringEVP.name, 0), "Encapsulate = A", "Encapsulate = Z"), "not defined"},
		{"Botan section", replace(byFormat(botan.name, 0), "Kyber-512-r3", "Kyber-513-r3"), "unknown section"},
		{"an empty section", byFormat(botan.name, 0) + "\n[ML-KEM-768]\n", "section [ML-KEM-768] is empty"},
		{"a section without records", "[ML-KEM-768]\n\n" + byFormat(botan.name, 0), "section [ML-KEM-768] is empty"},
		{"unknown curve of Botan", replace(byFormat(botan.name, 4), "brainpool256r1", "brainpool"), "unknown curve"},
		{"unknown curve of BoringSSL", replace(byFormat(boringECDH.name, 0), "P-224", "P-225"), "unknown curve"},
		{"unknown curve of Wycheproof", replace(byFormat("Wycheproof", 4), "curve25519", "curve25520"), "unknown curve"},
		{"unknown EVP failure", "Key = A\nPKCS8 = 00\nError = 7\n\n" + byFormat(boringEVP.name, 0), "unknown error 7"},
		{"a failure without its fields", regexp.MustCompile(`ciphertext = \n`).ReplaceAllString(byFormat(boringKEM.name, 1), ""), "no ciphertext"},
		{"a short seed of no use", regexp.MustCompile(`("role": "server".*"z": ")..`).ReplaceAllString(byFormat(tlsHybrids.name, 0), "$1"), "client_seed of 95 bytes"},
		{"a secret of the wrong length", regexp.MustCompile(`"shared": "..`).ReplaceAllString(byFormat("Wycheproof", 5), `"shared": "`), "shared secret of 31 bytes"},
		{"a set with the header of a session in it", replace(encaps, `{"vsId": 2,`, `{"acvVersion": "1.0", "other": 1, "vsId": 2,`), "unknown field"},
		{"no tcId in a text", replace(byFormat(wycheproofText.name, 0), "# tcId = 2\n", ""), "no comment with the tcId"},
		{"tcId twice in a text", replace(byFormat(wycheproofText.name, 0), "# tcId = 2\n", "# tcId = 1\n"), "twice"},
		{"unknown encoding", replace(byFormat(wycheproofText.name, 1), "ecpoint", "octets"), "unknown group"},
		{"unknown field of a text", replace(byFormat(wycheproofText.name, 1), "shared", "sharedx"), "no shared"},
		{"unknown name in liboqs's file", replace(byFormat(liboqs.name, 0), "Kyber512", "Kyber513"), "unknown algorithm"},
		{"CCTV with a short m", regexp.MustCompile(`(?m)^m = ..`).ReplaceAllString(byFormat(cctvIntermediate.name, 0), "m = "), "m of 31 bytes"},
		{"CCTV with a short d", regexp.MustCompile(`(?m)^d = ..`).ReplaceAllString(byFormat(cctvIntermediate.name, 0), "d = "), "d of 31 bytes"},
		{"a key without a ciphertext", replace(byFormat(invalidDK.name, 0), "\n", "\n\n") + strings.Repeat("00", 1632) + "\n", "without a ciphertext"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f, err := readText(test.text)
			if err == nil {
				count, _ := outcome(f, Ours())
				t.Fatalf("read as %s: %v", f.Format, count)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %q, want one about %q", err, test.want)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("error of several lines: %q", err)
			}
			if unrecognised := test.want == ErrUnrecognised.Error(); errors.Is(err, ErrUnrecognised) != unrecognised {
				t.Errorf("errors.Is(%q, ErrUnrecognised) = %v", err, !unrecognised)
			}
		})
	}
}

// TestPair joins prompts and results from files of their own.
func TestPair(t *testing.T) {
	var both string
	for _, s := range samples(t) {
		if s.format == "ACVP ML-KEM" {
			both = s.text
			break
		}
	}
	results := regexp.MustCompile(`"z": "[^"]*", "d": "[^"]*", |"testType": "AFT", "parameterSet": "ML-KEM-512", |"deferred": false, `).ReplaceAllString(both, "")
	prompts := regexp.MustCompile(`, "ek": "[^"]*", "dk": "[^"]*"`).ReplaceAllString(both, "")
	read := func(name, text string) *File {
		f, err := Read(name, strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	p, r := read("a/prompt", prompts), read("b/results", results)
	if err := Pair(r, p); err != nil {
		t.Fatal(err)
	}
	if count, failures := outcome(p, Ours()); count[Passed] != 2 {
		t.Errorf("counts %v, failures %v", count, failures)
	}
	p, near, far := read("a/prompt", prompts), read("a/results", results), read("b/results", results)
	if err := Pair(far, p, near); err == nil || far.Err == nil || near.Err != nil || p.Err != nil {
		t.Errorf("two sets of results: errors %v, %v, %v, %v; want one of the far file", err, far.Err, near.Err, p.Err)
	}
	p, near, far = read("a/prompt", prompts), read("b/results", results), read("c/results", results)
	if err := Pair(far, p, near); err == nil || p.Err == nil {
		t.Errorf("two sets of results, none near: error %v", p.Err)
	}
	p, r = read("prompt", prompts), read("results", strings.Replace(results, `"tcId": 2`, `"tcId": 3`, 1))
	if err := Pair(p, r); err == nil || !strings.Contains(err.Error(), "tcId 2: no expected result") {
		t.Errorf("another tcId: error %v", err)
	}
	p, r = read("prompt", results), read("results", prompts) // content tells which is which
	if err := Pair(p, r); err != nil {
		t.Error(err)
	}
	if len(r.Cases) != 2 {
		t.Errorf("%d cases, want 2", len(r.Cases))
	}
}

// TestLimits wants bounded memory for a file that is small on disk.
func TestLimits(t *testing.T) {
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	chunk := make([]byte, 1<<20)
	for range maxFile>>20 + 1 {
		z.Write(chunk)
	}
	z.Close()
	for name, file := range map[string]string{
		"gzip":   bomb.String(),
		"lines":  strings.Repeat("a=\n", maxFields+1),
		"values": "[" + strings.Repeat("[],", maxFields) + "[]]",
	} {
		if _, err := Read(name, strings.NewReader(file)); err == nil || !strings.Contains(err.Error(), "more than") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestFormatsAreNamedOnce(t *testing.T) {
	names := slices.Clone(Formats())
	slices.Sort(names)
	if n := len(slices.Compact(names)); n != len(Formats()) {
		t.Errorf("%d names for %d formats", n, len(Formats()))
	}
}
