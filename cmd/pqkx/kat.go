package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pqkx/pqkx/kat"
)

var katDoc = `
Kat reads files of test vectors, recognises their format by what is in them,
runs every case against an implementation and tells what failed. A FILE is a
file, plain or compressed by gzip or bzip2, a directory, or - for the standard
input. ACVP prompts and their expected results have to be given together.

It exits with status 0 if something ran and nothing failed. A case on which the
standards leave the choice to the implementation is counted as policy, with what
was chosen; one that cannot be run is skipped, with the reason. A file that is in
no known format is an error, unless it is documentation inside a directory.

The formats: ` + strings.Join(kat.Formats(), ", ") + `.

'pqkx kat generate --help' tells how to write vectors.
`

// katImplementations are what --impl can name.
var katImplementations = []kat.Implementation{kat.Ours(), kat.Standard(), kat.Circl()}

func runKAT(ctx context.Context, args []string, std stdio) error {
	if len(args) > 0 && args[0] == "generate" {
		return runKATGenerate(args[1:], std)
	}
	f := newFlags("kat", "FILE...", katDoc)
	name := f.String("impl", "ours", "judge this `implementation`: ours, stdlib or circl")
	asJSON := f.Bool("json", false, "print the results as JSON, with every value in full")
	long := f.Bool("long", false, "run the cases of a million exchanges as well, for minutes")
	operands, err := katOperands(f, args, std)
	if err != nil {
		return err
	}
	impl, err := katImplementation(*name)
	if err != nil {
		return err
	}
	files := readKAT(operands, std.in)
	run := katRun{runner: kat.Runner{Implementation: impl}, long: *long}
	if isTerminal(std.err) {
		run.bar = &progressBar{w: std.err}
		run.runner.Progress = run.bar.add
	}
	report := run.all(ctx, files)
	if *asJSON {
		e := json.NewEncoder(std.out)
		e.SetIndent("", "  ")
		if err := e.Encode(report); err != nil {
			return err
		}
	} else if err := report.print(std.out, newPainter(std.out)); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return report.verdict()
}

func katImplementation(name string) (kat.Implementation, error) {
	for _, i := range katImplementations {
		if i.Name() == name {
			return i, nil
		}
	}
	return nil, usagef("unknown implementation %q; see 'pqkx kat --help'", name)
}

// katOperands parses flags and files, which may stand in any order.
func katOperands(f *flags, args []string, std stdio) (files []string, err error) {
	for {
		f.Parse(args) // to where the next file is; errors come again below
		rest := f.Args()
		parsed := args[:len(args)-len(rest)]
		if _, err := f.parse(parsed, 0, std); err != nil {
			return nil, err
		}
		if len(parsed) > 0 && parsed[len(parsed)-1] == "--" {
			files, rest = append(files, rest...), nil
		}
		if len(rest) == 0 {
			break
		}
		files, args = append(files, rest[0]), rest[1:]
	}
	if len(files) == 0 {
		return nil, usagef("missing FILE...; see 'pqkx kat --help'")
	}
	return files, nil
}

// A katFile is a file that was asked for, or found in a directory.
type katFile struct {
	name string
	file *kat.File // nil if it could not be read
	err  error
	doc  bool // documentation, not vectors
}

// readKAT reads the operands, and all files below those that are directories,
// also as Go spells it, with a final "/...".
func readKAT(operands []string, stdin io.Reader) []*katFile {
	var files []*katFile
	for _, name := range operands {
		if name == "-" {
			files = append(files, readKATFrom("standard input", stdin))
			continue
		}
		dir := strings.TrimSuffix(name, string(filepath.Separator)+"...")
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			files = append(files, readKATFile(name, false))
			continue
		}
		files = append(files, walkKAT(dir)...)
	}
	var read []*kat.File
	for _, f := range files {
		if f.file != nil {
			read = append(read, f.file)
		}
	}
	kat.Pair(read...) // sets the error in each file that it is about
	return files
}

// walkKAT reads all files below a directory. What cannot be read is an error in
// its place, and the walk goes on. A link to a file is read, one to a directory
// is not followed.
func walkKAT(dir string) (files []*katFile) {
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			files = append(files, &katFile{name: path, err: err})
			return nil
		}
		mode := d.Type()
		if mode&fs.ModeSymlink != 0 {
			info, err := os.Stat(path)
			if err != nil {
				files = append(files, &katFile{name: path, err: err})
				return nil
			}
			mode = info.Mode()
		}
		switch {
		case mode.IsRegular():
			files = append(files, readKATFile(path, true))
		case !d.IsDir():
			files = append(files, &katFile{name: path, err: errors.New("neither a file nor a directory of this tree")})
		}
		return nil
	})
	return files
}

func readKATFile(name string, found bool) *katFile {
	r, err := os.Open(name)
	if err != nil {
		return &katFile{name: name, err: err}
	}
	defer r.Close()
	f := readKATFrom(name, r)
	if found && errors.Is(f.err, kat.ErrUnrecognised) && isDocumentation(name) {
		f.err, f.doc = nil, true
	}
	return f
}

func readKATFrom(name string, r io.Reader) *katFile {
	file, err := kat.Read(name, r)
	return &katFile{name: name, file: file, err: err}
}

// isDocumentation reports whether a file that is in no known format is one that
// goes with vectors without being any.
func isDocumentation(name string) bool {
	base := strings.ToUpper(filepath.Base(name))
	stem, _, _ := strings.Cut(base, ".")
	stem, _, _ = strings.Cut(stem, "-") // as in LICENSE-MIT
	return slices.Contains([]string{"README", "LICENSE", "LICENCE", "COPYING", "NOTICE", "COPYRIGHT", "AUTHORS", "CHANGELOG"}, stem) ||
		strings.HasSuffix(base, ".MD")
}

// A katRun judges one implementation by files.
type katRun struct {
	runner kat.Runner
	long   bool
	bar    *progressBar // nil if no one looks
}

func (k *katRun) all(ctx context.Context, files []*katFile) *katReport {
	report := &katReport{Implementation: k.runner.Implementation.Name()}
	for _, f := range files {
		if f.file != nil && k.long {
			for _, c := range f.file.Cases {
				if c.Skip == kat.LongRun {
					c.Skip = ""
				}
			}
		}
	}
	if k.bar != nil {
		for _, f := range files {
			if f.file != nil {
				k.bar.total += weight(f.file.Cases)
			}
		}
		defer k.bar.clear()
	}
	for _, f := range files {
		if ctx.Err() != nil {
			break
		}
		report.add(k.file(ctx, f))
	}
	return report
}

// weight is the number of exchanges in cases, of those that will run.
func weight(cases []*kat.Case) int {
	n := 0
	for _, c := range cases {
		if c.Skip == "" {
			n += c.Weight()
		}
	}
	return n
}

func (k *katRun) file(ctx context.Context, f *katFile) *katFileReport {
	r := &katFileReport{File: f.name, Documentation: f.doc}
	err := f.err
	if f.file != nil {
		r.Format, r.Notes = f.file.Format, f.file.Notes
		if err == nil {
			err = f.file.Err
		}
	}
	if err != nil {
		r.Error = strings.TrimPrefix(err.Error(), f.name+": ")
		return r
	}
	if f.doc {
		return r
	}
	if k.bar != nil {
		k.bar.label = f.name
	}
	for _, c := range f.file.Cases {
		if ctx.Err() != nil {
			break
		}
		r.add(k.runner.Run(ctx, c))
		if k.bar != nil && c.Bulk == nil && c.Skip == "" {
			k.bar.add(1)
		}
	}
	return r
}

// verdict is the error to exit with.
func (r *katReport) verdict() error {
	switch broken := r.broken(); {
	case broken > 0 && r.Total.Failed > 0:
		return fmt.Errorf("%d of %d cases failed, and %d of %d files could not be used", r.Total.Failed, r.Total.Cases, broken, len(r.Files))
	case broken > 0:
		return fmt.Errorf("%d of %d files could not be used", broken, len(r.Files))
	case r.Total.Failed > 0:
		return fmt.Errorf("%d of %d cases failed", r.Total.Failed, r.Total.Cases)
	case r.Total.Passed == 0 && r.Total.Policy == 0:
		return errors.New("nothing ran")
	}
	return nil
}
