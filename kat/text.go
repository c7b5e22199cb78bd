package kat

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Limits that keep memory bounded whatever a file holds.
const (
	maxFile   = 64 << 20 // bytes, after decompression
	maxFields = 1 << 20  // lines of a text file, values of a JSON file
)

// A text is a file of "name = value" lines, the common ground of a dozen
// formats: records are separated by blank lines, sections have a line of their
// own in brackets, and comments start with #.
type text struct {
	raw      string
	records  []*record
	comments []string // before the first record
	lines    []string // that are none of these, if nothing but them
	loose    int      // line number of the first of them
	empty    string   // a section that has no records
}

// A record is a run of lines with no blank one between them.
type record struct {
	section  string   // or several lines of attributes
	comments []string // above it
	fields   []field
}

type field struct {
	name, value string
	line        int
	used        bool
}

// parseText splits a text. A record also ends where its first name comes again,
// for the files that have no blank lines. It refuses nothing but size: what is
// no field is kept in lines.
func parseText(data []byte) (*text, error) {
	t := &text{raw: string(data)}
	var current *record
	var section string
	var comments []string
	n, fields := 0, 0
	for line := range strings.Lines(t.raw) {
		n++
		line = strings.TrimSpace(line)
		name, value, ok := cutField(line)
		switch {
		case line == "":
			current = nil
		case line[0] == '#':
			comments = append(comments, strings.TrimSpace(strings.TrimLeft(line, "#")))
		case line[0] == '[' && line[len(line)-1] == ']':
			next := strings.TrimSpace(line[1 : len(line)-1])
			if empty := !t.ends(section); empty && strings.Contains(section, " = ") && strings.Contains(next, " = ") {
				next = section + "\n" + next // attributes of one group
			} else if empty {
				t.empty = section
			}
			section, current = next, nil
		case !ok && current != nil && isFlag(line):
			current.fields = append(current.fields, field{name: line, line: n})
		case !ok:
			if t.loose == 0 {
				t.loose = n
			}
			t.lines = append(t.lines, line)
		default:
			if current == nil || name == current.fields[0].name {
				if len(t.records) == 0 {
					t.comments = comments
				}
				current = &record{section: section, comments: comments}
				comments = nil
				t.records = append(t.records, current)
			}
			current.fields = append(current.fields, field{name: name, value: value, line: n})
		}
		if fields++; fields > maxFields {
			return nil, fmt.Errorf("more than %d lines", maxFields)
		}
	}
	if !t.ends(section) {
		t.empty = section
	}
	return t, nil
}

// ends reports whether the last record is of this section, or there is none.
func (t *text) ends(section string) bool {
	return section == "" || len(t.records) > 0 && t.records[len(t.records)-1].section == section
}

// cutField splits "name = value" and "name: value". A name has no blanks but in
// an index, as in A[0, 0].
func cutField(line string) (name, value string, ok bool) {
	i := strings.IndexAny(line, "=:")
	if i <= 0 {
		return "", "", false
	}
	name = strings.TrimSpace(line[:i])
	stem := name
	if j := strings.IndexByte(name, '['); j > 0 && strings.HasSuffix(name, "]") {
		stem = name[:j]
	}
	return name, strings.TrimSpace(line[i+1:]), name != "" && !strings.ContainsAny(stem, " \t")
}

// isFlag reports whether a line is a name that needs no value, such as
// BoringSSL's DecapsulateFail.
func isFlag(line string) bool {
	return len(line) < 40 && strings.Trim(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") == ""
}

// first reports whether the first record has exactly these names, in any order,
// and the file has nothing but records.
func (t *text) first(names ...string) bool {
	return len(t.records) > 0 && len(t.lines) == 0 && t.records[0].is(names...)
}

func (r *record) is(names ...string) bool {
	if len(r.fields) != len(names) {
		return false
	}
	for _, f := range r.fields {
		if !slices.Contains(names, f.name) {
			return false
		}
	}
	return true
}

// has reports whether the record has all these names.
func (r *record) has(names ...string) bool {
	for _, n := range names {
		if r.find(n) == nil {
			return false
		}
	}
	return true
}

func (r *record) find(name string) *field {
	for i := range r.fields {
		if r.fields[i].name == name {
			return &r.fields[i]
		}
	}
	return nil
}

// line returns where the record starts.
func (r *record) line() int { return r.fields[0].line }

func (r *record) errorf(format string, args ...any) error {
	return fmt.Errorf("line %d: %s", r.line(), fmt.Sprintf(format, args...))
}

// get returns a value and marks it as used; empty if it is not there.
func (r *record) get(name string) string {
	if f := r.find(name); f != nil {
		f.used = true
		return f.value
	}
	return ""
}

// ignore marks values as used whose content has no bearing on the result.
func (r *record) ignore(names ...string) {
	for _, n := range names {
		r.get(n)
	}
}

// done refuses what no one has used: a field twice, or one that is not known.
func (r *record) done() error {
	for _, f := range r.fields {
		if f.used {
			continue
		}
		if r.find(f.name).used {
			return fmt.Errorf("line %d: %s stands twice in a record", f.line, f.name)
		}
		return fmt.Errorf("line %d: unknown field %s", f.line, f.name)
	}
	return nil
}

// hex returns a value that must be there, decoded.
func (r *record) hex(name string) ([]byte, error) {
	f := r.find(name)
	if f == nil {
		return nil, r.errorf("no %s", name)
	}
	f.used = true
	b, err := decodeHex(f.value)
	if err != nil {
		return nil, fmt.Errorf("line %d: %s: %w", f.line, name, err)
	}
	return b, nil
}

// hexOf is hex for a value of known length.
func (r *record) hexOf(name string, size int) ([]byte, error) {
	b, err := r.hex(name)
	if err == nil && len(b) != size {
		err = r.errorf("%s of %d bytes, want %d", name, len(b), size)
	}
	return b, err
}

// peekHex is hexOf that does not count as use.
func (r *record) peekHex(name string, size int) ([]byte, error) {
	f := r.find(name)
	if f == nil {
		return nil, r.errorf("no %s", name)
	}
	used := f.used
	b, err := r.hexOf(name, size)
	f.used = used
	return b, err
}

// values decodes the fields that are named, which must all be there and not
// empty, under other names.
func (r *record) values(names map[string]string) (Values, error) {
	v := make(Values, len(names))
	for from, to := range names {
		b, err := r.hex(from)
		if err != nil {
			return nil, err
		}
		if len(b) == 0 {
			return nil, r.errorf("%s is empty", from)
		}
		v[to] = b
	}
	return v, nil
}

// count checks a running number, which shows where a record was lost.
func (r *record) count(want int) error {
	got, err := strconv.Atoi(r.get("count"))
	if err != nil || got != want {
		return r.errorf("count = %s, want %d", r.get("count"), want)
	}
	return nil
}

// decodeHex decodes hexadecimal digits of either case, and nothing else.
func decodeHex(s string) ([]byte, error) {
	b, err := hex.DecodeString(s)
	if err != nil {
		return nil, fmt.Errorf("not hexadecimal: %w", err)
	}
	return b, nil
}
