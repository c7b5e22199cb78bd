package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const soakDoc = `
Soak makes many TLS 1.3 connections in this process, over TCP on 127.0.0.1, and
looks for what goes wrong under load. tls13 is the client, the server, or both,
and crypto/tls the other side; the groups take turns. On each connection data
goes both ways and keys are updated; a part of the connections is cut by the
client or the server, in the middle of the handshake or of the data.

It ends after so many handshakes or so much time, whichever comes first, and
fails if there was an error that nobody asked for, or if goroutines or memory
are left behind.
`

func runSoak(ctx context.Context, args []string, std stdio) error {
	f := newFlags("soak", "", soakDoc)
	handshakes := f.Int("handshakes", 2000, "`N` connections at most, from 1 to 10000000")
	duration := f.Duration("duration", time.Minute, "`TIME` at most, up to 24h")
	concurrency := f.Int("concurrency", 16, "`N` connections at a time, from 1 to 1000")
	asJSON := f.Bool("json", false, "print a JSON object")
	if _, err := f.parse(args, 0, std); err != nil {
		return err
	}
	switch {
	case *handshakes < 1 || *handshakes > 10_000_000:
		return usagef("--handshakes: %d is not from 1 to 10000000", *handshakes)
	case *duration <= 0 || *duration > 24*time.Hour:
		return usagef("--duration: %v is not from 1ns to 24h", *duration)
	case *concurrency < 1 || *concurrency > 1000:
		return usagef("--concurrency: %d is not from 1 to 1000", *concurrency)
	}
	s, err := newSoak(*concurrency)
	if err != nil {
		return err
	}
	report, err := s.run(ctx, int64(*handshakes), *duration)
	if err != nil {
		return err
	}
	if *asJSON {
		err = printJSON(std.out, report)
	} else {
		_, err = io.WriteString(std.out, report.text())
	}
	if err != nil {
		return err
	}
	return report.verdict()
}

// A soakReport is what a soak found.
type soakReport struct {
	Connections int64            `json:"connections"`
	Handshakes  int64            `json:"handshakes"` // completed by the client
	Cut         int64            `json:"cut"`        // connections that were to end early
	KeyUpdates  int64            `json:"key_updates"`
	Bytes       int64            `json:"bytes"` // of data, both ways
	Errors      map[string]int64 `json:"errors"`

	Seconds   float64 `json:"seconds"`
	P50Micros int64   `json:"p50_us"`
	P99Micros int64   `json:"p99_us"`

	GoroutinesBefore int    `json:"goroutines_before"`
	GoroutinesAfter  int    `json:"goroutines_after"`
	HeapBefore       uint64 `json:"heap_before"`
	HeapAfter        uint64 `json:"heap_after"`
	OK               bool   `json:"ok"`
}

// heapSlack is how much the heap may vary between two quiet moments.
const heapSlack = 4 << 20

// verdict is nil if nothing went wrong.
func (r *soakReport) verdict() error {
	var faults []string
	if n := r.failures(); n > 0 {
		faults = append(faults, fmt.Sprintf("%d unexpected errors", n))
	}
	if r.GoroutinesAfter > r.GoroutinesBefore {
		faults = append(faults, fmt.Sprintf("%d goroutines left behind", r.GoroutinesAfter-r.GoroutinesBefore))
	}
	if r.HeapAfter > r.HeapBefore+heapSlack {
		faults = append(faults, fmt.Sprintf("%d bytes of heap left behind", r.HeapAfter-r.HeapBefore))
	}
	if r.Handshakes == 0 {
		faults = append(faults, "no handshake completed")
	}
	if faults == nil {
		return nil
	}
	return fmt.Errorf("%s", strings.Join(faults, ", "))
}

func (r *soakReport) failures() (n int64) {
	for _, count := range r.Errors {
		n += count
	}
	return n
}

// text is the report for a person.
func (r *soakReport) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d connections in %.1f s: %d handshakes, %.0f a second; %d connections cut on purpose\n",
		r.Connections, r.Seconds, r.Handshakes, float64(r.Handshakes)/r.Seconds, r.Cut)
	fmt.Fprintf(&b, "%d key updates, %.1f MB of data\n", r.KeyUpdates, float64(r.Bytes)/1e6)
	fmt.Fprintf(&b, "handshake, with all others at work: p50 %.2f ms, p99 %.2f ms\n", float64(r.P50Micros)/1000, float64(r.P99Micros)/1000)
	fmt.Fprintf(&b, "goroutines: %d before, %d after; heap: %.2f MB before, %.2f MB after\n",
		r.GoroutinesBefore, r.GoroutinesAfter, float64(r.HeapBefore)/1e6, float64(r.HeapAfter)/1e6)
	fmt.Fprintf(&b, "unexpected errors: %d\n", r.failures())
	kinds := make([]string, 0, len(r.Errors))
	for kind := range r.Errors {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	for _, kind := range kinds {
		fmt.Fprintf(&b, "  %6d  %s\n", r.Errors[kind], printable(kind))
	}
	return b.String()
}

// A soak is a run and its counts.
type soak struct {
	concurrency int
	stacks      *soakStacks

	next, handshakes, cut, keyUpdates, bytes atomic.Int64
	times                                    soakTimes

	mutex  sync.Mutex
	errors map[string]int64
}

func newSoak(concurrency int) (*soak, error) {
	stacks, err := newSoakStacks()
	if err != nil {
		return nil, err
	}
	return &soak{concurrency: concurrency, stacks: stacks, errors: make(map[string]int64)}, nil
}

// run makes the connections and compares what is left with what was there.
func (s *soak) run(ctx context.Context, handshakes int64, duration time.Duration) (*soakReport, error) {
	// One of each kind comes before the count, for tables that are made once.
	if err := s.work(ctx, soakKinds); err != nil {
		return nil, err
	}
	s.next.Store(0)
	for _, n := range []*atomic.Int64{&s.handshakes, &s.cut, &s.keyUpdates, &s.bytes} {
		n.Store(0)
	}
	s.times.reset()
	r := &soakReport{Errors: s.errors}
	time.Sleep(50 * time.Millisecond) // for goroutines that are at their end
	r.GoroutinesBefore, r.HeapBefore = quiet(math.MaxInt, math.MaxUint64)

	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, duration)
	defer cancel()
	if err := s.work(ctx, handshakes); err != nil {
		return nil, err
	}
	r.Seconds = time.Since(start).Seconds()
	r.GoroutinesAfter, r.HeapAfter = quiet(r.GoroutinesBefore, r.HeapBefore+heapSlack)
	r.Connections = min(s.next.Load(), handshakes)
	r.Handshakes, r.Cut, r.KeyUpdates, r.Bytes = s.handshakes.Load(), s.cut.Load(), s.keyUpdates.Load(), s.bytes.Load()
	r.P50Micros, r.P99Micros = s.times.quantile(0.5).Microseconds(), s.times.quantile(0.99).Microseconds()
	r.OK = r.verdict() == nil
	return r, nil
}

// quiet returns the goroutines and the heap in use once there are no more than
// wanted, or when that took too long.
func quiet(goroutines int, heap uint64) (int, uint64) {
	var m runtime.MemStats
	for range 50 {
		runtime.GC()
		runtime.ReadMemStats(&m)
		if runtime.NumGoroutine() <= goroutines && m.HeapAlloc <= heap {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	return runtime.NumGoroutine(), m.HeapAlloc
}

// work makes connections until there are enough or the context is done.
func (s *soak) work(ctx context.Context, connections int64) error {
	var group sync.WaitGroup
	failed := make(chan error, s.concurrency)
	for range min(int64(s.concurrency), connections) {
		w, err := newSoakWorker(s)
		if err != nil {
			failed <- err
			break
		}
		group.Go(func() {
			defer w.close()
			for ctx.Err() == nil {
				n := s.next.Add(1) - 1
				if n >= connections {
					return
				}
				w.connection(n)
			}
		})
	}
	group.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// note counts an error by what it says.
func (s *soak) note(kind string, err error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.errors[kind+": "+oneLine(err)]++
}
