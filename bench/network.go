package bench

import (
	"context"
	"fmt"
	"net"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/bench/link"
)

// Stacks of TCP.
const (
	StackGVisor = "gvisor"
	StackKernel = "kernel"
)

// fewForP99 is the least number of handshakes for which a 99th percentile is
// given, and fewForP95 for a 95th.
const (
	fewForP95 = 40
	fewForP99 = 200
)

// network measures how long handshakes take over each link, from the client's
// first packet to when it may send data.
func (r *run) network(ctx context.Context) error {
	c, err := NewCredential(ECDSA)
	if err != nil {
		return err
	}
	stacks := Stacks(r.Groups, c)
	hybrids := map[pqkx.NamedGroup]bool{}
	for _, g := range r.Groups {
		hybrids[g.ID()] = component(g, r.Groups) != nil
	}
	for _, s := range Variants(r.Groups, c) {
		if s.Variant == Retry && s.Host == HostTLS13 && hybrids[s.Group] {
			stacks = append(stacks, s)
		}
	}
	emulated := len(r.Links)
	parts := emulated
	if r.Kernel {
		parts++
	}
	for i, params := range r.Links {
		if err := r.netstack(ctx, params, stacks, within(i, parts)); err != nil {
			return fmt.Errorf("%v: %w", params, err)
		}
	}
	if !r.Kernel {
		r.report.skip("not asked for", "the kernel's TCP")
		return nil
	}
	return r.kernel(ctx, r.Links[len(r.Links)-1], stacks, within(emulated, parts))
}

// netstack runs one link. The losses of the n-th handshake are the same for
// every subject, which makes them pairs.
func (r *run) netstack(ctx context.Context, params link.Params, stacks []Stack, part func(float64) float64) error {
	path, err := link.NewNetstack(params)
	if err != nil {
		return err
	}
	defer path.Close()
	n := r.rounds(300, 2000)
	if params.Loss == 0 {
		n = r.rounds(40, 200) // hardly any two of them differ
	}
	subjects := make([]*connections, len(stacks))
	for i := range stacks {
		subjects[i] = new(connections)
	}
	for i := range n {
		for j, s := range stacks {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := subjects[j].connect(path, r.Seed+uint64(i), s); err != nil {
				return fmt.Errorf("%s with %v: %w", s.Host, s.Group, err)
			}
		}
		r.calibrate()
		r.progress(part(float64(i)/float64(n)), "handshakes over %v", params)
	}
	r.connectionResults(params, StackGVisor, stacks, subjects)
	return nil
}

// connections are what a subject's handshakes over a path took.
type connections struct{ latencies, packets []float64 }

func (c *connections) connect(path link.Path, seed uint64, s Stack) error {
	run := func(start func(net.Conn) Conn) func(net.Conn) error {
		return func(conn net.Conn) error { return start(conn).Handshake() }
	}
	stats, err := path.Connect(seed, run(s.Server), run(s.Client))
	c.latencies = append(c.latencies, float64(stats.Latency))
	c.packets = append(c.packets, float64(stats.Packets))
	return err
}

func (r *run) connectionResults(params link.Params, stack string, stacks []Stack, subjects []*connections) {
	var baseline *connections
	for i, s := range stacks {
		if s.Host == HostCryptoTLS && s.Group == r.Baseline {
			baseline = subjects[i]
		}
	}
	for i, s := range stacks {
		base := s.result(Network)
		base.Role, base.Stack, base.Link = Client, stack, params.String()
		r.report.add(latencies(base, subjects[i].latencies)...)
		if baseline != nil && baseline != subjects[i] {
			r.report.add(latencyRatio(base, subjects[i].latencies, baseline.latencies, HostCryptoTLS+"/"+r.Baseline.String()))
		}
		base.Role, base.Metric, base.Unit = Both, "packets", "1"
		r.report.add(base.summarize(subjects[i].packets))
	}
}

// latencies makes the results of a distribution. The bounds of a percentile
// are order statistics: its interval of 95 % confidence.
func latencies(base Result, samples []float64) []Result {
	base.Metric, base.Unit = "latency", "ns"
	median := base.summarize(samples)
	median.Noisy = false // a wide distribution is what a lossy link has
	results := []Result{median}
	for _, p := range []struct {
		metric string
		q      float64
		least  int
	}{{"latency-p95", 0.95, fewForP95}, {"latency-p99", 0.99, fewForP99}} {
		if len(samples) < p.least {
			continue
		}
		base.Metric, base.N = p.metric, len(samples)
		base.Value = round(quantile(samples, p.q))
		low, high := confidence(len(samples), p.q)
		base.Low, base.High = round(quantile(samples, low)), round(quantile(samples, high))
		results = append(results, base)
	}
	return results
}

func latencyRatio(base Result, samples, baseline []float64, name string) Result {
	base.Metric, base.Unit, base.Baseline = "latency", "ratio", name
	ratios := make([]float64, len(samples))
	for i, v := range samples {
		ratios[i] = v / baseline[i]
	}
	return base.summarize(ratios)
}
