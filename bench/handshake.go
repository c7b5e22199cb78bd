package bench

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/pqkx/pqkx/bench/internal/cputime"
)

// handshakes measures CPU and memory, for both kinds of certificates.
func (r *run) handshakes(ctx context.Context) (failure error) {
	other, err := r.startOverlaid(ctx)
	if err != nil {
		return err
	}
	defer func() { failure = errors.Join(failure, other.stop()) }()
	for i, kind := range []string{ECDSA, RSA} {
		c, err := NewCredential(kind)
		if err != nil {
			return err
		}
		rates := append(Stacks(r.Groups, c), other.stacks(r.Groups, kind)...)
		stacks := slices.Clone(rates)
		if kind == ECDSA {
			stacks = append(stacks, Variants(r.Groups, c)...)
		}
		for _, s := range stacks {
			if err := s.check(); err != nil {
				return err
			}
		}
		if err := r.handshakeTimes(ctx, stacks, within(3*i, 6)); err != nil {
			return err
		}
		if err := r.handshakeRates(ctx, rates, 1, within(3*i+1, 6)); err != nil {
			return err
		}
		if err := r.handshakeRates(ctx, rates, runtime.NumCPU(), within(3*i+2, 6)); err != nil {
			return err
		}
		for _, s := range rates {
			results, err := handshakeMemory(s)
			if err != nil {
				return err
			}
			r.report.add(results...)
		}
	}
	return nil
}

// baselines gives each subject of a stack the baselines of that host: Go's
// crypto/tls with the baseline group, and with the subject's own.
func (r *run) baselines(stacks []Stack, subjects []*subject) {
	find := func(group, variant string) *subject {
		for i, s := range stacks {
			if s.Host == HostCryptoTLS && s.Group.String() == group && s.Variant == variant {
				return subjects[i]
			}
		}
		return nil
	}
	for i, s := range stacks {
		if b := find(r.Baseline.String(), ""); b != nil && b != subjects[i] {
			subjects[i].against = append(subjects[i].against, against{HostCryptoTLS + "/" + r.Baseline.String(), b})
		}
		if b := find(s.Group.String(), s.Variant); b != nil && s.Host != HostCryptoTLS && s.Group != r.Baseline {
			subjects[i].against = append(subjects[i].against, against{HostCryptoTLS + "/" + s.Group.String(), b})
		}
	}
}

// perSample is how many handshakes make up one sample.
const perSample = 3

// handshakeTimes measures the CPU of client and server apart.
func (r *run) handshakeTimes(ctx context.Context, stacks []Stack, part func(float64) float64) error {
	if !cputime.Exact {
		r.report.skip("this system has no clock for the CPU time of a thread", "CPU of handshakes")
		return nil
	}
	release := pin()
	defer release()
	servers := newServerThread()
	defer servers.stop()
	var subjects []*subject
	for _, s := range stacks {
		client, server := s.result(Handshake), s.result(Handshake)
		client.Role, client.Metric, client.Unit = Client, "cpu", "ns"
		server.Role, server.Metric, server.Unit = Server, "cpu", "ns"
		both := client
		both.Role = Both
		subjects = append(subjects, &subject{
			metrics: []Result{client, server, both},
			measure: func() ([]float64, error) { return timeHandshakes(s, servers) },
		})
	}
	r.baselines(stacks, subjects)
	results, err := r.interleave(ctx, "CPU of handshakes, "+stacks[0].Certificate, r.rounds(16, 60), subjects, part)
	r.report.add(results...)
	return err
}

// A serverThread runs servers on a thread of their own, on the same core as
// the client, with which it takes turns.
type serverThread struct {
	work chan func() error
	done chan serverResult
}

type serverResult struct {
	cpu time.Duration
	err error
}

func newServerThread() *serverThread {
	t := &serverThread{make(chan func() error), make(chan serverResult)}
	go func() {
		defer pin()()
		for f := range t.work {
			start := cputime.Thread()
			err := f()
			t.done <- serverResult{cputime.Thread() - start, err}
		}
	}()
	return t
}

func (t *serverThread) stop() { close(t.work) }

// timeHandshakes returns the medians of client, server and both.
func timeHandshakes(s Stack, servers *serverThread) ([]float64, error) {
	if s.away != nil {
		return s.away.askOne(s, errandCPU, 0)
	}
	var client, server, both [perSample]float64
	for i := range perSample {
		c, d := newPipe()
		servers.work <- func() error { return handshakeOn(s.Server(d), d) }
		start := cputime.Thread()
		err := handshakeOn(s.Client(c), c)
		cpu := cputime.Thread() - start
		served := <-servers.done
		if err != nil {
			return nil, err
		}
		if served.err != nil {
			return nil, served.err
		}
		client[i], server[i], both[i] = float64(cpu), float64(served.cpu), float64(cpu+served.cpu)
	}
	return []float64{quantile(client[:], 0.5), quantile(server[:], 0.5), quantile(both[:], 0.5)}, nil
}

// slice is how long a rate is measured at a time.
const slice = 20 * time.Millisecond

// handshakeRates measures handshakes a second, client and server together, on
// a number of cores. The second is one of CPU time on each of them.
func (r *run) handshakeRates(ctx context.Context, stacks []Stack, count int, part func(float64) float64) error {
	defer cores(count)()
	var subjects []*subject
	for _, s := range stacks {
		m := s.result(Handshake)
		m.Role, m.Cores, m.Metric, m.Unit = Both, count, "rate", "1/s"
		subjects = append(subjects, &subject{
			metrics: []Result{m},
			measure: func() ([]float64, error) { return handshakeRate(s, count) },
		})
	}
	r.baselines(stacks, subjects)
	what := "handshakes a second on one core, "
	if count > 1 {
		what = "handshakes a second on all cores, "
	}
	results, err := r.interleave(ctx, what+stacks[0].Certificate, r.rounds(4, 15), subjects, part)
	r.report.add(results...)
	return err
}

// cores has this process use a number of cores until the returned function is
// called.
func cores(n int) (release func()) {
	before := runtime.GOMAXPROCS(n)
	return func() { runtime.GOMAXPROCS(before) }
}

func handshakeRate(s Stack, cores int) ([]float64, error) {
	if s.away != nil {
		return s.away.askOne(s, errandRate, cores)
	}
	type count struct {
		n   int
		err error
	}
	counts := make(chan count)
	start := cputime.Process()
	end := start + slice*time.Duration(cores)
	for range cores {
		go func() {
			c := count{}
			for c.err == nil && cputime.Process() < end {
				_, _, c.err = s.Run()
				c.n++
			}
			counts <- c
		}()
	}
	total := 0
	var err error
	for range cores {
		c := <-counts
		total += c.n
		if c.err != nil {
			err = c.err
		}
	}
	elapsed := (cputime.Process() - start) / time.Duration(cores)
	return []float64{float64(total) / elapsed.Seconds()}, err
}

// handshakeMemory tells what a handshake allocates, client and server together.
func handshakeMemory(s Stack) ([]Result, error) {
	count, size, err := weighHandshakes(s)
	if err != nil {
		return nil, err
	}
	base := s.result(Handshake)
	base.Role = Both
	return memory(base, count, size), nil
}

func weighHandshakes(s Stack) (count, size []float64, err error) {
	if s.away != nil {
		rows, err := s.away.ask(s, errandMemory, 0)
		if err != nil {
			return nil, nil, err
		}
		if len(rows) != 2 {
			return nil, nil, fmt.Errorf("%s with %v: %d rows of values", s.Host, s.Group, len(rows))
		}
		return rows[0], rows[1], nil
	}
	count, size = allocations(8, func(int) {
		if _, _, failure := s.Run(); failure != nil {
			err = failure
		}
	})
	return count, size, err
}
