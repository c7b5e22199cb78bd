package kat

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/hybrid"
	"github.com/pqkx/pqkx/mlkem"
	"github.com/pqkx/pqkx/nist"
	"github.com/pqkx/pqkx/preset"
)

// TestGenerate wants vectors of every group that every implementation which has
// the group agrees with, and the same bytes each time.
func TestGenerate(t *testing.T) {
	var first, second bytes.Buffer
	groups := preset.All().Groups()
	if err := Generate(&first, "test", 1, groups...); err != nil {
		t.Fatal(err)
	}
	if err := Generate(&second, "test", 1, groups...); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("two runs of one label differ")
	}
	f, err := readText(first.String())
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		impl   Implementation
		passed int
	}{{Ours(), 2 * len(groups)}, {Standard(), -1}, {Circl(), -1}} {
		count, failures := outcome(f, test.impl)
		if len(failures) > 0 || count[Passed] == 0 || test.passed >= 0 && count[Passed] != test.passed {
			t.Errorf("%s: %v, failures %v", test.impl.Name(), count, failures)
		}
	}
	if err := Generate(&second, "test", 1, opaque{nist.P256()}); err == nil {
		t.Error("a group that cannot be run from seeds: want an error")
	}
}

type opaque struct{ pqkx.Group }

// TestThirdPartyGroup judges a hybrid that is not registered.
func TestThirdPartyGroup(t *testing.T) {
	g, err := hybrid.New(0xFE7A, mlkem.MLKEM512(), nist.P521())
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := Generate(&b, "test", 1, g); err != nil {
		t.Fatal(err)
	}
	f, err := readText(b.String())
	if err != nil {
		t.Fatal(err)
	}
	if count, failures := outcome(f, third{Ours(), g}); count[Passed] != 2 {
		t.Errorf("%v, failures %v", count, failures)
	}
	if count, _ := outcome(f, Ours()); count[Skipped] != 2 {
		t.Errorf("without the group: %v, want 2 skipped", count)
	}
}

type third struct {
	Implementation
	group pqkx.Group
}

func (i third) Exchange(id pqkx.NamedGroup) Exchange {
	if id == i.group.ID() {
		return GroupExchange(i.group)
	}
	return i.Implementation.Exchange(id)
}

// TestSchema compares the schema with the types that are written.
func TestSchema(t *testing.T) {
	type object struct {
		Required   []string       `json:"required"`
		Properties map[string]any `json:"properties"`
		Additional *bool          `json:"additionalProperties"`
	}
	var schema struct {
		object
		Defs map[string]object `json:"$defs"`
	}
	if err := json.Unmarshal([]byte(Schema), &schema); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		object object
		typ    reflect.Type
	}{
		"file":         {schema.object, reflect.TypeFor[ownFile]()},
		"group":        {schema.Defs["group"], reflect.TypeFor[ownGroup]()},
		"case":         {schema.Defs["case"], reflect.TypeFor[ownCase]()},
		"key schedule": {schema.Defs["key_schedule"], reflect.TypeFor[ownSchedule]()},
	} {
		for i := range test.typ.NumField() {
			tag := test.typ.Field(i).Tag.Get("json")
			if test.object.Properties[tag] == nil {
				t.Errorf("%s: no property %s", name, tag)
			}
			if tag != "comment" && !slices.Contains(test.object.Required, tag) {
				t.Errorf("%s: %s is not required", name, tag)
			}
		}
		if test.object.Additional == nil || *test.object.Additional {
			t.Errorf("%s: other properties are allowed", name)
		}
	}
	if !strings.Contains(Schema, FormatName) {
		t.Errorf("the schema is not of %s", FormatName)
	}
}

// TestCirclVectors runs the vectors that circl's module has for its own tests.
func TestCirclVectors(t *testing.T) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/cloudflare/circl").Output()
	if err != nil {
		t.Skip("no go command to find circl's module with: ", err)
	}
	root := filepath.Join(strings.TrimSpace(string(dir)), "kem", "mlkem", "testdata")
	if _, err := os.Stat(root); err != nil {
		t.Skip("circl's module has no test data: ", err)
	}
	files := readAll(t, root)
	for _, impl := range []Implementation{Ours(), Standard(), Circl()} {
		passed := 0
		for _, f := range files {
			count, failures := outcome(f, impl)
			if len(failures) > 0 {
				t.Errorf("%s: %s: %s", impl.Name(), f.Name, failures)
			}
			passed += count[Passed]
		}
		if passed < 75 {
			t.Errorf("%s: %d cases passed", impl.Name(), passed)
		}
	}
}

// TestWriters wants what is written to be read, also when compressed.
func TestWriters(t *testing.T) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if err := WriteResponse(z, Ours(), "ML-KEM-1024", "ML-KEM-1024", 1); err != nil {
		t.Fatal(err)
	}
	z.Close()
	f, err := Read("x", &b)
	if err != nil {
		t.Fatal(err)
	}
	if count, failures := outcome(f, Circl()); count[Passed] != 1 || f.Cases[0].Algorithm != "ML-KEM-1024" {
		t.Errorf("%v, failures %v", count, failures)
	}
	if err := WriteResponse(&b, Standard(), "ML-KEM-768", "x", 1); err == nil {
		t.Error("an implementation that does not show dk: want an error")
	}
	if err := WriteResponse(&b, Ours(), "RSA", "x", 1); err == nil {
		t.Error("an unknown KEM: want an error")
	}
}
