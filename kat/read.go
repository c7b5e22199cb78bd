package kat

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// A File is what a reader made of a file.
type File struct {
	Name   string // as given to Read
	Format string
	Cases  []*Case
	Notes  []string // what a user should know, and is no failure

	Err error // set by Pair; the cases are not complete

	acvp []*vectorSet // that wait for Pair
}

func (f *File) add(c *Case) { f.Cases = append(f.Cases, c) }

func (f *File) note(format string, args ...any) {
	if n := fmt.Sprintf(format, args...); !slices.Contains(f.Notes, n) {
		f.Notes = append(f.Notes, n)
	}
}

// ErrUnrecognised is wrapped by the error of Read for a file that is in none of
// the formats.
var ErrUnrecognised = errors.New("not in a known format of test vectors")

// A format is recognised by content, never by a file's name.
type format struct {
	name string

	// One of each pair is set: a text, or JSON.
	recognise     func(t *text) bool
	read          func(f *File, t *text) error
	recogniseJSON func(v *value) bool
	readJSON      func(f *File, v *value) error
}

// formats in the order in which they are tried.
var formats = []format{
	rsp,
	pqcKAT,
	boringKyber, boringKEM, boringNISTDecap, boringNISTKeygen, boringECDH, boringEVP,
	openSSL, openSSLKeys,
	botanTranscript, botan,
	cctvIntermediate, cctvUnlucky, cctvStrcmp, cctvAccumulated,
	modulus, invalidDK,
	s2nKAT,
	xwingText,
	hpkeText,
	wycheproofText,

	wycheproof,
	acvp,
	own,
	tlsHybrids,
	s2nJSON,
	hpkeJSON,
	xwingJSON,
	libcrux,
	liboqs,
}

// Formats returns the names of the formats that Read knows.
func Formats() []string {
	var names []string
	for _, f := range formats {
		names = append(names, f.name)
	}
	return names
}

// Read reads one file of test vectors, in any of the formats, plain or
// compressed by gzip or bzip2. name is for messages alone. The error tells the
// line or the case that is at fault; it wraps [ErrUnrecognised] for a file that
// is in no known format. A file of ACVP needs [Pair] as well.
func Read(name string, r io.Reader) (*File, error) {
	f := &File{Name: name}
	data, err := decompress(r)
	if err == nil {
		err = f.parse(data)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return f, nil
}

// decompress reads all of r, at most maxFile bytes of content.
func decompress(r io.Reader) ([]byte, error) {
	b := bufio.NewReader(r)
	magic, _ := b.Peek(3)
	r = b
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(b)
		if err != nil {
			return nil, err
		}
		r = z
	case string(magic) == "BZh":
		r = bzip2.NewReader(b)
	}
	data, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("more than %d MiB", maxFile>>20)
	}
	return data, nil
}

func (f *File) parse(data []byte) error {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if len(bytes.TrimSpace(data)) == 0 {
		return errors.New("the file is empty")
	}
	read, err := recognise(data, &f.Format)
	if err != nil {
		return err
	}
	if err := read(f); err != nil {
		return fmt.Errorf("%s: %w", f.Format, err)
	}
	if len(f.Cases) == 0 && f.acvp == nil {
		return fmt.Errorf("%s: no cases", f.Format)
	}
	return nil
}

// recognise finds the format of a file and returns its reader, data applied.
func recognise(data []byte, name *string) (func(*File) error, error) {
	if isJSON(data) {
		v, err := parseJSON(data)
		if err != nil {
			return nil, err
		}
		for _, f := range formats {
			if f.recogniseJSON != nil && f.recogniseJSON(v) {
				*name = f.name
				return func(file *File) error { return f.readJSON(file, v) }, nil
			}
		}
		return nil, ErrUnrecognised
	}
	t, err := parseText(data)
	if err != nil {
		return nil, err
	}
	for _, f := range formats {
		if f.recognise != nil && f.recognise(t) {
			*name = f.name
			if t.empty != "" {
				return func(*File) error { return fmt.Errorf("section [%s] is empty", t.empty) }, nil
			}
			return func(file *File) error {
				if !strings.HasSuffix(t.raw, "\n") {
					file.note("the last line has no end: the file may be cut off")
				}
				return f.read(file, t)
			}, nil
		}
	}
	return nil, ErrUnrecognised
}

// isJSON reports whether data starts like an object or an array of JSON. A
// section in brackets and BoringSSL's attributes do so too: they go on with a
// letter.
func isJSON(data []byte) bool {
	data = bytes.TrimSpace(data)
	if data[0] == '{' {
		return true
	}
	rest := bytes.TrimSpace(data[1:])
	return data[0] == '[' && (len(rest) == 0 || bytes.ContainsRune([]byte(`{["]`), rune(rest[0])))
}
