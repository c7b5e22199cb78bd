package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pqkx/pqkx/internal/overlay"
)

const overlayDoc = `
Overlay gives Go's own crypto/tls the groups of this module, and so net/http,
HTTP/2, gRPC, QUIC and the rest. It prints the path of a file for the flag
-overlay of the go command, for the toolchain that the current folder uses:

  go build -overlay "$(pqkx overlay)" ./...
  go env -w GOFLAGS=-overlay="$(pqkx overlay)"    # or once, for all builds

The program calls cryptotls.Use or has one import more:

  import _ "github.com/pqkx/pqkx/host/cryptotls/auto"

The overlay holds the toolchain's own files of crypto/tls with a few edits, and
lies in the user's cache. A toolchain that is not known is refused. After an
upgrade of Go, run this again: programs built with an overlay of another release
do not start.
`

func runOverlay(ctx context.Context, args []string, std stdio) error {
	f := newFlags("overlay", "", overlayDoc)
	cache := f.String("cache", "", "`FOLDER` to write to instead of the user's cache")
	list := f.Bool("list", false, "list on stderr what the overlay changes")
	if _, err := f.parse(args, 0, std); err != nil {
		return err
	}
	if *cache == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			return err
		}
		*cache = filepath.Join(dir, "pqkx", "overlay")
	}
	toolchain, err := overlay.Find(ctx, ".")
	if err != nil {
		return err
	}
	o, err := overlay.Make(toolchain)
	if err != nil {
		return err
	}
	path, err := o.Write(ctx, *cache)
	if err != nil {
		return err
	}
	if *list {
		if err := o.Describe(std.err); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintln(std.out, path)
	return err
}
