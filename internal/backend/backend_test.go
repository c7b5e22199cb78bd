package backend

import (
	"os"
	"slices"
	"strings"
	"testing"
)

func TestChoose(t *testing.T) {
	all := []string{Portable, AVX2, AVX512}
	for _, test := range []struct {
		forced    string
		available []string
		want      string // empty for an error
	}{
		{"", all, AVX512},
		{"", all[:2], AVX2},
		{"", all[:1], Portable},
		{Portable, all, Portable},
		{AVX2, all, AVX2},
		{AVX512, all, AVX512},
		{AVX512, all[:2], ""},
		{AVX2, all[:1], ""},
		{"AVX2", all, ""},
		{"fast", all, ""},
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
	if list := Available(); list[0] != Portable || !slices.Contains(list, Name()) {
		t.Errorf("%s runs, available are %q", Name(), list)
	}
	if forced := os.Getenv(Variable); forced != "" && Name() != forced {
		t.Errorf("%s runs, %s was forced", Name(), forced)
	}
	if UseAVX2() != (Name() == AVX2) || UseAVX512() != (Name() == AVX512) {
		t.Errorf("UseAVX2() = %v and UseAVX512() = %v on backend %s", UseAVX2(), UseAVX512(), Name())
	}
}
