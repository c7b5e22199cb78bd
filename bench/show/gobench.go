package show

import (
	"fmt"
	"io"
	"strings"

	"github.com/pqkx/pqkx/bench"
)

// benchmarks are the names under which the go command knows the operations.
var benchmarks = map[string]string{
	bench.ClientShare:  "ClientShare",
	bench.ServerAnswer: "ServerAnswer",
	bench.ClientFinish: "ClientFinish",
	bench.WholeThing:   "Exchange",
	bench.TLSHandshake: "Handshake",
}

// goUnits are the units of the Go benchmark format for those that differ.
var goUnits = map[string]string{"allocations": "allocs/op", "allocated": "B/op", "time": "ns/op", "cpu": "cpu-ns/op",
	"rate": "handshakes/s", "latency": "latency-ns/op", "program": "program-B", "connection": "B/conn"}

// GoBench writes a report in the Go benchmark format, a line for each sample,
// for benchstat. Ratios and percentiles are left to it.
func GoBench(w io.Writer, r *bench.Report) error {
	var b strings.Builder
	fmt.Fprintf(&b, "goos: %s\ngoarch: %s\npkg: github.com/pqkx/pqkx/bench\ncpu: %s\n", r.Machine.OS, r.Machine.Arch, r.Machine.CPU)
	for _, res := range r.Results {
		if res.Unit == "ratio" || strings.HasPrefix(res.Metric, "latency-p") {
			continue
		}
		unit := goUnits[res.Metric]
		if unit == "" {
			unit = res.Metric + "/op"
		}
		samples := res.Samples
		if len(samples) == 0 {
			samples = []float64{res.Value}
		}
		for _, v := range samples {
			fmt.Fprintf(&b, "Benchmark%s 1 %v %s\n", goName(res), v, unit)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// goName has the subject as key=value pairs, which benchstat can group by.
func goName(r bench.Result) string {
	name := benchmarks[r.Operation]
	if name == "" {
		name = "Program"
	}
	escape := strings.NewReplacer("/", "-", " ", "_")
	for _, p := range []struct{ key, value string }{
		{"group", r.Group}, {"impl", r.Implementation}, {"host", r.Host}, {"cert", r.Certificate}, {"offer", r.Variant},
		{"role", r.Role}, {"tcp", r.Stack}, {"link", r.Link},
	} {
		if p.value != "" {
			name += "/" + p.key + "=" + escape.Replace(p.value)
		}
	}
	if r.Flight > 0 {
		name += fmt.Sprintf("/flight=%d", r.Flight)
	}
	if r.Cores > 0 {
		name += fmt.Sprintf("/cores=%d", r.Cores)
	}
	return name
}
