package backend

import (
	"os"
	"strings"
	"testing"
)

func TestChoose(t *testing.T) {
	both := []string{Portable, AVX2}
	for _, test := range []struct {
		forced    string
		available []string
		want      string // empty for an error
	}{
		{"", both, AVX2},
		{"", both[:1], Portable},
		{Portable, both, Portable},
		{AVX2, both, AVX2},
		{AVX2, both[:1], ""},
		{"AVX2", both, ""},
		{"fast", both, ""},
	} {
		got, err := choose(test.forced, test.available)
		if got != test.want || (err == nil) == (test.want == "") {
			t.Errorf("choose(%q, %q) = %q, %v, want %q", test.forced, test.available, got, err, test.want)
		}
		if err != nil && !strings.Contains(err.Error(), Variable+"="+`"`+test.forced) {
			t.Errorf("choose(%q): the error does not say what was wrong: %v", test.forced, err)
		}
	}
}

func TestMustSelect(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("an unknown backend was accepted")
		}
	}()
	mustSelect("fast", []string{Portable})
}

func TestName(t *testing.T) {
	if forced := os.Getenv(Variable); forced != "" && Name() != forced {
		t.Errorf("%s runs, %s was forced", Name(), forced)
	}
	if UseAVX2() != (Name() == AVX2) {
		t.Errorf("UseAVX2() = %v on backend %s", UseAVX2(), Name())
	}
}
