// Package overlay makes what the go command's -overlay flag takes: a JSON file
// that has it read some files of package crypto/tls from elsewhere, changed so
// that a program can hand key exchanges to that package.
//
// The changed files are made from those of the installed toolchain, by edits
// that are found in their syntax tree. Each has to find exactly what it was
// made for. A toolchain where one does not is refused, and so is one where the
// result does not compile: none is patched by guess.
package overlay

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
)

// hookName is the file that the overlay adds to crypto/tls.
const hookName = "pqkx.go"

//go:embed _hook/pqkx.go
var hook []byte

// An Overlay is the changed files for one toolchain.
type Overlay struct {
	Toolchain Toolchain
	files     map[string][]byte // by their names in crypto/tls
}

// Make makes the overlay for a toolchain, in memory. The error tells why the
// toolchain is refused.
func Make(tc Toolchain) (*Overlay, error) {
	if err := tc.check(); err != nil {
		return nil, err
	}
	files, err := tc.read()
	if err != nil {
		return nil, err
	}
	edited, err := editAll(files)
	if err != nil {
		return nil, fmt.Errorf("%s in %s is not understood, so it is left alone: %w", tc.Version, tc.Root, err)
	}
	edited[hookName] = bytes.Replace(hook, []byte(`pqkxToolchain = "go"`), fmt.Appendf(nil, "pqkxToolchain = %q", tc.release()), 1)
	return &Overlay{Toolchain: tc, files: edited}, nil
}

// Key names the overlay: the version of Go, and a hash of where the toolchain
// is, of this module's version and of the changed files themselves.
func (o *Overlay) Key() string {
	h := sha256.New()
	add := func(data []byte) { fmt.Fprintf(h, "%d:%s", len(data), data) }
	add([]byte(o.Toolchain.Root))
	add([]byte(moduleVersion()))
	for _, name := range o.names() {
		add([]byte(name))
		add(o.files[name])
	}
	return o.Toolchain.release() + "-" + hex.EncodeToString(h.Sum(nil)[:8])
}

// moduleVersion returns this module's version if the program was built from
// a published one, and nothing otherwise: then the files alone tell.
func moduleVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return ""
}

func (o *Overlay) names() []string { return slices.Sorted(maps.Keys(o.files)) }

// jsonName is the file in an overlay's folder that -overlay takes.
const jsonName = "overlay.json"

// Write writes the overlay into a folder below dir, named by its key, and
// returns the path of the JSON file. What was written before and is whole is
// used again. A new one appears all at once, and only if the toolchain compiles
// crypto/tls with it.
func (o *Overlay) Write(ctx context.Context, dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	final := filepath.Join(dir, o.Key())
	if o.whole(final) {
		return filepath.Join(final, jsonName), nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	work, err := os.MkdirTemp(dir, ".new-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	if err := o.fill(work, work); err != nil {
		return "", err
	}
	if err := o.Toolchain.compile(ctx, filepath.Join(work, jsonName)); err != nil {
		return "", err
	}
	if err := o.fill(work, final); err != nil {
		return "", err
	}
	return filepath.Join(final, jsonName), o.install(work, final)
}

// fill writes the files into dir, with a JSON that looks for them in place.
func (o *Overlay) fill(dir, place string) error {
	for name, text := range o.contents(place) {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return err
		}
	}
	return os.Chmod(dir, 0o755)
}

// install moves a finished folder to its place. Another process may have been
// faster, or have left something broken there.
func (o *Overlay) install(work, final string) error {
	err := os.Rename(work, final)
	if err == nil || o.whole(final) {
		return nil
	}
	if err := os.RemoveAll(final); err != nil {
		return err
	}
	return os.Rename(work, final)
}

// contents returns all files of an overlay that is to be used from place.
func (o *Overlay) contents(place string) map[string][]byte {
	all := maps.Clone(o.files)
	replace := make(map[string]string)
	for name := range o.files {
		replace[filepath.Join(o.Toolchain.sources(), name)] = filepath.Join(place, name)
	}
	text, err := json.MarshalIndent(map[string]any{"Replace": replace}, "", "\t")
	if err != nil {
		panic(err) // strings only
	}
	all[jsonName] = append(text, '\n')
	return all
}

// whole reports whether the overlay is in dir, unchanged.
func (o *Overlay) whole(dir string) bool {
	for name, want := range o.contents(dir) {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !bytes.Equal(got, want) {
			return false
		}
	}
	return true
}

// Describe prints what the overlay changes, for people.
func (o *Overlay) Describe(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s in %s\n", o.Toolchain.Version, o.Toolchain.Root)
	for _, name := range o.names() {
		what := "edited"
		if name == hookName {
			what = "added"
		}
		fmt.Fprintf(&b, "crypto/tls/%s %s\n", name, what)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
