package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/preset"
)

const demoDoc = `
Demo is a TLS 1.3 client and server in one process. For each group they shake
hands over TCP on 127.0.0.1, the client verifies the server's certificate, and
data goes both ways and is compared. It fails if any group does.

The time is that of the client, from its first byte to the end of the handshake,
the median of several runs. The bytes are those of the handshake on the wire.
`

func runDemo(ctx context.Context, args []string, std stdio) error {
	f := newFlags("demo", "", demoDoc)
	var names []string
	f.Func("group", groupsHelp+";\nmay be repeated (default all)", func(s string) error {
		names = append(names, s)
		return nil
	})
	runs := f.Int("runs", 5, "`N` handshakes on each group, from 1 to 1000")
	asJSON := f.Bool("json", false, "print a JSON array")
	if _, err := f.parse(args, 0, std); err != nil {
		return err
	}
	if *runs < 1 || *runs > 1000 {
		return usagef("--runs: %d is not from 1 to 1000", *runs)
	}
	groups := preset.All().Groups()
	if names != nil {
		var err error
		if groups, err = parseGroups(strings.Join(names, ",")); err != nil {
			return usagef("--group: %w", err)
		}
	}
	cert, err := makeCertificate()
	if err != nil {
		return err
	}
	d := &demo{groups: groups, runs: *runs, cert: cert}
	if *asJSON {
		return d.json(ctx, std.out)
	}
	return d.table(ctx, std.out)
}

// A demo runs handshakes on groups and prints what came of them.
type demo struct {
	groups []pqkx.Group
	runs   int
	cert   *made
}

// json prints all results at the end.
func (d *demo) json(ctx context.Context, w io.Writer) error {
	var results []result
	for _, g := range d.groups {
		results = append(results, d.try(ctx, g))
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	if err := printJSON(w, results); err != nil {
		return err
	}
	return failures(results)
}

// table prints each result as it comes.
func (d *demo) table(ctx context.Context, w io.Writer) error {
	paint := newPainter(w)
	columns := d.columns()
	_, err := fmt.Fprintf(w, "TLS 1.3 between a client and a server in this process, over TCP on 127.0.0.1.\n\n%s", header(columns, paint))
	if err != nil {
		return err
	}
	var results []result
	for _, g := range d.groups {
		r := d.try(ctx, g)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		results = append(results, r)
		if _, err := io.WriteString(w, row(columns, r.cells(), paint)); err != nil {
			return err
		}
	}
	if _, err := io.WriteString(w, closing(results, paint)); err != nil {
		return err
	}
	return failures(results)
}

func (d *demo) columns() []column {
	columns := []column{
		{title: "GROUP"}, {title: "AGAINST A QUANTUM COMPUTER"}, {title: "KEY SHARES", right: true},
		{title: "HANDSHAKE", right: true}, {title: "TIME", width: len("10.00 ms"), right: true}, {title: "VERDICT"},
	}
	var names [][]cell
	for _, g := range d.groups {
		names = append(names, []cell{{text: g.ID().String()}, {}, {text: sum(1000, 1000)}, {text: sum(1000, 1000)}, {}, {}})
	}
	fit(columns, names)
	return columns
}

// sum writes bytes from the client and bytes from the server.
func sum[T int | int64](client, server T) string { return fmt.Sprintf("%d + %d", client, server) }

// cells is the result's line of the table.
func (r *result) cells() []cell {
	safety := cell{"does not resist", amber}
	if r.PostQuantum {
		safety = cell{"resists", green}
	}
	cells := []cell{{r.Group, plain}, safety, {sum(r.ClientShare, r.ServerShare), plain}}
	if !r.OK {
		return append(cells, cell{}, cell{}, cell{"failed: " + r.Error, red})
	}
	return append(cells,
		cell{sum(r.ClientBytes, r.ServerBytes), plain},
		cell{strconv.FormatFloat(float64(r.HandshakeMicros)/1000, 'f', 2, 64) + " ms", plain},
		cell{"ok", green})
}

// closing says what the table means.
func closing(results []result, paint painter) string {
	ok, pq := 0, 0
	for _, r := range results {
		if r.OK {
			ok++
			if r.PostQuantum {
				pq++
			}
		}
	}
	var b strings.Builder
	b.WriteString("\nSizes in bytes, client's + server's; HANDSHAKE is all of it on the wire.\n")
	switch verdict := fmt.Sprintf("%d of %d ok", ok, len(results)); ok {
	case len(results):
		b.WriteString(paint.paint(green, verdict))
	default:
		b.WriteString(paint.paint(red, verdict))
	}
	if pq > 0 {
		fmt.Fprintf(&b, "; %d of them keep a connection secret from someone who records it today\nand has a quantum computer one day", pq)
	}
	b.WriteString(".\n")
	if ok == len(results) {
		b.WriteString("Next: 'pqkx serve', and see which group your browser takes.\n")
	}
	return b.String()
}

// failures is the error that says which groups failed, or nil.
func failures(results []result) error {
	var failed []string
	var first string
	for _, r := range results {
		if !r.OK {
			failed = append(failed, r.Group)
			if first == "" {
				first = r.Error
			}
		}
	}
	switch len(failed) {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("%s failed: %s", failed[0], first)
	}
	return errors.New(strings.Join(failed, ", ") + " failed: " + first)
}
