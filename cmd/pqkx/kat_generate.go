package main

import (
	"bufio"
	"io"
	"os"

	"github.com/pqkx/pqkx/kat"
	"github.com/pqkx/pqkx/preset"
)

const katGenerateDoc = `
Generate writes test vectors. By default they are of TLS groups, as JSON that
'pqkx kat' reads and 'pqkx kat generate --schema' describes: from seeds to
the client's share, the server's share, the shared secret and the traffic secrets
of TLS 1.3. With --nist they are NIST's file of known answers of one KEM,
PQCkemKAT_*.rsp, byte for byte; with --request as well, the .req file to it.

The same flags give the same bytes.
`

func runKATGenerate(args []string, std stdio) (err error) {
	f := newFlags("kat generate", "", katGenerateDoc)
	groups := f.String("groups", "", "`names` of groups, with commas between them (default all)")
	count := f.Int("count", 0, "number of `cases` for each group, or of records with --nist (default 3, and 100)")
	label := f.String("label", "pqkx", "all seeds follow from this `text`")
	output := f.String("o", "", "write to this `file` instead of the standard output")
	schema := f.Bool("schema", false, "write the JSON Schema instead")
	nist := f.String("nist", "", "write NIST's file for this `KEM`: ML-KEM-512, ML-KEM-768, ML-KEM-1024, Kyber512, Kyber768 or Kyber1024")
	request := f.Bool("request", false, "with --nist, write the request file, which has no answers")
	if _, err := f.parse(args, 0, std); err != nil {
		return err
	}
	if *count < 0 || *request && *nist == "" || *nist != "" && *groups != "" {
		return usagef("flags that do not go together; see 'pqkx kat generate --help'")
	}
	selected := preset.All().Groups()
	if *groups != "" {
		if selected, err = parseGroups(*groups); err != nil {
			return usagef("%w", err)
		}
	}
	if *nist != "" && kat.Ours().KEM(*nist) == nil {
		return usagef("unknown KEM %q; see 'pqkx kat generate --help'", *nist)
	}
	return writeTo(*output, std.out, func(w io.Writer) error {
		switch {
		case *schema:
			_, err := io.WriteString(w, kat.Schema)
			return err
		case *request:
			return kat.WriteRequest(w, orDefault(*count, 100))
		case *nist != "":
			return kat.WriteResponse(w, kat.Ours(), *nist, *nist, orDefault(*count, 100))
		}
		return kat.Generate(w, *label, orDefault(*count, 3), selected...)
	})
}

func orDefault(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}

// writeTo calls f with a buffered writer to a file, or to out if there is no
// name.
func writeTo(name string, out io.Writer, f func(io.Writer) error) (err error) {
	if name != "" {
		file, err := os.Create(name)
		if err != nil {
			return err
		}
		defer func() {
			if e := file.Close(); err == nil {
				err = e
			}
		}()
		out = file
	}
	b := bufio.NewWriter(out)
	if err := f(b); err != nil {
		return err
	}
	return b.Flush()
}
