package main

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pqkx/pqkx/kat"
)

// katCounts counts cases by what became of them.
type katCounts struct {
	Cases   int `json:"cases"`
	Passed  int `json:"passed"`
	Failed  int `json:"failed"`
	Skipped int `json:"skipped"`
	Policy  int `json:"policy"`
}

// A katReport is what "pqkx kat --json" prints.
type katReport struct {
	Implementation string           `json:"implementation"`
	Files          []*katFileReport `json:"files"`
	Total          katCounts        `json:"total"`
}

type katFileReport struct {
	File       string   `json:"file"`
	Format     string   `json:"format,omitempty"`
	Algorithms []string `json:"algorithms,omitempty"`
	Error      string   `json:"error,omitempty"` // of a file that could not be used
	katCounts
	Skips    map[string]int `json:"skip_reasons,omitempty"`
	Policies map[string]int `json:"policy_reasons,omitempty"`
	Unseen   map[string]int `json:"not_compared,omitempty"` // by field: not shown by the implementation
	Notes    []string       `json:"notes,omitempty"`
	Failures []katFailure   `json:"failures,omitempty"`

	Documentation bool `json:"documentation,omitempty"` // and no vectors
}

type katFailure struct {
	Group     string `json:"group,omitempty"`
	Case      string `json:"case"`
	Algorithm string `json:"algorithm"`
	Reason    string `json:"reason"`
	Field     string `json:"field,omitempty"`
	Expected  string `json:"expected,omitempty"`
	Got       string `json:"got,omitempty"`
}

func (r *katReport) add(f *katFileReport) {
	r.Files = append(r.Files, f)
	r.Total.Cases += f.Cases
	r.Total.Passed += f.Passed
	r.Total.Failed += f.Failed
	r.Total.Skipped += f.Skipped
	r.Total.Policy += f.Policy
}

// broken returns how many files could not be used.
func (r *katReport) broken() int {
	n := 0
	for _, f := range r.Files {
		if f.Error != "" {
			n++
		}
	}
	return n
}

func (f *katFileReport) add(r kat.Result) {
	f.Cases++
	if a := r.Case.Algorithm; a != "" && !slices.Contains(f.Algorithms, a) {
		f.Algorithms = append(f.Algorithms, a)
	}
	for _, field := range r.Unseen {
		tally(&f.Unseen, field)
	}
	switch r.Status {
	case kat.Passed:
		f.Passed++
	case kat.Skipped:
		f.Skipped++
		tally(&f.Skips, r.Reason)
	case kat.Policy:
		f.Policy++
		tally(&f.Policies, r.Reason)
	default:
		f.Failed++
		f.Failures = append(f.Failures, katFailure{
			Group: r.Case.Group, Case: r.Case.ID, Algorithm: r.Case.Algorithm, Reason: r.Reason,
			Field: r.Field, Expected: hex.EncodeToString(r.Want), Got: hex.EncodeToString(r.Got),
		})
	}
}

func tally(m *map[string]int, reason string) {
	if *m == nil {
		*m = make(map[string]int)
	}
	(*m)[reason]++
}

// print writes one line for each file, and below it what there is to say.
func (r *katReport) print(w io.Writer, p painter) error {
	var b strings.Builder
	for _, f := range r.Files {
		f.print(&b, p)
	}
	if len(r.Files) > 1 {
		fmt.Fprintf(&b, "%d files: %s\n", len(r.Files), r.Total)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (f *katFileReport) print(b *strings.Builder, p painter) {
	name := printable(f.File)
	switch {
	case f.Error != "":
		fmt.Fprintf(b, "%s  %s: %s\n", p.paint(red, "error"), name, printable(strings.ReplaceAll(f.Error, "\n", "; ")))
		return
	case f.Documentation:
		fmt.Fprintf(b, "%s   %s: not vectors\n", p.paint(faint, "none"), name)
		return
	case f.Failed > 0:
		b.WriteString(p.paint(red, "FAIL"))
	case f.Passed+f.Policy == 0:
		b.WriteString(p.paint(amber, "none"))
	default:
		b.WriteString(p.paint(green, "ok  "))
	}
	fmt.Fprintf(b, "   %s: %s%s: %s\n", name, f.Format, algorithmList(f.Algorithms), f.katCounts)
	for _, n := range f.Notes {
		detail(b, p, faint, "note", printable(n))
	}
	for _, field := range slices.Sorted(maps.Keys(f.Unseen)) {
		detail(b, p, faint, "note", fmt.Sprintf("%s not compared in %d cases: the implementation does not show it", field, f.Unseen[field]))
	}
	printReasons(b, p, "skipped", f.Skips)
	printReasons(b, p, "policy", f.Policies)
	for _, failure := range f.Failures {
		failure.print(b, p)
	}
}

// detail writes a line below that of a file.
func detail(b *strings.Builder, p painter, s style, what, text string) {
	fmt.Fprintf(b, "       %s: %s\n", p.paint(s, what), text)
}

func printReasons(b *strings.Builder, p painter, what string, reasons map[string]int) {
	for _, reason := range slices.Sorted(maps.Keys(reasons)) {
		detail(b, p, amber, fmt.Sprintf("%s %d", what, reasons[reason]), printable(reason))
	}
}

// algorithmList is ", A, B", cut short where it is long.
func algorithmList(names []string) string {
	const most = 6
	if len(names) > most {
		names = append(slices.Clone(names[:most]), fmt.Sprintf("and %d more", len(names)-most))
	}
	var b strings.Builder
	for _, n := range names {
		b.WriteString(", " + printable(n))
	}
	return b.String()
}

// String writes the counts that are not zero, and always cases and passed.
func (c katCounts) String() string {
	s := fmt.Sprintf("%d cases, %d passed", c.Cases, c.Passed)
	for _, n := range []struct {
		count int
		what  string
	}{{c.Failed, "failed"}, {c.Skipped, "skipped"}, {c.Policy, "policy"}} {
		if n.count > 0 {
			s += fmt.Sprintf(", %d %s", n.count, n.what)
		}
	}
	return s
}

func (f *katFailure) print(b *strings.Builder, p painter) {
	name := strings.TrimSpace(f.Group + " " + f.Case)
	text := printable(f.Algorithm + ": " + f.Reason)
	if f.Field != "" {
		text = printable(f.Algorithm + ": " + f.Field + " " + f.Reason)
	}
	detail(b, p, red, "failed "+printable(name), text)
	if f.Field != "" {
		want, got := excerpt(f.Expected, f.Got)
		fmt.Fprintf(b, "           expected %s\n           got      %s\n", want, got)
	}
}

// excerpt cuts two long hexadecimal values to where they first differ.
func excerpt(want, got string) (string, string) {
	const most = 128 // digits
	if len(want) <= most && len(got) <= most {
		return want, got
	}
	at := 0
	for at < min(len(want), len(got)) && want[at] == got[at] {
		at++
	}
	start := max(0, at&^1-16)
	cut := func(s string) string {
		end := min(len(s), start+most)
		t := s[min(start, end):end]
		if start > 0 {
			t = fmt.Sprintf("[%d bytes] %s", start/2, t)
		}
		if rest := len(s) - end; rest > 0 {
			t += fmt.Sprintf(" [%d bytes]", rest/2)
		}
		return t
	}
	return cut(want), cut(got)
}

// A progressBar is drawn on a terminal when a run takes long.
type progressBar struct {
	w           io.Writer
	label       string
	total, done int
	start, last time.Time
	drawn       bool
}

// barDelay is how long a run is quiet, barEvery how often the bar is drawn.
const (
	barDelay = 500 * time.Millisecond
	barEvery = 100 * time.Millisecond
	barWidth = 30
)

func (p *progressBar) add(n int) {
	p.done += n
	now := time.Now()
	if p.start.IsZero() {
		p.start = now
	}
	if now.Sub(p.start) < barDelay || now.Sub(p.last) < barEvery || p.total == 0 {
		return
	}
	p.last, p.drawn = now, true
	full := min(barWidth, p.done*barWidth/p.total)
	bar := bytes.Repeat([]byte{'.'}, barWidth)
	copy(bar, strings.Repeat("#", full))
	fmt.Fprintf(p.w, "\r\x1b[K[%s] %3d%% %s", bar, min(100, p.done*100/p.total), printable(p.label))
}

// clear removes the bar.
func (p *progressBar) clear() {
	if p.drawn {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
