package kat

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
)

// maxDepth is how deep values of JSON may nest. No format needs more than 8.
const maxDepth = 32

// A value is a value of JSON that keeps track of what was read of it, so that a
// reader can refuse what it does not know.
type value struct {
	path   string // for messages
	token  json.Token
	object []member
	array  []*value
	used   bool
}

type member struct {
	name  string
	value *value
}

// parseJSON parses one value. Unlike encoding/json it refuses an object with one
// name twice, and it bounds the number of values and their depth.
func parseJSON(data []byte) (*value, error) {
	p := jsonParser{json.NewDecoder(bytes.NewReader(data)), 0}
	p.decoder.UseNumber()
	v, err := p.value("", 0)
	if err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = errors.New("the file ends in the middle")
		}
		return nil, fmt.Errorf("JSON, byte %d: %w", p.decoder.InputOffset(), err)
	}
	if _, err := p.decoder.Token(); err != io.EOF {
		return nil, fmt.Errorf("JSON, byte %d: something follows the value", p.decoder.InputOffset())
	}
	return v, nil
}

type jsonParser struct {
	decoder *json.Decoder
	values  int
}

func (p *jsonParser) value(path string, depth int) (*value, error) {
	if p.values++; p.values > maxFields {
		return nil, fmt.Errorf("more than %d values", maxFields)
	}
	if depth > maxDepth {
		return nil, fmt.Errorf("more than %d levels", maxDepth)
	}
	token, err := p.decoder.Token()
	if err != nil {
		return nil, err
	}
	v := &value{path: path, token: token}
	switch token {
	case json.Delim('{'):
		err = p.object(v, depth)
	case json.Delim('['):
		err = p.array(v, depth)
	}
	return v, err
}

func (p *jsonParser) object(v *value, depth int) error {
	seen := make(map[string]bool)
	for p.decoder.More() {
		token, err := p.decoder.Token()
		if err != nil {
			return err
		}
		name := token.(string)
		if seen[name] {
			return fmt.Errorf("%s has %q twice", v.where(), name)
		}
		seen[name] = true
		m, err := p.value(v.path+"/"+name, depth+1)
		if err != nil {
			return err
		}
		v.object = append(v.object, member{name, m})
	}
	_, err := p.decoder.Token() // the closing brace
	return err
}

func (p *jsonParser) array(v *value, depth int) error {
	for i := 0; p.decoder.More(); i++ {
		m, err := p.value(v.path+"/"+strconv.Itoa(i), depth+1)
		if err != nil {
			return err
		}
		v.array = append(v.array, m)
	}
	_, err := p.decoder.Token() // the closing bracket
	return err
}

// where names the value for messages: by an RFC 6901 pointer.
func (v *value) where() string {
	if v.path == "" {
		return "the file"
	}
	return v.path
}

func (v *value) errorf(format string, args ...any) error {
	return fmt.Errorf("%s: %s", v.where(), fmt.Sprintf(format, args...))
}

func (v *value) isObject() bool { return v.token == json.Delim('{') }
func (v *value) isArray() bool  { return v.token == json.Delim('[') }

// find returns a member, nil if there is none.
func (v *value) find(name string) *value {
	i := slices.IndexFunc(v.object, func(m member) bool { return m.name == name })
	if i < 0 {
		return nil
	}
	return v.object[i].value
}

// has reports whether v is an object with all these members.
func (v *value) has(names ...string) bool {
	for _, n := range names {
		if v.find(n) == nil {
			return false
		}
	}
	return v.isObject()
}

// elements returns the elements of an array that must not be empty.
func (v *value) elements() ([]*value, error) {
	if !v.isArray() {
		return nil, v.errorf("not an array")
	}
	if len(v.array) == 0 {
		return nil, v.errorf("empty array")
	}
	v.used = true
	return v.array, nil
}

// arrayOf is elements of a member that must be there.
func (v *value) arrayOf(name string) ([]*value, error) {
	m, err := v.member(name)
	if err != nil {
		return nil, err
	}
	return m.elements()
}

func (v *value) member(name string) (*value, error) {
	m := v.find(name)
	if m == nil {
		return nil, v.errorf("no %s", name)
	}
	m.used = true
	return m, nil
}

// str returns a string that must be there.
func (v *value) str(name string) (string, error) {
	m, err := v.member(name)
	if err != nil {
		return "", err
	}
	s, ok := m.token.(string)
	if !ok {
		return "", m.errorf("not a string")
	}
	return s, nil
}

// optional returns a string, empty if it is not there.
func (v *value) optional(name string) (string, error) {
	if v.find(name) == nil {
		return "", nil
	}
	return v.str(name)
}

// num returns a non-negative integer that must be there.
func (v *value) num(name string) (int, error) {
	m, err := v.member(name)
	if err != nil {
		return 0, err
	}
	n, ok := m.token.(json.Number)
	if !ok {
		return 0, m.errorf("not a number")
	}
	i, err := strconv.Atoi(n.String())
	if err != nil || i < 0 {
		return 0, m.errorf("%s is not a non-negative integer", n)
	}
	return i, nil
}

// boolean returns true or false, which must be there.
func (v *value) boolean(name string) (bool, error) {
	m, err := v.member(name)
	if err != nil {
		return false, err
	}
	b, ok := m.token.(bool)
	if !ok {
		return false, m.errorf("not true or false")
	}
	return b, nil
}

// hex returns a string that must be there, decoded.
func (v *value) hex(name string) ([]byte, error) {
	s, err := v.str(name)
	if err != nil {
		return nil, err
	}
	b, err := decodeHex(s)
	if err != nil {
		return nil, v.errorf("%s: %v", name, err)
	}
	return b, nil
}

// values decodes the members that are named, which must be there, under other
// names.
func (v *value) values(names map[string]string) (Values, error) {
	out := make(Values, len(names))
	for from, to := range names {
		b, err := v.hex(from)
		if err != nil {
			return nil, err
		}
		out[to] = b
	}
	return out, nil
}

// ignore marks members as read that have no bearing on the result.
func (v *value) ignore(names ...string) {
	for _, n := range names {
		if m := v.find(n); m != nil {
			m.used = true
		}
	}
}

// done refuses members that were not read.
func (v *value) done() error {
	for _, m := range v.object {
		if !m.value.used {
			return v.errorf("unknown field %q", m.name)
		}
	}
	return nil
}
