package bench

import (
	"bytes"
	"context"
	"crypto/fips140"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/internal/overlay"
)

// HostOverlaid is Go's crypto/tls with the groups of this module, as package
// host/cryptotls makes it.
const HostOverlaid = "crypto/tls+pqkx"

// An overlaid is a process with the overlay for crypto/tls, which this one was
// built without. It works when it is asked to and waits otherwise, so that it
// takes turns with the subjects that run here.
type overlaid struct {
	dir     string
	cmd     *exec.Cmd
	input   io.Closer
	asks    *json.Encoder
	answers *json.Decoder
	said    bytes.Buffer // on stderr
}

// An errand is what the process is asked for.
type errand struct {
	What        string
	Certificate string
	Group       pqkx.NamedGroup
	Cores       int `json:",omitempty"`
}

// What an errand may be.
const (
	errandCheck  = "check"  // that a handshake comes out right
	errandCPU    = "cpu"    // as timeHandshakes
	errandRate   = "rate"   // as handshakeRate
	errandMemory = "memory" // counts and sizes of allocations
)

// A reply is what came of an errand.
type reply struct {
	Values [][]float64
	Error  string `json:",omitempty"`
}

// startOverlaid builds and starts the process. Where that cannot be done, the
// report says why, and the result is nil, which has no stacks.
func (r *run) startOverlaid(ctx context.Context) (*overlaid, error) {
	r.progress(0, "building %s", HostOverlaid)
	dir, err := os.MkdirTemp("", "pqkx-bench-")
	if err != nil {
		return nil, err
	}
	module, made, err := prepareOverlay(ctx, dir)
	if err != nil {
		os.RemoveAll(dir)
		r.report.skip(err.Error(), "%s", HostOverlaid)
		return nil, ctx.Err()
	}
	o := &overlaid{dir: dir}
	if err := o.start(ctx, module, made); err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("%s: %w", HostOverlaid, err)
	}
	return o, nil
}

// prepareOverlay returns this module's folder and the overlay for the toolchain
// in use there, which has to be the one that this process was built by.
func prepareOverlay(ctx context.Context, dir string) (module, made string, err error) {
	if fips140.Enabled() {
		return "", "", errors.New("crypto/tls keeps its own groups in FIPS mode")
	}
	if module, err = moduleFolder(ctx); err != nil {
		return "", "", err
	}
	tc, err := overlay.Find(ctx, module)
	if err != nil {
		return "", "", err
	}
	if built, _, _ := strings.Cut(runtime.Version(), " "); built != tc.Version {
		return "", "", fmt.Errorf("the go command is of %s, and this program was built by %s", tc.Version, built)
	}
	o, err := overlay.Make(tc)
	if err != nil {
		return "", "", err
	}
	made, err = o.Write(ctx, dir)
	return module, made, err
}

func (o *overlaid) start(ctx context.Context, module, made string) error {
	program := filepath.Join(o.dir, "overlaid")
	build := exec.CommandContext(ctx, "go", "build", "-overlay", made, "-tags="+buildTags(), "-ldflags=-s -w",
		"-o", program, "./bench/internal/overlaid")
	build.Dir = module
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	o.cmd = exec.CommandContext(ctx, program)
	o.cmd.Stderr = &o.said
	in, err := o.cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := o.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	o.input, o.asks, o.answers = in, json.NewEncoder(in), json.NewDecoder(out)
	return o.cmd.Start()
}

// buildTags returns those of this program, which choose among its code.
func buildTags() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "-tags" {
				return s.Value
			}
		}
	}
	return ""
}

// stop ends the process, which goes at the end of its input.
func (o *overlaid) stop() error {
	if o == nil {
		return nil
	}
	return errors.Join(o.input.Close(), o.cmd.Wait(), os.RemoveAll(o.dir))
}

// stacks returns the host with each group that the process has too.
func (o *overlaid) stacks(groups []pqkx.Group, certificate string) []Stack {
	var stacks []Stack
	for _, g := range groups {
		if o != nil && slices.ContainsFunc(allGroups(), func(h pqkx.Group) bool { return h.ID() == g.ID() }) {
			stacks = append(stacks, Stack{Host: HostOverlaid, Group: g.ID(), Certificate: certificate, away: o})
		}
	}
	return stacks
}

// ask sends the process on an errand and waits for its reply.
func (o *overlaid) ask(s Stack, what string, cores int) ([][]float64, error) {
	var got reply
	err := o.asks.Encode(errand{what, s.Certificate, s.Group, cores})
	if err == nil {
		err = o.answers.Decode(&got)
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s with %v: the process ended: %w", HostOverlaid, s.Group, err)
	case got.Error != "":
		return nil, errors.New(got.Error)
	}
	return got.Values, nil
}

// askOne is ask for an errand of which one row of values comes.
func (o *overlaid) askOne(s Stack, what string, cores int) ([]float64, error) {
	rows, err := o.ask(s, what, cores)
	if err == nil && len(rows) != 1 {
		err = fmt.Errorf("%s with %v: %d rows of values", HostOverlaid, s.Group, len(rows))
	}
	if err != nil {
		return nil, err
	}
	return rows[0], nil
}
