package bogo_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A configuration is config.json.
type configuration struct {
	DisabledTests     map[string]string
	ErrorMap          map[string][]string
	TestErrorMap      map[string][]string
	TestLocalErrorMap map[string]string
}

func readConfiguration(t *testing.T) (c configuration) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(must(os.ReadFile("config.json"))))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		t.Fatal(err)
	}
	return c
}

func errorMap(t *testing.T) map[string][]string { return readConfiguration(t).ErrorMap }

// TestConfiguration finds every text of the error maps in our sources, so that
// an error that is worded anew does not go unnoticed.
func TestConfiguration(t *testing.T) {
	var sources strings.Builder
	for _, pattern := range []string{"shim/*.go", "../../tls13/*.go", "../../*.go"} {
		for _, name := range must(filepath.Glob(pattern)) {
			if !strings.HasSuffix(name, "_test.go") {
				sources.Write(must(os.ReadFile(name)))
			}
		}
	}
	// Texts that a format puts together.
	formats := map[string]string{
		"bytes (sent alert record_overflow)": "%d bytes",
		"(sent alert record_overflow)":       "(sent alert %v)",
		"certificate 0 of the server":        "certificate %d of the server",
		"legacy_version 0x0305":              "legacy_version 0x%04x",
		"x509: ":                             `"crypto/x509"`,
		"server selected cipher suite":       "server selected cipher suite",
	}
	c := readConfiguration(t)
	for _, m := range []map[string][]string{c.ErrorMap, c.TestErrorMap} {
		for name, texts := range m {
			for _, text := range texts {
				source := text
				if format, ok := formats[text]; ok {
					source = format
				} else if alert, ok := strings.CutPrefix(text, "peer sent alert "); ok {
					source = `"` + alert + `"`
				} else if kind, ok := strings.CutPrefix(text, "malformed "); ok && kind != "" && kind != "extension" {
					source = `"` + kind + `"`
				}
				if alert, ok := strings.CutPrefix(text, "peer sent alert alert("); ok {
					source, _ = "alert(%d)", alert
				}
				if !strings.Contains(sources.String(), source) {
					t.Errorf("%s: %q is in no source of ours", name, source)
				}
			}
		}
	}
	for pattern, reason := range c.DisabledTests {
		if _, err := filepath.Match(pattern, ""); err != nil || reason == "" {
			t.Errorf("DisabledTests: %q: %v, reason %q", pattern, err, reason)
		}
	}
	for name, text := range c.TestLocalErrorMap {
		if !strings.HasPrefix(text, "remote error: ") {
			t.Errorf("TestLocalErrorMap: %s: %q is no alert of ours", name, text)
		}
	}
}
