package show

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"strings"

	"golang.org/x/perf/benchmath"

	"github.com/pqkx/pqkx/bench"
)

// sections of a comparison, in order.
var sections = []struct{ kind, title string }{
	{bench.Operation, "Operations"}, {bench.Handshake, "Handshakes"}, {bench.Wire, "Wire"},
	{bench.Network, "Network"}, {bench.Footprint, "Footprint"},
}

// Compare writes what changed from old to new, as Markdown. Values that were
// sampled are compared by the Mann-Whitney U-test, the others exactly. What did
// not change is counted, and with all listed.
func Compare(w io.Writer, old, new *bench.Report, all bool) error {
	var b strings.Builder
	b.WriteString("# pqkx bench: old and new\n\n")
	for _, r := range []struct {
		name string
		*bench.Report
	}{{"Old", old}, {"New", new}} {
		noisy := ""
		if r.Noise.Noisy {
			noisy = " **Noisy.**"
		}
		fmt.Fprintf(&b, "- %s: %s, %s, %s, %s%s\n", r.name, r.Time.Format("2006-01-02 15:04 MST"), escapeCell(r.Machine.CPU), r.Machine.Go,
			escapeCell(cmp.Or(pairs(r.Machine.Versions), "versions unknown")), noisy)
	}
	if m, n := old.Machine, new.Machine; m.CPU != n.CPU || m.Cores != n.Cores {
		b.WriteString("\n**The machines differ: times cannot be compared.**\n")
	}
	before := newIndex(old)
	for _, s := range sections {
		compareSection(&b, s.title, s.kind, before, new, all)
	}
	compareSets(&b, before, newIndex(new))
	_, err := io.WriteString(w, b.String())
	return err
}

func compareSection(b *strings.Builder, title, kind string, before index, new *bench.Report, all bool) {
	var rows []string
	same := 0
	for i := range new.Results {
		n := &new.Results[i]
		o := before[keyOf(*n)]
		if n.Kind != kind || o == nil || n.Unit == "ratio" || strings.HasPrefix(n.Metric, "latency-p") {
			continue
		}
		delta, p, changed := difference(o, n)
		if !changed {
			same++
			if !all {
				continue
			}
		}
		rows = append(rows, fmt.Sprintf("| %s | %s | %s | %s | %s | %s |", escapeCell(describe(n)), n.Metric, spread(o), spread(n), delta, p))
	}
	if len(rows) == 0 && same == 0 {
		return
	}
	fmt.Fprintf(b, "\n## %s\n\n", title)
	if len(rows) > 0 {
		b.WriteString("| what | metric | old | new | change | p |\n| --- | --- | ---: | ---: | ---: | --- |\n" + strings.Join(rows, "\n") + "\n\n")
	}
	fmt.Fprintf(b, "%d of %d did not change.\n", same, same+len(rows)-map[bool]int{true: same}[all])
}

// difference compares two results: the change in per cent, how sure that is,
// and whether there is one.
func difference(o, n *bench.Result) (delta, p string, changed bool) {
	if len(o.Samples) == 0 || len(n.Samples) == 0 {
		if o.Value == n.Value {
			return "=", "exact", false
		}
		return percent(o.Value, n.Value), "exact", true
	}
	c := benchmath.AssumeNothing.Compare(sample(o), sample(n))
	p = fmt.Sprintf("%.3f, n=%d+%d", c.P, c.N1, c.N2)
	if c.P >= c.Alpha || math.IsNaN(c.P) {
		return "~", p, false
	}
	return percent(o.Value, n.Value), p, true
}

func sample(r *bench.Result) *benchmath.Sample {
	return benchmath.NewSample(append([]float64(nil), r.Samples...), &benchmath.DefaultThresholds)
}

func percent(o, n float64) string {
	if o == 0 {
		return "?"
	}
	return fmt.Sprintf("%+.2f %%", 100*(n/o-1))
}

// describe names the subject of a result.
func describe(r *bench.Result) string {
	parts := []string{r.Group, r.Subject()}
	for _, s := range []string{r.Operation, r.Role, r.Certificate, r.Variant, r.Stack, r.Link} {
		if s != "" && s != bench.TLSHandshake {
			parts = append(parts, s)
		}
	}
	if r.Flight > 0 {
		parts = append(parts, fmt.Sprintf("flight %d", r.Flight))
	}
	if r.Cores > 0 {
		parts = append(parts, fmt.Sprintf("%d cores", r.Cores))
	}
	return strings.Join(parts, ", ")
}

// spread writes a median and its quartiles in a fitting unit.
func spread(r *bench.Result) string {
	scale, unit := 1.0, " "+r.Unit
	switch {
	case r.Unit == "1":
		unit = ""
	case r.Unit == "ns" && r.Value >= 1e6:
		scale, unit = milli, " ms"
	case r.Unit == "ns":
		scale, unit = micro, " µs"
	}
	if r.Low == r.High {
		return digits(r.Value*scale) + unit
	}
	return fmt.Sprintf("%s [%s, %s]%s", digits(r.Value*scale), digits(r.Low*scale), digits(r.High*scale), unit)
}

// escapeCell keeps text within its cell and plain: a report may come from
// someone else.
func escapeCell(s string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;", "`", "'", "[", `\[`, "*", `\*`, "_", `\_`).Replace(s)
}

// compareSets tells what only one of the two has.
func compareSets(b *strings.Builder, before, after index) {
	gone, added := 0, 0
	for k := range before {
		if after[k] == nil {
			gone++
		}
	}
	for k := range after {
		if before[k] == nil {
			added++
		}
	}
	if gone+added > 0 {
		fmt.Fprintf(b, "\nOnly in old: %d results. Only in new: %d.\n", gone, added)
	}
}
