package show

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/bench"
)

// charts are the pictures of a report, for a width.
func charts(r *bench.Report, width vg.Length) []*chart {
	all := []*chart{
		operationChart(r, width),
		handshakeChart(r, width, bench.ECDSA),
		handshakeChart(r, width, bench.RSA),
		wireChart(r, width),
	}
	for i, p := range links(r) {
		all = append(all, networkChart(r, width, p, i))
	}
	all = append(all, programChart(r, width), connectionChart(r, width))
	return slices.DeleteFunc(all, func(c *chart) bool { return c == nil })
}

// stacked makes the bars of the subjects whose parts were all measured.
func stacked(r *bench.Report, list []bench.Result, label func(bench.Result, bool) string, keys func(bench.Result) []bench.Result, scale float64) []bar {
	x := newIndex(r)
	var rows []bar
	last := ""
	for _, s := range list {
		b := bar{label: label(s, s.Group != last)}
		for _, k := range keys(s) {
			if found := x[keyOf(k)]; found != nil {
				b.parts = append(b.parts, found.Value*scale)
			}
		}
		if len(b.parts) == len(keys(s)) {
			rows = append(rows, b)
			last = s.Group
		}
	}
	return rows
}

// subjectLabel names the group where it is the first with that one.
func subjectLabel(s bench.Result, first bool) string {
	if first {
		return s.Group + "  " + s.Subject()
	}
	return s.Subject()
}

func operationChart(r *bench.Report, width vg.Length) *chart {
	list := subjects(r, func(r *bench.Result) bool { return r.Kind == bench.Operation && r.Variant == "" })
	rows := stacked(r, list, subjectLabel, func(s bench.Result) []bench.Result {
		return []bench.Result{operation(s, bench.ClientShare, "time", ""), operation(s, bench.ServerAnswer, "time", ""), operation(s, bench.ClientFinish, "time", "")}
	}, micro)
	return bars("operations", "Key exchange by itself, microseconds",
		"One exchange, client and server together, by this module, the standard library and circl. Shorter is better; » is a bar that would not fit.",
		"microseconds", width, []string{"client share", "server answer", "client finish"}, rows, 0)
}

func handshakeChart(r *bench.Report, width vg.Length, certificate string) *chart {
	list := subjects(r, func(r *bench.Result) bool {
		return r.Kind == bench.Handshake && r.Variant == "" && r.Certificate == certificate
	})
	rows := stacked(r, list, subjectLabel, func(s bench.Result) []bench.Result {
		return []bench.Result{handshake(s, bench.Client, "cpu", ""), handshake(s, bench.Server, "cpu", "")}
	}, micro)
	return bars("handshake-"+certificate, "CPU of a handshake, certificate "+certificate+", microseconds",
		"A full handshake with a verified certificate, each side on a thread of its own. What the certificate costs is in all bars alike.",
		"microseconds", width, []string{"client", "server"}, rows, 0)
}

func wireChart(r *bench.Report, width vg.Length) *chart {
	list := subjects(r, func(r *bench.Result) bool {
		return r.Kind == bench.Wire && r.Variant == "" && r.Certificate == bench.ECDSA
	})
	rows := stacked(r, list, subjectLabel, func(s bench.Result) []bench.Result {
		var keys []bench.Result
		for i, role := range []string{bench.Client, bench.Server, bench.Client} {
			k := handshake(s, role, "bytes", "")
			k.Flight = i + 1
			keys = append(keys, k)
		}
		return keys
	}, 1)
	return bars("wire", "Bytes of a handshake",
		fmt.Sprintf("By flight. The dashed line is one TCP segment of %d bytes: a ClientHello beyond it takes two packets.", r.MSS),
		"bytes", width, []string{"ClientHello", "server's flight", "client's Finished"}, rows, float64(r.MSS))
}

// drawn are the groups whose curves are drawn, if they were measured: more of
// them cannot be told apart.
var drawn = []pqkx.NamedGroup{pqkx.X25519, pqkx.X25519MLKEM768, pqkx.SecP256r1MLKEM768, pqkx.SecP384r1MLKEM1024, pqkx.MLKEM768}

func networkChart(r *bench.Report, width vg.Length, p path, number int) *chart {
	x := newIndex(r)
	var list []curve
	add := func(group, variant, label string) {
		s := bench.Result{Kind: bench.Network, Host: bench.HostTLS13, Group: group, Certificate: bench.ECDSA, Variant: variant, Stack: p.stack, Link: p.link}
		found := x[keyOf(handshake(s, bench.Client, "latency", ""))]
		if found == nil || len(found.Samples) < 2 {
			return
		}
		samples := slices.Clone(found.Samples)
		for i := range samples {
			samples[i] *= milli
		}
		slices.Sort(samples)
		list = append(list, curve{label, samples, variant != ""})
	}
	for _, id := range drawn {
		add(id.String(), "", id.String())
	}
	add(headline, bench.Retry, headline+" after HelloRetryRequest")
	if len(list) == 0 {
		return nil
	}
	return curves(fmt.Sprintf("network-%d", number+1), "Latency of a handshake: "+p.String(),
		"How many of the handshakes were done by when, tls13 as client and server. Each step up the scale is a rarer case: at 99, one in a hundred took longer.",
		"milliseconds", width, list)
}

func programChart(r *bench.Report, width vg.Length) *chart {
	list := subjects(r, func(r *bench.Result) bool { return r.Metric == "program" })
	rows := stacked(r, list, func(s bench.Result, _ bool) string { return s.Group + "  " + s.Host },
		func(s bench.Result) []bench.Result {
			s.Metric = "program"
			return []bench.Result{s}
		}, kilo)
	return bars("programs", "Size of a program, KiB", "A client and server with these groups and no others linked.", "KiB", width, []string{"program"}, rows, 0)
}

func connectionChart(r *bench.Report, width vg.Length) *chart {
	list := subjects(r, func(r *bench.Result) bool { return r.Metric == "connection" })
	rows := stacked(r, list, subjectLabel, func(s bench.Result) []bench.Result {
		return []bench.Result{handshake(s, bench.Client, "connection", ""), handshake(s, bench.Server, "connection", "")}
	}, kilo)
	return bars("connections", "Heap of an open connection, KiB", "An idle connection after its handshake.",
		"KiB", width, []string{"client", "server"}, rows, 0)
}

// SVG writes a picture for each chart into a folder, which it makes if need be.
func SVG(dir string, r *bench.Report) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for _, c := range charts(r, wide) {
		svg, err := c.render(true)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, c.name+".svg"), []byte(strings.TrimSpace(svg)+"\n"), 0o666); err != nil {
			return err
		}
	}
	return nil
}
