package main

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pqkx/pqkx"
)

// TestSoak runs every kind of connection some times over.
func TestSoak(t *testing.T) {
	var r soakReport
	if err := json.Unmarshal([]byte(must(t, "soak", "--json", "--handshakes", "480", "--concurrency", "8")), &r); err != nil {
		t.Fatal(err)
	}
	if !r.OK || r.failures() != 0 || r.Connections != 480 || r.Cut != 180 || r.Handshakes < 300 || r.KeyUpdates == 0 || r.Bytes == 0 ||
		r.P50Micros == 0 || r.P99Micros < r.P50Micros || r.GoroutinesAfter > r.GoroutinesBefore {
		t.Errorf("%+v", r)
	}
}

func TestSoakText(t *testing.T) {
	out := must(t, "soak", "--duration", "300ms", "--handshakes", "10000000")
	if !strings.Contains(out, "unexpected errors: 0\n") || !strings.Contains(out, "p99") {
		t.Errorf("output:\n%s", out)
	}
}

// TestSoakFails: every fault makes a soak fail, and an error is named.
func TestSoakFails(t *testing.T) {
	s, err := newSoak(4)
	if err != nil {
		t.Fatal(err)
	}
	for i, g := range s.stacks.groups {
		if s.stacks.byGroup[i], err = pqkx.New(wrongGroup{g}); err != nil {
			t.Fatal(err)
		}
	}
	r, err := s.run(context.Background(), 48, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.verdict(); err == nil || r.OK || !strings.Contains(r.text(), "tls13 with tls13, client: ") {
		t.Errorf("%v\n%s", err, r.text())
	}
	good := soakReport{Handshakes: 1, GoroutinesBefore: 1, GoroutinesAfter: 1, HeapBefore: 100, HeapAfter: 200}
	if err := good.verdict(); err != nil {
		t.Error(err)
	}
	for name, bad := range map[string]func(*soakReport){
		"goroutines": func(r *soakReport) { r.GoroutinesAfter++ },
		"heap":       func(r *soakReport) { r.HeapAfter += heapSlack },
		"errors":     func(r *soakReport) { r.Errors = map[string]int64{"an error": 1} },
		"handshakes": func(r *soakReport) { r.Handshakes = 0 },
	} {
		r := good
		bad(&r)
		if r.verdict() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestSoakHang: a cut excuses every error but a time-out.
func TestSoakHang(t *testing.T) {
	s, err := newSoak(1)
	if err != nil {
		t.Fatal(err)
	}
	w := &soakWorker{soak: s}
	plan := soakPlan{end: endClientCut}
	w.judge(plan, "server", errors.New("connection reset"))
	if len(s.errors) != 0 {
		t.Errorf("errors %v", s.errors)
	}
	w.judge(plan, "server", context.DeadlineExceeded)
	if len(s.errors) != 1 {
		t.Errorf("errors %v, want a hang", s.errors)
	}
}

func TestSoakTimes(t *testing.T) {
	var times soakTimes
	for i := range 100 {
		times.add(time.Duration(i+1) * time.Millisecond)
	}
	for q, want := range map[float64]time.Duration{0.5: 50 * time.Millisecond, 0.99: 99 * time.Millisecond} {
		if got := times.quantile(q); got < want*98/100 || got > want*102/100 {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
}

func TestSoakUsage(t *testing.T) {
	for _, args := range [][]string{{"--handshakes", "0"}, {"--duration", "0s"}, {"--concurrency", "1001"}, {"more"}} {
		if status := run(context.Background(), append([]string{"soak"}, args...), stdio{nil, new(strings.Builder), new(strings.Builder)}); status != exitUsage {
			t.Errorf("%v: exit status %d", args, status)
		}
	}
}
