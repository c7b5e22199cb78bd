package kat

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"unicode/utf8"
)

// Each reader has a fuzz target of its own, which calls it whether or not it
// would have recognised the file. The property: an error or cases, and cases that
// can be run; never a panic.

func FuzzRead(f *testing.F) {
	for _, s := range samples(f) {
		f.Add([]byte(s.text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Read("fuzz", bytes.NewReader(data))
		if err != nil {
			if !strings.HasPrefix(err.Error(), "fuzz: ") {
				t.Errorf("error %q does not name the file", err)
			}
			return
		}
		Pair(file)
		runSome(t, file)
	})
}

func FuzzRSP(f *testing.F)              { fuzzFormat(f, rsp) }
func FuzzPQCKAT(f *testing.F)           { fuzzFormat(f, pqcKAT) }
func FuzzBoringKyber(f *testing.F)      { fuzzFormat(f, boringKyber) }
func FuzzBoringKEM(f *testing.F)        { fuzzFormat(f, boringKEM) }
func FuzzBoringNISTDecap(f *testing.F)  { fuzzFormat(f, boringNISTDecap) }
func FuzzBoringNISTKeygen(f *testing.F) { fuzzFormat(f, boringNISTKeygen) }
func FuzzBoringECDH(f *testing.F)       { fuzzFormat(f, boringECDH) }
func FuzzBoringEVP(f *testing.F)        { fuzzFormat(f, boringEVP) }
func FuzzOpenSSL(f *testing.F)          { fuzzFormat(f, openSSL) }
func FuzzOpenSSLKeys(f *testing.F)      { fuzzFormat(f, openSSLKeys) }
func FuzzBotan(f *testing.F)            { fuzzFormat(f, botan) }
func FuzzBotanTranscript(f *testing.F)  { fuzzFormat(f, botanTranscript) }
func FuzzCCTVIntermediate(f *testing.F) { fuzzFormat(f, cctvIntermediate) }
func FuzzCCTVUnlucky(f *testing.F)      { fuzzFormat(f, cctvUnlucky) }
func FuzzCCTVStrcmp(f *testing.F)       { fuzzFormat(f, cctvStrcmp) }
func FuzzCCTVAccumulated(f *testing.F)  { fuzzFormat(f, cctvAccumulated) }
func FuzzModulus(f *testing.F)          { fuzzFormat(f, modulus) }
func FuzzInvalidDK(f *testing.F)        { fuzzFormat(f, invalidDK) }
func FuzzS2NKAT(f *testing.F)           { fuzzFormat(f, s2nKAT) }
func FuzzXWingText(f *testing.F)        { fuzzFormat(f, xwingText) }
func FuzzHPKEText(f *testing.F)         { fuzzFormat(f, hpkeText) }
func FuzzWycheproofText(f *testing.F)   { fuzzFormat(f, wycheproofText) }
func FuzzWycheproof(f *testing.F)       { fuzzFormat(f, wycheproof) }
func FuzzACVP(f *testing.F)             { fuzzFormat(f, acvp) }
func FuzzOwn(f *testing.F)              { fuzzFormat(f, own) }
func FuzzTLSHybrids(f *testing.F)       { fuzzFormat(f, tlsHybrids) }
func FuzzS2NJSON(f *testing.F)          { fuzzFormat(f, s2nJSON) }
func FuzzHPKEJSON(f *testing.F)         { fuzzFormat(f, hpkeJSON) }
func FuzzXWingJSON(f *testing.F)        { fuzzFormat(f, xwingJSON) }
func FuzzLibcrux(f *testing.F)          { fuzzFormat(f, libcrux) }
func FuzzLiboqs(f *testing.F)           { fuzzFormat(f, liboqs) }

func fuzzFormat(f *testing.F, format format) {
	for _, s := range samples(f) {
		if s.format == format.name {
			f.Add(s.text)
		}
	}
	f.Fuzz(func(t *testing.T, s string) {
		file := &File{Name: "fuzz", Format: format.name}
		var err error
		if format.read != nil {
			var parsed *text
			if parsed, err = parseText([]byte(s)); err == nil {
				err = format.read(file, parsed)
			}
		} else {
			var parsed *value
			if parsed, err = parseJSON([]byte(s)); err == nil {
				err = format.readJSON(file, parsed)
			}
		}
		if err != nil {
			if utf8.ValidString(s) && !utf8.ValidString(err.Error()) {
				t.Errorf("error %q is not UTF-8", err)
			}
			return
		}
		Pair(file)
		runSome(t, file)
	})
}

// runSome runs the first cases of a file.
func runSome(t *testing.T, f *File) {
	for _, c := range f.Cases[:min(len(f.Cases), 4)] {
		if c.Weight() > 2 {
			continue
		}
		r := Runner{Implementation: Ours()}.Run(context.Background(), c)
		if strings.Contains(r.Reason, "panics") {
			t.Errorf("%s: %s", c, r.Reason)
		}
		if r.Status != Passed && r.Reason == "" {
			t.Errorf("%s: %v without a reason", c, r.Status)
		}
	}
}
