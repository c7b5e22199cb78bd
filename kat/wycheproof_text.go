package kat

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// wycheproofText reads Wycheproof's tests of elliptic curves in the text that
// BoringSSL, AWS-LC and ring make of them: attributes of the group in brackets,
// the number and the comment of a test above its record.
var wycheproofText = format{
	name: "Wycheproof, as text",
	recognise: func(t *text) bool {
		return len(t.records) > 0 && len(t.lines) == 0 && t.records[0].has("private", "public", "result") && groupAttribute(t.records[0], "curve") != ""
	},
	read: func(f *File, t *text) error {
		v, err := wycheproofOfText(t)
		if err != nil {
			return err
		}
		return readWycheproof(f, v)
	},
}

// groupAttribute returns the value of [name = value] above a record, empty if
// there is none.
func groupAttribute(r *record, name string) string {
	for _, line := range strings.Split(r.section, "\n") {
		if n, value, ok := cutField(line); ok && n == name {
			return value
		}
	}
	return ""
}

// wycheproofOfText makes of a text what the file of JSON was.
func wycheproofOfText(t *text) (*value, error) {
	object := func(path string) *value { return &value{path: path, token: json.Delim('{')} }
	array := func(path string) *value { return &value{path: path, token: json.Delim('[')} }
	file, groups := object(""), array("/testGroups")
	var tests *value
	section := ""
	for i, r := range t.records {
		if i == 0 || r.section != section {
			section = r.section
			kind, err := textGroupType(r)
			if err != nil {
				return nil, err
			}
			g := object(fmt.Sprintf("line %d", r.line()))
			tests = array(g.path)
			g.set("type", kind)
			g.set("curve", groupAttribute(r, "curve"))
			g.object = append(g.object, member{"tests", tests})
			groups.array = append(groups.array, g)
		}
		test, err := testOfText(r, object)
		if err != nil {
			return nil, err
		}
		tests.array = append(tests.array, test)
	}
	file.set("numberOfTests", json.Number(strconv.Itoa(len(t.records))))
	file.object = append(file.object, member{"testGroups", groups})
	return file, nil
}

// textGroupType returns the type that a group has in JSON.
func textGroupType(r *record) (string, error) {
	curve, encoding := groupAttribute(r, "curve"), groupAttribute(r, "encoding")
	switch {
	case encoding == "" && (curve == "curve25519" || curve == "curve448"):
		return "XdhComp", nil
	case encoding == "asn":
		return "EcdhTest", nil
	case encoding == "ecpoint":
		return "EcdhEcpointTest", nil
	}
	return "", r.errorf("unknown group: curve %q, encoding %q", curve, encoding)
}

var textTestID = regexp.MustCompile(`^tcId = ([0-9]+)$`)

func testOfText(r *record, object func(path string) *value) (*value, error) {
	test := object(fmt.Sprintf("line %d", r.line()))
	for i, c := range r.comments {
		if m := textTestID.FindStringSubmatch(c); m != nil {
			test.set("tcId", json.Number(m[1]))
			test.set("comment", strings.Join(r.comments[i+1:], " "))
			break
		}
	}
	if test.find("tcId") == nil {
		return nil, r.errorf("no comment with the tcId above")
	}
	for i := range r.fields {
		f := &r.fields[i]
		if test.find(f.name) != nil {
			return nil, fmt.Errorf("line %d: %s stands twice in a record", f.line, f.name)
		}
		if f.name != "flags" {
			test.set(f.name, f.value)
			continue
		}
		flags := &value{path: test.path, token: json.Delim('[')}
		for _, flag := range strings.Split(f.value, ",") {
			flags.array = append(flags.array, &value{path: test.path, token: strings.TrimSpace(flag)})
		}
		test.object = append(test.object, member{"flags", flags})
	}
	return test, nil
}

// set adds a member that is no object and no array.
func (v *value) set(name string, token json.Token) {
	v.object = append(v.object, member{name, &value{path: v.path, token: token}})
}
