// Package bench compares groups, and the hosts that use them, as a person would
// who must choose one: what does post-quantum key exchange cost in CPU, bytes,
// round trips and tail latency, as client and as server, against what runs
// today?
//
// [Run] measures and returns a [Report], a flat list of results with what is
// needed to judge them: the machine, the versions, and how noisy the run was.
// Package bench/link has the emulated network, package bench/show makes tables
// and charts. The command 'pqkx bench' is all three. The same subjects run
// under the go command:
//
//	go test -bench . ./bench
//
// # Method
//
// Subjects take turns within every round (A B C, then C B A), so that a change
// of the machine's mood touches all of them. A value is the median of the
// rounds, with the quartiles as low and high, and a ratio is the median of the
// rounds' own ratios to the baseline. Two traps are avoided. Every key is
// fresh: with a fixed one the branch predictor learns the rejection sampling of
// ML-KEM by heart, and scalar code looks 4 to 7 microseconds faster than it is.
// And servers have a certificate below a root: a client that knows a
// self-signed certificate as a root skips checking a signature.
package bench

import (
	"context"
	"crypto/fips140"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/bench/link"
)

// Kinds of results, in the order in which they are measured.
const (
	Operation = "operation" // a step of the key exchange by itself
	Handshake = "handshake" // CPU and memory of TLS handshakes
	Wire      = "wire"      // what a handshake sends
	Network   = "network"   // how long a handshake takes over a link
	Footprint = "footprint" // size of programs and of open connections
)

// Kinds returns all of them.
func Kinds() []string { return []string{Operation, Handshake, Wire, Network, Footprint} }

// Options say what to measure and how long.
type Options struct {
	Groups   []pqkx.Group    // nil means all of this module
	Kinds    []string        // nil means all
	Baseline pqkx.NamedGroup // what ratios are against; zero means x25519
	Links    []link.Params   // nil means [DefaultLinks]
	Kernel   bool            // run the kernel's TCP as well, where possible
	MSS      int             // TCP payload of a segment; zero means [link.MSS]
	Seed     uint64          // of the losses on the links
	Quick    bool            // fewer rounds, for a run of about a minute
	Effort   float64         // multiplies the rounds; zero means 1

	// Progress, if set, is told what is done and how far the run has come,
	// from 0 to 1. It is called by the goroutine that called Run.
	Progress func(done float64, what string)
}

// DefaultLinks are a near server, the same with loss, and, unless quick is set, a
// good connection within a region and a poor one across the world.
func DefaultLinks(quick bool) []link.Params {
	links := []link.Params{
		{RTT: 40 * time.Millisecond, Bandwidth: 20e6},
		{RTT: 40 * time.Millisecond, Bandwidth: 20e6, Loss: 0.01},
	}
	if !quick {
		links = append(links,
			link.Params{RTT: 5 * time.Millisecond, Bandwidth: 1e9},
			link.Params{RTT: 200 * time.Millisecond, Bandwidth: 1e6, Loss: 0.03})
	}
	return links
}

// check fills in defaults.
func (o *Options) check() error {
	if o.Groups == nil {
		o.Groups = allGroups()
	}
	if o.Kinds == nil {
		o.Kinds = Kinds()
	}
	for _, k := range o.Kinds {
		if !slices.Contains(Kinds(), k) {
			return fmt.Errorf("bench: unknown kind %q; known: %v", k, Kinds())
		}
	}
	if o.Baseline == 0 {
		o.Baseline = pqkx.X25519
	}
	if !slices.ContainsFunc(o.Groups, func(g pqkx.Group) bool { return g.ID() == o.Baseline }) {
		return fmt.Errorf("bench: the baseline %v is not among the groups", o.Baseline)
	}
	if o.Links == nil {
		o.Links = DefaultLinks(o.Quick)
	}
	if o.MSS == 0 {
		o.MSS = link.MSS
	}
	if o.MSS < 1 {
		return errors.New("bench: the MSS is not positive")
	}
	if o.Effort == 0 {
		o.Effort = 1
	}
	if !(o.Effort > 0 && o.Effort <= 100) {
		return errors.New("bench: effort is not above 0 and at most 100")
	}
	return nil
}

// rounds scales a number of rounds, at least three.
func (o *Options) rounds(quick, full int) int {
	n := full
	if o.Quick {
		n = quick
	}
	return max(3, int(float64(n)*o.Effort+0.5))
}

// Permitted returns an error if this process may not run what is compared, as
// under GODEBUG=fips140=only.
func Permitted() error {
	if fips140.Enforced() {
		return errors.New("bench: GODEBUG=fips140=only forbids most of what is compared")
	}
	return nil
}

// Run measures what the options ask for. It takes one to two minutes with
// Quick on two cores and about ten without.
func Run(ctx context.Context, o Options) (*Report, error) {
	if err := Permitted(); err != nil {
		return nil, err
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	start := time.Now()
	r := &run{Options: o, report: newReport(o)}
	for i, kind := range o.Kinds {
		r.from, r.to = portion(o.Kinds, i)
		if err := r.kind(ctx, kind); err != nil {
			return nil, fmt.Errorf("bench: %s: %w", kind, err)
		}
	}
	r.report.finish(time.Since(start), r.calibration)
	return r.report, nil
}

// A run is the state of Run.
type run struct {
	Options
	report      *Report
	from, to    float64   // the part of the progress bar for this kind
	calibration []float64 // how long a fixed piece of work took, over the run
}

func (r *run) kind(ctx context.Context, kind string) error {
	switch kind {
	case Operation:
		return r.operations(ctx)
	case Handshake:
		return r.handshakes(ctx)
	case Wire:
		return r.wire(ctx)
	case Network:
		return r.network(ctx)
	}
	return r.footprint(ctx)
}

// shares of the time that the kinds take, roughly.
var shares = map[string]float64{Operation: 10, Handshake: 30, Wire: 1, Network: 35, Footprint: 20}

// portion returns where on the progress bar the kind at index i is.
func portion(kinds []string, i int) (from, to float64) {
	total := 0.0
	for j, k := range kinds {
		if j == i {
			from = total
		}
		total += shares[k]
		if j == i {
			to = total
		}
	}
	return from / total, to / total
}

// progress tells how far this kind has come.
func (r *run) progress(part float64, format string, args ...any) {
	if r.Progress != nil {
		r.Progress(r.from+(r.to-r.from)*part, fmt.Sprintf(format, args...))
	}
}
