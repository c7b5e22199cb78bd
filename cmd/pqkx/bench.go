package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/bench"
	"github.com/pqkx/pqkx/bench/link"
	"github.com/pqkx/pqkx/bench/show"
)

const benchDoc = `
Bench measures what the groups cost, in CPU, memory, bytes, round trips and
latency, as client and as server, beside stock crypto/tls, crypto/mlkem and
crypto/ecdh, and circl, in one run. Where the go command and the source of this
module are at hand, the handshakes are also made by crypto/tls with these groups
(see pqkx overlay --help), as host crypto/tls+pqkx. It prints tables, and with
--html or --svg it draws charts. The whole takes about ten minutes, with --quick
about one.

  pqkx bench --quick --html report.html
  pqkx bench --kinds network --link rtt=40ms,loss=1% --groups default
  pqkx bench --json > new.json && pqkx bench compare old.json new.json

Handshakes over emulated links run on two TCP stacks of gVisor in this process,
on a clock that counts CPU time and skips waiting. As root on Linux, --kernel
runs the kernel's own TCP as well, in network namespaces that exist only for
the run.
`

// A benchRun is what the flags of bench say.
type benchRun struct {
	options                     bench.Options
	groups, kinds, baseline     string
	json, benchstat             bool
	htmlFile, svgDir, arguments string
}

func runBench(ctx context.Context, args []string, std stdio) error {
	if len(args) > 0 && args[0] == "compare" {
		return runBenchCompare(args[1:], std)
	}
	b := &benchRun{arguments: strings.Join(args, " ")}
	f := newFlags("bench", "", benchDoc)
	b.register(f)
	if _, err := f.parse(args, 0, std); err != nil {
		return err
	}
	if err := bench.Permitted(); err != nil {
		return err
	}
	if err := b.resolve(); err != nil {
		return err
	}
	if err := b.checkOutput(); err != nil {
		return err
	}
	bar := newProgress(std.err)
	b.options.Progress = bar.update
	report, err := bench.Run(ctx, b.options)
	bar.clear()
	if err != nil {
		return causeOf(ctx, err)
	}
	report.Command = strings.TrimSpace("pqkx bench " + b.arguments)
	return b.print(std.out, report)
}

func (b *benchRun) register(f *flags) {
	o := &b.options
	f.BoolVar(&o.Quick, "quick", false, "fewer rounds and links: about a minute")
	f.Float64Var(&o.Effort, "effort", 1, "`FACTOR` by which to multiply the rounds, above 0 and at most 100")
	f.StringVar(&b.groups, "groups", "all", groupsHelp)
	f.StringVar(&b.baseline, "baseline", pqkx.X25519.String(), "`GROUP` that ratios are against; it is measured in any case")
	f.StringVar(&b.kinds, "kinds", strings.Join(bench.Kinds(), ","), "`LIST` of what to measure, with commas between")
	f.Func("link", "`LINK` to emulate, such as rtt=40ms,bandwidth=20Mbit,loss=1%; may be repeated\n(default several, one of them that)", func(s string) error {
		params, err := link.Parse(s)
		o.Links = append(o.Links, params)
		return err
	})
	f.BoolVar(&o.Kernel, "kernel", false, "run the kernel's TCP over the last of the links as well: Linux, as root")
	f.IntVar(&o.MSS, "mss", link.MSS, "`BYTES` of TCP payload in a segment")
	f.Uint64Var(&o.Seed, "seed", 1, "`NUMBER` from which the losses on the links are drawn")
	f.BoolVar(&b.json, "json", false, "print the report as JSON; the schema is bench/schema.json")
	f.BoolVar(&b.benchstat, "benchstat", false, "print the report in the Go benchmark format, for benchstat")
	f.StringVar(&b.htmlFile, "html", "", "write a page with charts to `FILE`")
	f.StringVar(&b.svgDir, "svg", "", "write the charts as SVG into `DIR`")
}

// resolve turns names into what they mean.
func (b *benchRun) resolve() error {
	if b.json && b.benchstat {
		return usagef("--json and --benchstat exclude each other")
	}
	groups, err := parseGroups(b.groups)
	if err != nil {
		return usagef("--groups: %w", err)
	}
	baseline, err := parseGroups(b.baseline)
	if err != nil || len(baseline) != 1 {
		return usagef("--baseline: %w", cmpError(err, errors.New("one group, please")))
	}
	id := baseline[0].ID()
	if !slices.ContainsFunc(groups, func(g pqkx.Group) bool { return g.ID() == id }) {
		groups = append(groups, baseline[0])
	}
	b.options.Groups, b.options.Baseline = groups, id
	for kind := range strings.SplitSeq(b.kinds, ",") {
		if kind = strings.TrimSpace(kind); !slices.Contains(bench.Kinds(), kind) {
			return usagef("--kinds: unknown kind %q; known: %s", kind, strings.Join(bench.Kinds(), ", "))
		}
		b.options.Kinds = append(b.options.Kinds, kind)
	}
	if !(b.options.Effort > 0 && b.options.Effort <= 100) {
		return usagef("--effort: %v is not above 0 and at most 100", b.options.Effort)
	}
	if b.options.MSS < 1 || b.options.MSS > 65495 {
		return usagef("--mss: %d is not from 1 to 65495", b.options.MSS)
	}
	return nil
}

// cmpError returns the first error that is not nil.
func cmpError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// checkOutput finds out whether files can be written, before minutes have gone by.
// It leaves no file behind that was not there.
func (b *benchRun) checkOutput() error {
	if b.svgDir != "" {
		if err := os.MkdirAll(b.svgDir, 0o777); err != nil {
			return err
		}
	}
	if b.htmlFile == "" {
		return nil
	}
	_, missing := os.Stat(b.htmlFile)
	f, err := os.OpenFile(b.htmlFile, os.O_WRONLY|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	if missing != nil {
		defer os.Remove(b.htmlFile)
	}
	return f.Close()
}

// print writes the report in every form that was asked for.
func (b *benchRun) print(out io.Writer, r *bench.Report) error {
	var errs []error
	switch {
	case b.json:
		errs = append(errs, r.Write(out))
	case b.benchstat:
		errs = append(errs, show.GoBench(out, r))
	default:
		errs = append(errs, show.Text(out, r))
	}
	if b.htmlFile != "" {
		errs = append(errs, writeFile(b.htmlFile, func(w io.Writer) error { return show.HTML(w, r) }))
	}
	if b.svgDir != "" {
		errs = append(errs, show.SVG(b.svgDir, r))
	}
	return errors.Join(errs...)
}

func writeFile(name string, write func(io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

const benchCompareDoc = `
Compare reads two reports that 'pqkx bench --json' wrote and prints, as
Markdown, what changed between them: medians, the difference, and its p-value
by the Mann-Whitney U-test, as benchstat has it. A difference of which the test
is not sure is shown as "~".
`

func runBenchCompare(args []string, std stdio) error {
	f := newFlags("bench compare", "OLD NEW", benchCompareDoc)
	all := f.Bool("all", false, "print what did not change as well")
	files, err := f.parse(args, 2, std)
	if err != nil {
		return err
	}
	var reports [2]*bench.Report
	for i, name := range files {
		file, err := os.Open(name)
		if err != nil {
			return err
		}
		reports[i], err = bench.Read(file)
		file.Close()
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return show.Compare(std.out, reports[0], reports[1], *all)
}

// A progress is a bar on a terminal, or now and then a line elsewhere.
type progress struct {
	w        io.Writer
	terminal bool
	last     time.Time
	what     string
}

func newProgress(w io.Writer) *progress { return &progress{w: w, terminal: isTerminal(w)} }

const (
	progressWidth    = 30
	progressInterval = 100 * time.Millisecond // between two changes, which cost time
)

func (p *progress) update(done float64, what string) {
	switch now := time.Now(); {
	case p.terminal && now.Sub(p.last) >= progressInterval:
		full := int(progressWidth * done)
		fmt.Fprintf(p.w, "\r\x1b[K[%s%s] %3.0f %%  %s", strings.Repeat("#", full), strings.Repeat(".", progressWidth-full), 100*done, what)
		p.last = now
	case !p.terminal && what != p.what:
		fmt.Fprintf(p.w, "%3.0f %%  %s\n", 100*done, what)
		p.what = what
	}
}

// clear removes the bar.
func (p *progress) clear() {
	if p.terminal {
		io.WriteString(p.w, "\r\x1b[K")
	}
}
