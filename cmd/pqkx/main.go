// Command pqkx shows post-quantum key exchange in TLS 1.3 at work: it lists the
// groups, runs them against each other, and is a server and a client for other
// people's TLS.
//
// Run "pqkx help" for its subcommands and "pqkx COMMAND --help" for their flags.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// A command is a subcommand: a file of its own and a line in the table.
type command struct {
	name    string
	summary string // completes "pqkx can ..."
	run     func(ctx context.Context, args []string, std stdio) error
}

// commands is the table of subcommands, in the order of the help text.
var commands = []command{
	{"groups", "list the groups: code points, sizes, documents, backends", runGroups},
	{"demo", "run a handshake on each group, client and server in one process", runDemo},
	{"serve", "serve HTTPS, or forward to a plain service, and tell visitors their group", runServe},
	{"connect", "connect to a server, and tell what was offered and negotiated", runConnect},
	{"bench", "measure what the groups cost: CPU, bytes, memory, latency", runBench},
	{"overlay", "give Go's own crypto/tls the groups, for programs that you build", runOverlay},
	{"soak", "make many connections in this process, and look for errors and leaks", runSoak},
	{"kat", "judge implementations by test vectors of any format, or write vectors", runKAT},
}

// stdio is what a command reads and writes, so that tests need no process.
type stdio struct {
	in       io.Reader
	out, err io.Writer
}

// Exit statuses.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // so that a second signal ends the process at once
	os.Exit(run(ctx, os.Args[1:], stdio{os.Stdin, os.Stdout, os.Stderr}))
}

// run finds and runs a command, prints its error on one line and returns the
// exit status.
func run(ctx context.Context, args []string, std stdio) int {
	err := dispatch(ctx, args, std)
	var usage *usageError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return exitOK
	case errors.As(err, &usage):
		fmt.Fprintf(std.err, "pqkx: %s\n", oneLine(err))
		return exitUsage
	}
	fmt.Fprintf(std.err, "pqkx: %s\n", oneLine(err))
	return exitFailure
}

func dispatch(ctx context.Context, args []string, std stdio) error {
	if len(args) == 0 {
		return &usageError{errors.New("no command; see 'pqkx help'")}
	}
	name, args := args[0], args[1:]
	switch name {
	case "-h", "-help", "--help":
		name, args = "help", nil
	}
	if name == "help" {
		if len(args) == 0 {
			return printHelp(std.out)
		}
		name, args = args[0], []string{"--help"}
	}
	for _, c := range commands {
		if c.name != name {
			continue
		}
		err := c.run(ctx, args, std)
		if err != nil && !strings.HasPrefix(err.Error(), name+": ") { // as of a package of that name
			err = fmt.Errorf("%s: %w", name, err)
		}
		return err
	}
	return &usageError{fmt.Errorf("unknown command %q; see 'pqkx help'", name)}
}

func printHelp(w io.Writer) error {
	var b strings.Builder
	b.WriteString("pqkx is post-quantum key exchange for TLS 1.3.\n\nUsage: pqkx COMMAND [flags]\n\n")
	for _, c := range commands {
		fmt.Fprintf(&b, "  %-9s %s\n", c.name, c.summary)
	}
	b.WriteString("\n'pqkx COMMAND --help' tells about a command and its flags.\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// oneLine is the error's text on one line: that of a hybrid share with two bad
// halves has a line break.
func oneLine(err error) string {
	return printable(strings.ReplaceAll(err.Error(), "\n", "; "))
}
