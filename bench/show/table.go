// Package show presents reports of package bench: as tables for the terminal,
// in the Go benchmark format, as charts, as a page to send to a colleague, and
// two of them compared.
package show

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pqkx/pqkx/bench"
	"github.com/pqkx/pqkx/bench/link"
)

// A Table is a part of a report for reading.
type Table struct {
	Title   string
	Note    string   // what the columns mean
	Columns []string // titles
	Text    int      // how many columns, from the left, are text; the others are numbers
	Rows    [][]string
}

// Tables makes the tables of a report. Parts that were not measured have none.
func Tables(r *bench.Report) []Table {
	all := []Table{operationTable(r), shareTable(r)}
	for _, certificate := range []string{bench.ECDSA, bench.RSA} {
		all = append(all, handshakeTable(r, certificate))
	}
	all = append(all, variantTable(r), wireTable(r))
	for _, l := range links(r) {
		all = append(all, networkTable(r, l))
	}
	all = append(all, programTable(r), connectionTable(r))
	return slices.DeleteFunc(all, func(t Table) bool { return len(t.Rows) == 0 })
}

// An index finds results by what they are of.
type index map[string]*bench.Result

func newIndex(r *bench.Report) index {
	found := index{}
	for i := range r.Results {
		found[keyOf(r.Results[i])] = &r.Results[i]
	}
	return found
}

func keyOf(r bench.Result) string { return fmt.Sprint(r.Key()) }

// text is the value of a result, scaled, or a dash.
func (x index) text(key bench.Result, scale float64) string {
	r := x[keyOf(key)]
	if r == nil {
		return "-"
	}
	mark := ""
	if r.Noisy {
		mark = "~"
	}
	return mark + digits(r.Value*scale)
}

// digits writes three digits, or all of a whole number.
func digits(v float64) string {
	if v == math.Trunc(v) && v < 1e6 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	decimals := 2 - int(math.Floor(math.Log10(math.Abs(v))))
	return strconv.FormatFloat(v, 'f', min(3, max(0, decimals)), 64)
}

// micro and milli scale nanoseconds, kilo bytes.
const (
	micro = 1e-3
	milli = 1e-6
	kilo  = 1.0 / 1024
)

// subjects lists the distinct subjects of results that match, in their order, but
// those of one group together.
func subjects(r *bench.Report, match func(*bench.Result) bool) []bench.Result {
	var list []bench.Result
	seen, groups := map[string]bool{}, map[string]int{}
	for i := range r.Results {
		if res := &r.Results[i]; match(res) {
			s := bench.Result{Kind: res.Kind, Implementation: res.Implementation, Host: res.Host, Group: res.Group,
				Certificate: res.Certificate, Variant: res.Variant, Stack: res.Stack, Link: res.Link}
			if k := keyOf(s); !seen[k] {
				seen[k] = true
				list = append(list, s)
				if _, ok := groups[s.Group]; !ok {
					groups[s.Group] = len(groups)
				}
			}
		}
	}
	slices.SortStableFunc(list, func(a, b bench.Result) int { return groups[a.Group] - groups[b.Group] })
	return list
}

func operationTable(r *bench.Report) Table {
	x := newIndex(r)
	t := Table{
		Title: "Operations",
		Note: "Microseconds, medians, each with a fresh key. RATIO is the whole exchange against " + bench.Standard + "/" + r.Baseline +
			", round by round; OF STDLIB against the standard library's own of that group.",
		Columns: []string{"group", "by", "client share", "server answer", "client finish", "all three", "ratio", "of stdlib", "allocs"},
		Text:    2,
	}
	for _, s := range subjects(r, func(r *bench.Result) bool { return r.Kind == bench.Operation && r.Variant == "" }) {
		row := []string{s.Group, s.Implementation}
		for _, op := range []string{bench.ClientShare, bench.ServerAnswer, bench.ClientFinish, bench.WholeThing} {
			row = append(row, x.text(operation(s, op, "time", ""), micro))
		}
		for _, b := range []string{r.Baseline, s.Group} {
			row = append(row, x.text(operation(s, bench.WholeThing, "time", bench.Standard+"/"+b), 1))
		}
		t.Rows = append(t.Rows, append(row, x.text(operation(s, bench.WholeThing, "allocations", ""), 1)))
	}
	return t
}

// operation is the key of a result of an operation.
func operation(s bench.Result, op, metric, baseline string) bench.Result {
	s.Operation, s.Metric, s.Baseline = op, metric, baseline
	s.Role = map[string]string{bench.ClientShare: bench.Client, bench.ServerAnswer: bench.Server,
		bench.ClientFinish: bench.Client, bench.WholeThing: bench.Both}[op]
	return s
}

func shareTable(r *bench.Report) Table {
	x := newIndex(r)
	t := Table{
		Title:   "A hybrid and its classical half in one ClientHello",
		Note:    "Microseconds to make both shares, with one classical private key for both or with two.",
		Columns: []string{"group", "one key", "two keys", "two of one"},
		Text:    1,
	}
	for _, s := range subjects(r, func(r *bench.Result) bool {
		return r.Kind == bench.Operation && r.Variant == bench.SharedShare
	}) {
		two := s
		two.Variant = bench.SeparateShare
		t.Rows = append(t.Rows, []string{s.Group, x.text(operation(s, bench.ClientShare, "time", ""), micro),
			x.text(operation(two, bench.ClientShare, "time", ""), micro),
			x.text(operation(two, bench.ClientShare, "time", bench.SharedShare), 1)})
	}
	return t
}

// handshake is the key of a result of a handshake.
func handshake(s bench.Result, role, metric, baseline string) bench.Result {
	s.Operation, s.Role, s.Metric, s.Baseline = bench.TLSHandshake, role, metric, baseline
	return s
}

func handshakeTable(r *bench.Report, certificate string) Table {
	x := newIndex(r)
	t := Table{
		Title: "Handshakes, certificate " + certificate,
		Note: "CPU in microseconds, client and server apart; the ratios are against " + bench.HostCryptoTLS + "/" + r.Baseline +
			". Handshakes, both sides together, in a second of CPU on each core. Allocations and KiB of both sides.",
		Columns: []string{"group", "host", "client", "ratio", "server", "ratio", "/s one core", "/s all", "allocs", "KiB"},
		Text:    2,
	}
	for _, s := range subjects(r, func(r *bench.Result) bool {
		return r.Kind == bench.Handshake && r.Variant == "" && r.Certificate == certificate
	}) {
		baseline := bench.HostCryptoTLS + "/" + r.Baseline
		one := handshake(s, bench.Both, "rate", "")
		one.Cores = 1
		all := one
		all.Cores = r.Machine.Cores
		t.Rows = append(t.Rows, []string{s.Group, s.Host,
			x.text(handshake(s, bench.Client, "cpu", ""), micro), x.text(handshake(s, bench.Client, "cpu", baseline), 1),
			x.text(handshake(s, bench.Server, "cpu", ""), micro), x.text(handshake(s, bench.Server, "cpu", baseline), 1),
			x.text(one, 1), x.text(all, 1),
			x.text(handshake(s, bench.Both, "allocations", ""), 1), x.text(handshake(s, bench.Both, "allocated", ""), kilo)})
	}
	return t
}

func variantTable(r *bench.Report) Table {
	x := newIndex(r)
	t := Table{
		Title:   "Handshakes with more than one group offered",
		Note:    "CPU in microseconds.",
		Columns: []string{"group", "host", "offer", "client", "server"},
		Text:    3,
	}
	for _, s := range subjects(r, func(r *bench.Result) bool { return r.Kind == bench.Handshake && r.Variant != "" }) {
		t.Rows = append(t.Rows, []string{s.Group, s.Host, offers[s.Variant],
			x.text(handshake(s, bench.Client, "cpu", ""), micro), x.text(handshake(s, bench.Server, "cpu", ""), micro)})
	}
	return t
}

// offers are the variants in words.
var offers = map[string]string{
	"":                  "this group",
	bench.SharedShare:   "+ classical, one key",
	bench.SeparateShare: "+ classical, two keys",
	bench.Retry:         "HelloRetryRequest",
}

func wireTable(r *bench.Report) Table {
	x := newIndex(r)
	t := Table{
		Title: "The wire",
		Note: fmt.Sprintf("Bytes of TLS by flight, client and server in turns, and the TCP segments of each at an MSS of %d. ", r.MSS) +
			"Certificate " + bench.ECDSA + ".",
		Columns: []string{"group", "host", "offer", "flights", "total", "segments", "records", "round trips"},
		Text:    3,
	}
	for _, s := range subjects(r, func(r *bench.Result) bool { return r.Kind == bench.Wire && r.Certificate == bench.ECDSA }) {
		list := func(metric string) string {
			var parts []string
			for f := 1; ; f++ {
				k := handshake(s, bench.Client, metric, "")
				if k.Flight = f; f%2 == 0 {
					k.Role = bench.Server
				}
				if x[keyOf(k)] == nil {
					return strings.Join(parts, "+")
				}
				parts = append(parts, x.text(k, 1))
			}
		}
		t.Rows = append(t.Rows, []string{s.Group, s.Host, offers[s.Variant], list("bytes"),
			x.text(handshake(s, bench.Both, "bytes", ""), 1), list("segments"), list("records"),
			x.text(handshake(s, bench.Both, "round-trips", ""), 1)})
	}
	return t
}

// A path is a link and the TCP on it.
type path struct{ link, stack string }

// links lists the links of a report, in their order.
func links(r *bench.Report) []path {
	var list []path
	for _, res := range r.Results {
		if p := (path{res.Link, res.Stack}); res.Link != "" && !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	return list
}

func (p path) String() string {
	text := p.link
	if params, err := link.Parse(p.link); err == nil {
		text = fmt.Sprintf("%v round trip", params.RTT)
		if params.Bandwidth > 0 {
			text += fmt.Sprintf(", %s Mbit/s", digits(params.Bandwidth/1e6))
		}
		if params.Loss > 0 {
			text += fmt.Sprintf(", %s\u00a0%% loss", digits(100*params.Loss))
		} else {
			text += ", no loss"
		}
	}
	return text + ", " + map[string]string{bench.StackGVisor: "gVisor's TCP", bench.StackKernel: "the kernel's TCP"}[p.stack]
}

func networkTable(r *bench.Report, p path) Table {
	x := newIndex(r)
	t := Table{
		Title: "Handshakes over a link: " + p.String(),
		Note: "Milliseconds from the client's first packet until it may send data, TCP's handshake included. RATIO is of the medians " +
			"against " + bench.HostCryptoTLS + "/" + r.Baseline + ". In brackets the 95 % confidence interval.",
		Columns: []string{"group", "host", "offer", "p50", "ratio", "p95", "p99", "interval of p99", "packets"},
		Text:    3,
	}
	for _, s := range subjects(r, func(r *bench.Result) bool { return r.Kind == bench.Network && (path{r.Link, r.Stack}) == p }) {
		interval := "-"
		if p99 := x[keyOf(handshake(s, bench.Client, "latency-p99", ""))]; p99 != nil {
			interval = "[" + digits(p99.Low*milli) + ", " + digits(p99.High*milli) + "]"
		}
		t.Rows = append(t.Rows, []string{s.Group, s.Host, offers[s.Variant],
			x.text(handshake(s, bench.Client, "latency", ""), milli),
			x.text(handshake(s, bench.Client, "latency", bench.HostCryptoTLS+"/"+r.Baseline), 1),
			x.text(handshake(s, bench.Client, "latency-p95", ""), milli),
			x.text(handshake(s, bench.Client, "latency-p99", ""), milli), interval,
			x.text(handshake(s, bench.Both, "packets", ""), 1)})
	}
	return t
}

func programTable(r *bench.Report) Table {
	t := Table{
		Title:   "Size of programs",
		Note:    "KiB of a client and server with these groups, without debugging symbols.",
		Columns: []string{"groups", "host", "size"},
		Text:    2,
	}
	for _, res := range r.Results {
		if res.Metric == "program" {
			t.Rows = append(t.Rows, []string{res.Group, res.Host, digits(math.Round(res.Value * kilo))})
		}
	}
	return t
}

func connectionTable(r *bench.Report) Table {
	x := newIndex(r)
	t := Table{
		Title:   "Memory of an open connection",
		Note:    "KiB of heap, of an idle connection after its handshake.",
		Columns: []string{"group", "host", "client", "server"},
		Text:    2,
	}
	for _, s := range subjects(r, func(r *bench.Result) bool { return r.Metric == "connection" }) {
		t.Rows = append(t.Rows, []string{s.Group, s.Host,
			x.text(handshake(s, bench.Client, "connection", ""), kilo), x.text(handshake(s, bench.Server, "connection", ""), kilo)})
	}
	return t
}

// Text writes a report for the terminal.
func Text(w io.Writer, r *bench.Report) error {
	var b strings.Builder
	b.WriteString(strings.Join(About(r), "\n") + "\n")
	for _, t := range Tables(r) {
		b.WriteString("\n" + t.Title + "\n" + wrap(t.Note, 100) + "\n\n")
		t.write(&b)
	}
	b.WriteString("\n")
	for _, s := range r.Skipped {
		fmt.Fprintf(&b, "Not measured: %s: %s.\n", s.What, s.Why)
	}
	for _, c := range Conclusions(r) {
		b.WriteString(wrap("- "+c, 100) + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// write lays the table out in columns.
func (t *Table) write(b *strings.Builder) {
	widths := make([]int, len(t.Columns))
	rows := append([][]string{t.header()}, t.Rows...)
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i < t.Text {
				line.WriteString(cell + pad + "  ")
			} else {
				line.WriteString(pad + cell + "  ")
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}

func (t *Table) header() []string {
	titles := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		titles[i] = strings.ToUpper(c)
	}
	return titles
}

// wrap breaks text into lines.
func wrap(text string, width int) string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	return strings.Join(append(lines, line), "\n")
}

// About tells where the report is from.
func About(r *bench.Report) []string {
	m := r.Machine
	lines := []string{
		fmt.Sprintf("%s, %d cores, %s/%s, %s", m.CPU, m.Cores, m.OS, m.Arch, m.Go),
		"CPU features: " + cmp.Or(strings.Join(m.Features, " "), "none that matters"),
		"Backends: " + backends(m),
		"Versions: " + pairs(m.Versions),
		fmt.Sprintf("%s, %.0f seconds, load %.2g before and %.2g after; a fixed piece of work varied by %.1f %%, and %.0f %% of the times by more than 15 %%",
			r.Time.Format("2006-01-02 15:04 MST"), r.Seconds, r.Noise.LoadBefore, r.Noise.LoadAfter, 100*r.Noise.Spread, 100*r.Noise.Results),
	}
	if r.Noise.Noisy {
		lines = append(lines, "NOISY: the machine was not steady. Trust ratios and the links on gVisor's TCP more than times.")
	}
	return append(lines, "A ~ marks a figure whose quartiles are more than 15 % apart.")
}

// backends groups the groups by their backend.
func backends(m bench.Machine) string {
	by := map[string][]string{}
	for group, backend := range m.Backends {
		by[backend] = append(by[backend], group)
	}
	var parts []string
	for backend, groups := range by {
		slices.Sort(groups)
		parts = append(parts, backend+" ("+strings.Join(groups, ", ")+")")
	}
	slices.Sort(parts)
	return strings.Join(parts, "; ")
}

func pairs(m map[string]string) string {
	var parts []string
	for k, v := range m {
		parts = append(parts, k+" "+v)
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}
