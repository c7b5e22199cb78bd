package kat

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const sharedVectors = "../../shared/vectors"

// readAll reads all vector files below a directory, but not its documentation.
func readAll(t *testing.T, dir string) []*File {
	t.Helper()
	var files []*File
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		r, err := os.Open(path)
		if err != nil {
			return err
		}
		defer r.Close()
		f, err := Read(path, r)
		if err != nil {
			if strings.HasSuffix(path, ".md") {
				return nil
			}
			t.Error(err)
			return nil
		}
		files = append(files, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := Pair(files...); err != nil {
		t.Error(err)
	}
	return files
}

// TestShared runs everything in the shared folder on every implementation.
func TestShared(t *testing.T) {
	if _, err := os.Stat(sharedVectors); err != nil {
		t.Skip("the shared vectors are not here: ", err)
	}
	files := readAll(t, sharedVectors)
	for _, impl := range []Implementation{Ours(), Standard(), Circl()} {
		t.Run(impl.Name(), func(t *testing.T) {
			if testing.Short() && impl != Ours() {
				t.Skip("runs without -short")
			}
			for _, f := range files {
				t.Run(strings.TrimPrefix(f.Name, sharedVectors), func(t *testing.T) { runFile(t, f, impl) })
			}
		})
	}
}

func runFile(t *testing.T, f *File, impl Implementation) {
	count := make(map[Status]int)
	reasons := make(map[string]int)
	r := Runner{Implementation: impl}
	for _, c := range f.Cases {
		if c.Bulk != nil && c.Bulk.Count > 1000 {
			continue // see TestAccumulatedDraft
		}
		result := r.Run(context.Background(), c)
		count[result.Status]++
		switch result.Status {
		case Failed:
			t.Errorf("%s: %s %s: %s: want %.40x, got %.40x", c, c.Algorithm, result.Reason, result.Field, result.Want, result.Got)
		case Skipped, Policy:
			reasons[result.Reason]++
		}
		if len(result.Unseen) > 0 {
			reasons[fmt.Sprint("not compared: ", result.Unseen)]++
		}
	}
	t.Log(f.Format, len(f.Cases), count, reasons, f.Notes)
}
