package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
)

// A usageError is a mistake in the command line, as opposed to a failure.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// usagef makes a usageError.
func usagef(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// flags are a command's flags and its help.
type flags struct {
	*flag.FlagSet
	operands string // what the usage line has after the flags
	doc      string // paragraphs of the help, before the flags
}

func newFlags(name, operands, doc string) *flags {
	f := &flags{flag.NewFlagSet(name, flag.ContinueOnError), operands, doc}
	f.SetOutput(io.Discard) // run prints errors, parse prints help
	f.Usage = func() {}
	return f
}

// parse parses args, where flags may follow operands, and returns the want
// operands. If help is asked for, it prints that and returns [flag.ErrHelp].
func (f *flags) parse(args []string, want int, std stdio) (operands []string, err error) {
	for {
		switch err := f.Parse(args); {
		case errors.Is(err, flag.ErrHelp):
			if err := f.printHelp(std.out); err != nil {
				return nil, err
			}
			return nil, err
		case err != nil:
			return nil, usagef("%w; see 'pqkx %s --help'", err, f.Name())
		}
		rest := f.Args()
		parsed := args[:len(args)-len(rest)]
		if len(rest) == 0 || len(parsed) > 0 && parsed[len(parsed)-1] == "--" {
			operands = append(operands, rest...)
			break
		}
		operands, args = append(operands, rest[0]), rest[1:]
	}
	switch {
	case len(operands) > want:
		return nil, usagef("unexpected argument %q; see 'pqkx %s --help'", operands[want], f.Name())
	case len(operands) < want:
		return nil, usagef("missing %s; see 'pqkx %s --help'", f.operands, f.Name())
	}
	return operands, nil
}

// given reports whether the flag was set on the command line.
func (f *flags) given(name string) bool {
	found := false
	f.Visit(func(fl *flag.Flag) { found = found || fl.Name == name })
	return found
}

func (f *flags) printHelp(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Usage: pqkx %s [flags]", f.Name())
	if f.operands != "" {
		b.WriteString(" " + f.operands)
	}
	fmt.Fprintf(&b, "\n\n%s\n\nFlags:\n", strings.TrimSpace(f.doc))
	f.VisitAll(func(fl *flag.Flag) {
		value, usage := flag.UnquoteUsage(fl)
		fmt.Fprintf(&b, "  --%s\n", strings.TrimSpace(fl.Name+" "+value))
		fmt.Fprintf(&b, "        %s", strings.ReplaceAll(usage, "\n", "\n        "))
		if fl.DefValue != "" && fl.DefValue != "false" {
			fmt.Fprintf(&b, " (default %s)", fl.DefValue)
		}
		b.WriteByte('\n')
	})
	_, err := io.WriteString(w, b.String())
	return err
}
