package link

import (
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]Params{
		"rtt=40ms":                           {RTT: 40 * time.Millisecond},
		"rtt=40ms,bandwidth=20Mbit,loss=1%":  {RTT: 40 * time.Millisecond, Bandwidth: 20e6, Loss: 0.01},
		"loss=0.5%, rtt=1s, bandwidth=1Gbit": {RTT: time.Second, Bandwidth: 1e9, Loss: 0.005},
		"bandwidth=64kbit":                   {Bandwidth: 64e3},
	} {
		got, err := Parse(text)
		if err != nil || got != want {
			t.Errorf("Parse(%q) = %+v, %v; want %+v", text, got, err, want)
		}
		again, err := Parse(got.String())
		if err != nil || again != want {
			t.Errorf("Parse(%q) = %+v, %v; want %+v", got.String(), again, err, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for text, why := range map[string]string{
		"":                     "key=value",
		"40ms":                 "key=value",
		"rtt=fast":             "rtt=fast",
		"rtt=-1ms":             "not from 0",
		"rtt=11s":              "not from 0",
		"delay=1s":             "unknown key",
		"rtt=1s,bandwidth=20":  "unit",
		"bandwidth=1kbit":      "below",
		"bandwidth=-20Mbit":    "below",
		"bandwidth=NaNMbit":    "below",
		"loss=50%":             "loss",
		"loss=-1%":             "loss",
		"loss=NaN%":            "loss",
		"loss=0.01":            "unit",
		"rtt=1s,loss=xyz%":     "xyz",
		"rtt=1s;bandwidth=3Gb": "bandwidth",
	} {
		if p, err := Parse(text); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("Parse(%q) = %+v, %v; want an error about %q", text, p, err, why)
		}
	}
}

// TestSchedule compares a direction with times that were reckoned by hand.
func TestSchedule(t *testing.T) {
	now := time.Duration(0)
	d := &direction{params: Params{RTT: 40 * time.Millisecond, Bandwidth: 8e6}, now: func() time.Duration { return now }}
	want := func(size int, delay time.Duration) {
		t.Helper()
		got, ok := d.schedule(size)
		if !ok || got != delay {
			t.Errorf("at %v a packet of %d bytes takes %v, %v; want %v", now, size, got, ok, delay)
		}
	}
	want(1000, 21*time.Millisecond)    // a byte is a microsecond on this line
	want(1500, 22500*time.Microsecond) // after the first
	now = 10 * time.Millisecond        // the line is free again
	want(500, 20500*time.Microsecond)
	d.params.Bandwidth = 0
	want(1500, 20500*time.Microsecond) // after that packet still
	now = 20 * time.Millisecond
	want(1500, 20*time.Millisecond)
	d.free = now + queueTime
	want(1500, queueTime+d.params.RTT/2) // the last that the queue takes
	d.free++
	if _, ok := d.schedule(1); ok {
		t.Error("a packet was taken by a full queue")
	}
	if d.packets != 7 || d.dropped != 1 {
		t.Errorf("%d packets and %d dropped, want 7 and 1", d.packets, d.dropped)
	}
}

func TestLoss(t *testing.T) {
	pattern := func(seed uint64) (fates []bool) {
		d := &direction{params: Params{Loss: 0.2}, now: func() time.Duration { return 0 }}
		random, _ := seeds(seed)
		d.reset(random)
		for range 5000 {
			_, ok := d.schedule(1000)
			fates = append(fates, ok)
		}
		if d.dropped < 900 || d.dropped > 1100 {
			t.Errorf("%d of 5000 packets dropped at 20 %%", d.dropped)
		}
		return fates
	}
	equal := func(a, b []bool) bool {
		for i := range a {
			if a[i] != b[i] {
				return false
			}
		}
		return true
	}
	if !equal(pattern(7), pattern(7)) {
		t.Error("a seed does not repeat")
	}
	if equal(pattern(7), pattern(8)) {
		t.Error("two seeds drop the same packets")
	}
	a, b := seeds(7)
	if a.Uint64() == b.Uint64() {
		t.Error("both directions have the same draws")
	}
}

// request sends bytes to the server, which answers with more.
func request(question, answer int) (server, client func(net.Conn) error) {
	server = func(conn net.Conn) error {
		if _, err := io.ReadFull(conn, make([]byte, question)); err != nil {
			return err
		}
		_, err := conn.Write(make([]byte, answer))
		return err
	}
	client = func(conn net.Conn) error {
		if _, err := conn.Write(make([]byte, question)); err != nil {
			return err
		}
		_, err := io.ReadFull(conn, make([]byte, answer))
		return err
	}
	return server, client
}

func connect(t *testing.T, p Path, seed uint64, question, answer int) Stats {
	t.Helper()
	server, client := request(question, answer)
	s, err := p.Connect(seed, server, client)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestNetstack checks times that no machine can change: they are bounded below
// by the link, and above far from the next round trip.
func TestNetstack(t *testing.T) {
	const rtt = 2 * time.Second // against which no computation counts
	p, err := NewNetstack(Params{RTT: rtt})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for _, test := range []struct {
		answer, trips int
	}{
		{100, 2},      // TCP's handshake, and ours
		{9 * MSS, 2},  // fits the initial window, options included
		{40 * MSS, 4}, // 10, 20 and 10 segments
	} {
		s := connect(t, p, 1, 500, test.answer)
		if got := int(s.Latency / rtt); got != test.trips {
			t.Errorf("%d bytes took %v, %d round trips, want %d", test.answer, s.Latency, got, test.trips)
		}
		if s.Dropped != 0 || s.Packets < 5 {
			t.Errorf("%+v without loss", s)
		}
	}
}

func TestNetstackRepeats(t *testing.T) {
	p, err := NewNetstack(Params{RTT: 100 * time.Millisecond, Bandwidth: 10e6, Loss: 0.1})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	dropped, slow, same := 0, 0, 0
	for seed := range uint64(40) {
		first := connect(t, p, seed, 1200, 3000)
		second := connect(t, p, seed, 1200, 3000)
		if first.Dropped == second.Dropped && (first.Latency-second.Latency).Abs() < 50*time.Millisecond {
			same++
		}
		dropped += first.Dropped
		if first.Latency > time.Second {
			slow++
		}
	}
	// An acknowledgement may be delayed in one and not in the other, as they
	// take their computing time, and then other packets meet the losses.
	if same < 35 {
		t.Errorf("%d of 40 connections repeat", same)
	}
	if dropped == 0 || slow == 0 {
		t.Errorf("%d packets dropped and %d handshakes slow at 10 %% loss", dropped, slow)
	}
}

func TestNetstackStuck(t *testing.T) {
	p, err := NewNetstack(Params{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	wait := func(conn net.Conn) error {
		_, err := conn.Read(make([]byte, 1))
		return err
	}
	if _, err := p.Connect(1, wait, wait); !errors.Is(err, errStuck) {
		t.Errorf("two ends that read: %v, want %v", err, errStuck)
	}
}

func TestNetstackErrors(t *testing.T) {
	p, err := NewNetstack(Params{RTT: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	server, client := request(10, 10)
	broken := errors.New("broken")
	fails := func(net.Conn) error { return broken }
	if _, err := p.Connect(1, fails, client); !errors.Is(err, broken) || !errors.Is(err, io.EOF) {
		t.Errorf("a server that hangs up: %v", err)
	}
	if _, err := p.Connect(1, server, fails); !errors.Is(err, broken) {
		t.Errorf("a client that hangs up: %v", err)
	}
	connect(t, p, 1, 10, 10) // the path is as good as new
	if _, err := NewNetstack(Params{Loss: 1}); err == nil {
		t.Error("a path that loses everything was made")
	}
}

func TestKernel(t *testing.T) {
	p, err := NewKernel(Params{RTT: 4 * time.Millisecond})
	if errors.Is(err, ErrKernel) && (os.Geteuid() != 0 || errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission)) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	s := connect(t, p, 1, 500, 20*MSS)
	if s.Packets < 20+5 || s.Dropped != 0 {
		t.Errorf("%+v for a question and an answer of 20 segments", s)
	}
	if s.Latency < 8*time.Millisecond { // the link itself takes that long
		t.Errorf("latency %v over two round trips of 4 ms", s.Latency)
	}
	lossy, err := NewKernel(Params{Loss: 0.2})
	if err != nil {
		t.Fatal(err)
	}
	defer lossy.Close()
	if s := connect(t, lossy, 3, 500, 60*MSS); s.Dropped == 0 {
		t.Errorf("%+v at 20 %% loss", s)
	}
}

func TestTimers(t *testing.T) {
	c := newClock()
	var mu sync.Mutex // for the race detector: they do not run at the same time
	var fired []int
	done := make(chan struct{})
	add := func(n int, d time.Duration) *timer {
		return c.AfterFunc(d, func() {
			mu.Lock()
			defer mu.Unlock()
			fired = append(fired, n)
		}).(*timer)
	}
	add(2, time.Hour)
	add(1, time.Minute)
	stopped := add(9, time.Second)
	moved := add(3, time.Second)
	moved.Reset(2 * time.Hour)
	if !stopped.Stop() || stopped.Stop() {
		t.Error("a timer can be stopped not at all, or twice")
	}
	c.AfterFunc(3*time.Hour, func() { close(done) })
	defer threads(1)()
	if err := c.run(done); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(fired) != 3 || fired[0] != 1 || fired[1] != 2 || fired[2] != 3 {
		t.Errorf("timers fired in the order %v", fired)
	}
	if c.elapsed() < 3*time.Hour {
		t.Errorf("%v passed", c.elapsed())
	}
	if err := c.run(make(chan struct{})); !errors.Is(err, errStuck) {
		t.Errorf("a run without timers: %v", err)
	}
}

// threads sets how many threads run Go code until the returned function is called.
func threads(n int) (restore func()) {
	before := runtime.GOMAXPROCS(n)
	return func() { runtime.GOMAXPROCS(before) }
}
