package show

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/perf/benchfmt"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/bench"
	"github.com/pqkx/pqkx/bench/link"
	"github.com/pqkx/pqkx/preset"
)

// measured is a small run, shared by the tests.
var measured = sync.OnceValues(func() (*bench.Report, error) {
	var groups []pqkx.Group
	for _, g := range preset.Default().Groups() {
		if id := g.ID(); id == pqkx.X25519 || id == pqkx.Secp256r1 || id == pqkx.X25519MLKEM768 {
			groups = append(groups, g)
		}
	}
	return bench.Run(context.Background(), bench.Options{
		Quick: true, Effort: 0.05, Groups: groups, Links: []link.Params{{RTT: 1e6}, {RTT: 1e6, Loss: 0.1}},
		Kinds: []string{bench.Operation, bench.Handshake, bench.Wire, bench.Network},
	})
})

func report(t *testing.T) *bench.Report {
	t.Helper()
	if preset.All().Groups()[0].FIPS() && len(preset.All().Groups()) < 7 {
		t.Skip("the run needs groups that are not approved")
	}
	r, err := measured()
	if err != nil {
		t.Fatal(err)
	}
	copied := *r
	copied.Results = slices.Clone(r.Results)
	return &copied
}

func TestText(t *testing.T) {
	r := report(t)
	var b strings.Builder
	if err := Text(&b, r); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Operations\n", "certificate ecdsa-p256", "certificate rsa-2048", "The wire\n", "10\u00a0% loss", "no loss", "stdlib", "circl",
		"crypto/tls", "HelloRetryRequest", "Not measured: ", "- CPU: X25519MLKEM768 in place of x25519"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the text lacks %q", want)
		}
	}
	for _, table := range Tables(r) {
		for _, row := range table.Rows {
			if len(row) != len(table.Columns) {
				t.Errorf("%s: a row of %d for %d columns", table.Title, len(row), len(table.Columns))
			}
		}
	}
}

// TestWireTable has sizes that cannot vary.
func TestWireTable(t *testing.T) {
	for _, row := range wireTable(report(t)).Rows {
		if row[0] == "X25519MLKEM768" && row[1] == bench.HostCryptoTLS && row[2] == offers[""] {
			if !strings.HasPrefix(row[3], "1445+") || row[5] != "1+2+1" || row[7] != "1" {
				t.Errorf("row %q", row)
			}
			return
		}
	}
	t.Error("no row of crypto/tls with X25519MLKEM768")
}

func TestDigits(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 3: "3", 1445: "1445", 1.2345: "1.23", 12.345: "12.3", 123.45: "123", 0.12345: "0.123", 12345.6: "12346"} {
		if got := digits(v); got != want {
			t.Errorf("digits(%v) = %q, want %q", v, got, want)
		}
	}
}

// TestGoBench reads the output with the library that benchstat reads with.
func TestGoBench(t *testing.T) {
	var b bytes.Buffer
	if err := GoBench(&b, report(t)); err != nil {
		t.Fatal(err)
	}
	r, names := benchfmt.NewReader(&b, "report"), map[string]bool{}
	for r.Scan() {
		switch rec := r.Result().(type) {
		case *benchfmt.Result:
			base, _ := rec.Name.Parts()
			names[string(base)] = true
		case *benchfmt.SyntaxError:
			t.Fatal(rec)
		}
	}
	if r.Err() != nil {
		t.Fatal(r.Err())
	}
	for _, want := range []string{"ClientShare", "ServerAnswer", "ClientFinish", "Exchange", "Handshake"} {
		if !names[want] {
			t.Errorf("no benchmark %s in %v", want, names)
		}
	}
}

func TestSVG(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	if err := SVG(dir, report(t)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"operations", "handshake-ecdsa-p256", "handshake-rsa-2048", "wire", "network-1", "network-2"} {
		data, err := os.ReadFile(filepath.Join(dir, name+".svg"))
		if err != nil {
			t.Error(err)
			continue
		}
		wellFormed(t, name, data)
		for _, want := range []string{"prefers-color-scheme:dark", "var(--ink)", "var(--s0)", "X25519MLKEM768", "textLength"} {
			if !bytes.Contains(data, []byte(want)) {
				t.Errorf("%s lacks %q", name, want)
			}
		}
		if left := regexp.MustCompile(`#0[12]0[0-9]00`).Find(data); left != nil {
			t.Errorf("%s has the placeholder %s", name, left)
		}
	}
}

func wellFormed(t *testing.T, name string, data []byte) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(data))
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
	}
}

// TestHTML checks that the page has everything and asks for nothing.
func TestHTML(t *testing.T) {
	r := report(t)
	r.Command = "pqkx bench <b>"
	r.Machine.CPU = "<script>"
	var b bytes.Buffer
	if err := HTML(&b, r); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	if got, want := strings.Count(page, "<svg"), 2*len(charts(r, wide)); got != want || want < 12 {
		t.Errorf("%d pictures, want %d", got, want)
	}
	if got := strings.Count(page, "<table"); got != len(Tables(r)) {
		t.Errorf("%d tables, want %d", got, len(Tables(r)))
	}
	for _, bad := range []string{"<script", "<link", "@import", "url(", "src=", "href=", "<b>"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	r.Noise.Noisy = false
	quiet := new(bytes.Buffer)
	if err := HTML(quiet, r); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(quiet.String(), `class="noisy"`) {
		t.Error("a quiet run is called noisy")
	}
}

func TestCompare(t *testing.T) {
	r := report(t)
	var same strings.Builder
	if err := Compare(&same, r, r, false); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(same.String(), "| what |") || !strings.Contains(same.String(), "did not change") {
		t.Errorf("a report against itself:\n%s", &same)
	}
	changed := report(t)
	for i := range changed.Results {
		n := &changed.Results[i]
		if n.Kind == bench.Wire && n.Metric == "bytes" && n.Flight == 1 && n.Host == bench.HostCryptoTLS {
			n.Value *= 2
		}
		if n.Kind == bench.Network && n.Metric == "latency" && n.Unit == "ns" {
			n.Samples = slices.Clone(n.Samples)
			for j := range n.Samples {
				n.Samples[j] *= 3
			}
			n.Value *= 3
		}
	}
	changed.Machine.CPU = "another | `one`"
	var b strings.Builder
	if err := Compare(&b, r, changed, false); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"+100.00 % | exact |", "| latency |", "+200.00 %", "p=" /* absent */, "machines differ", `another \| 'one'`} {
		if strings.Contains(b.String(), want) == (want == "p=") {
			t.Errorf("%q in the comparison: %v\n%s", want, want == "p=", &b)
		}
	}
	changed.Results = changed.Results[1:]
	b.Reset()
	if err := Compare(&b, r, changed, true); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "Only in old: 1 results") || !strings.Contains(b.String(), "| = | exact |") {
		t.Errorf("with all:\n%.2000s", &b)
	}
}

// TestDifference has two samples that differ less than they vary, and two that
// do not.
func TestDifference(t *testing.T) {
	sampled := func(values ...float64) *bench.Result {
		return &bench.Result{Value: values[len(values)/2], Samples: values, Unit: "ns"}
	}
	a := sampled(100, 101, 102, 103, 104, 105, 106)
	if delta, p, changed := difference(a, sampled(99, 101, 103, 104, 105, 106, 107)); changed || delta != "~" {
		t.Errorf("noise: %s, %s, %v", delta, p, changed)
	}
	if delta, p, changed := difference(a, sampled(200, 201, 206, 206, 204, 205, 206)); !changed || delta != "+100.00 %" {
		t.Errorf("a change: %s, %s, %v", delta, p, changed)
	}
}

func TestTail(t *testing.T) {
	points := tail([]float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
	if first := points[0]; first.X != 1 || first.Y != 0 {
		t.Errorf("the curve starts at %v", first)
	}
	if last := points[len(points)-1]; last.X != 10 || last.Y < 0.99 || last.Y > 1.01 {
		t.Errorf("the curve of ten ends at %v, want one power of ten", last)
	}
}

func TestCut(t *testing.T) {
	list := []bar{{parts: []float64{1, 1}}, {parts: []float64{2}}, {parts: []float64{100}}}
	if got := cut(list); got != 6 {
		t.Errorf("bars are cut at %v, want 6", got)
	}
}

// TestStepAside has labels before a mark, across it and behind it.
func TestStepAside(t *testing.T) {
	labels, err := endLabels([]bar{{parts: []float64{10}}, {parts: []float64{95}}, {parts: []float64{105}}}, 1000)
	if err != nil {
		t.Fatal(err)
	}
	stepAside(labels, 100, 1)
	for i, want := range []float64{10, 100, 105} {
		if got := labels.XYs[i].X; got != want {
			t.Errorf("label %s is at %v, want %v", labels.Labels[i], got, want)
		}
	}
	if narrow, wider := widest([]string{"x25519"}), widest([]string{"x25519", "X25519MLKEM768"}); narrow <= 0 || wider <= narrow {
		t.Errorf("widths %v and %v", narrow, wider)
	}
}

// TestCurvesOnTop: the first curve is painted last.
func TestCurvesOnTop(t *testing.T) {
	c := curves("test", "", "", "", narrow, []curve{{"first", []float64{1, 2}, false}, {"second", []float64{1, 2}, false}})
	svg, err := c.render(false)
	if err != nil {
		t.Fatal(err)
	}
	if strings.LastIndex(svg, "stroke:var(--s0)") < strings.LastIndex(svg, "stroke:var(--s1)") {
		t.Error("the second curve covers the first")
	}
}

func TestSegmentsInWords(t *testing.T) {
	r := report(t)
	for mss, want := range map[int]string{1460: "takes one TCP segment of at most", 536: "takes 3 TCP segments of at most"} {
		r.MSS = mss
		for i := range r.Results {
			if n := &r.Results[i]; n.Metric == "segments" {
				n.Value = float64((1393 + mss - 1) / mss)
			}
		}
		if got := wireConclusion(r, newIndex(r)); len(got) != 1 || !strings.Contains(got[0], want) {
			t.Errorf("MSS %d: %q, want %q", mss, got, want)
		}
	}
}

// TestSubjectsByGroup: what was measured later of a group stands beside the rest
// of it.
func TestSubjectsByGroup(t *testing.T) {
	r := &bench.Report{Results: []bench.Result{
		{Host: "one", Group: "B"}, {Host: "one", Group: "A"}, {Host: "two", Group: "B"}, {Host: "one", Group: "B", Metric: "other"},
	}}
	var got []string
	for _, s := range subjects(r, func(*bench.Result) bool { return true }) {
		got = append(got, s.Group+" "+s.Host)
	}
	if want := []string{"B one", "B two", "A one"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
