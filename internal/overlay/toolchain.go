package overlay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/version"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// supported has the releases of Go that the tests have run with.
var supported = []string{"go1.26", "go1.27"}

// A Toolchain is an installation of Go.
type Toolchain struct {
	Root       string // GOROOT
	Version    string // GOVERSION, such as go1.26.8
	Experiment string // GOEXPERIMENT
	Modules    string // GOMODCACHE
}

// Find returns the toolchain that the go command uses in a folder: the go in
// PATH, or the one that it chooses by go.mod, go.work and GOTOOLCHAIN.
func Find(ctx context.Context, dir string) (Toolchain, error) {
	cmd := exec.CommandContext(ctx, "go", "env", "-json", "GOROOT", "GOVERSION", "GOEXPERIMENT", "GOMODCACHE")
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) && len(exit.Stderr) > 0 {
			return Toolchain{}, fmt.Errorf("go env: %s", strings.TrimSpace(string(exit.Stderr)))
		}
		return Toolchain{}, fmt.Errorf("go env: %w", err)
	}
	var env struct{ GOROOT, GOVERSION, GOEXPERIMENT, GOMODCACHE string }
	if err := json.Unmarshal(out, &env); err != nil {
		return Toolchain{}, fmt.Errorf("go env: %w", err)
	}
	return Toolchain{Root: env.GOROOT, Version: env.GOVERSION, Experiment: env.GOEXPERIMENT, Modules: env.GOMODCACHE}, nil
}

// check refuses what is not a release that we know.
func (tc Toolchain) check() error {
	release := tc.release()
	lang := version.Lang(release)
	switch {
	case !version.IsValid(release) || lang == release || strings.ContainsAny(release, "-rb"):
		return fmt.Errorf("%q is not a release of Go (for instance go1.26.8), so it is left alone", tc.Version)
	case !slices.Contains(supported, lang):
		return fmt.Errorf("%s is not among the supported releases (%s), so it is left alone", release, strings.Join(supported, ", "))
	case slices.Contains(strings.Split(tc.Experiment, ","), "boringcrypto"):
		return errors.New("GOEXPERIMENT=boringcrypto has a crypto/tls of its own, which is left alone")
	case !filepath.IsAbs(tc.Root):
		return fmt.Errorf("GOROOT %q is not an absolute path", tc.Root)
	case tc.downloaded():
		return fmt.Errorf("%[1]s lies in the module cache, where the go command takes no overlay; "+
			"give it another place (ln -s %[2]s ~/%[1]s) and use that (GOROOT=~/%[1]s GOTOOLCHAIN=local ~/%[1]s/bin/go)", release, tc.Root)
	}
	return nil
}

// downloaded reports whether the go command itself got the toolchain, as a
// module.
func (tc Toolchain) downloaded() bool {
	rel, err := filepath.Rel(tc.Modules, tc.Root)
	return tc.Modules != "" && err == nil && filepath.IsLocal(rel)
}

// release returns the version without the experiments that it lists.
func (tc Toolchain) release() string {
	if before, experiments, ok := strings.Cut(tc.Version, "-"); ok && strings.HasPrefix(experiments, "X:") {
		return before
	}
	return tc.Version
}

func (tc Toolchain) sources() string { return filepath.Join(tc.Root, "src", "crypto", "tls") }

// read returns the files of crypto/tls without its tests.
func (tc Toolchain) read() (map[string][]byte, error) {
	entries, err := os.ReadDir(tc.sources())
	if err != nil {
		return nil, err
	}
	files := make(map[string][]byte)
	for _, e := range entries {
		if e.IsDir() || !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(tc.sources(), e.Name()))
		if err != nil {
			return nil, err
		}
		files[e.Name()] = text
	}
	return files, nil
}

// compile has the toolchain compile crypto/tls with an overlay.
func (tc Toolchain) compile(ctx context.Context, overlay string) error {
	cmd := exec.CommandContext(ctx, tc.command(), "build", "-overlay", overlay, "crypto/tls")
	cmd.Dir = filepath.Dir(overlay) // outside of any module
	cmd.Env = append(os.Environ(), "GOROOT="+tc.Root, "GOTOOLCHAIN=local", "GOFLAGS=", "GOWORK=off", "GO111MODULE=on")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s does not compile crypto/tls with the edits, so it is left alone: %s",
			tc.Version, strings.TrimSpace(string(out)+" "+err.Error()))
	}
	return nil
}

func (tc Toolchain) command() string { return filepath.Join(tc.Root, "bin", "go") }
