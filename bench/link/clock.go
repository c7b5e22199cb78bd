package link

import (
	"container/heap"
	"errors"
	"runtime"
	"runtime/metrics"
	"sync"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"

	"github.com/pqkx/pqkx/bench/internal/cputime"
)

// A clock counts the CPU time that the process spends and skips the time that
// it waits. It is a [tcpip.Clock]. What runs on it sees computation at its true
// cost, however busy the machine is, and a round trip at no cost in real time.
//
// To know when everything waits, run needs the process to itself, with one
// thread for Go code: then the scheduler's counts are exact.
type clock struct {
	mu      sync.Mutex
	skipped time.Duration
	timers  timerHeap
	order   uint64 // of timers that are due at the same time

	samples []metrics.Sample
	blocked uint64 // goroutines that were in system calls before the first run
}

func newClock() *clock {
	c := &clock{samples: []metrics.Sample{
		{Name: "/sched/goroutines/runnable:goroutines"},
		{Name: "/sched/goroutines/not-in-go:goroutines"},
	}}
	metrics.Read(c.samples)
	c.blocked = c.samples[1].Value.Uint64()
	return c
}

// epoch is when clocks start. Nobody sees it.
var epoch = time.Unix(1_700_000_000, 0)

func (c *clock) elapsed() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.elapsedLocked()
}

func (c *clock) elapsedLocked() time.Duration { return cputime.Process() + c.skipped }

// Now implements [tcpip.Clock].
func (c *clock) Now() time.Time { return epoch.Add(c.elapsed()) }

// NowMonotonic implements [tcpip.Clock].
func (c *clock) NowMonotonic() tcpip.MonotonicTime {
	return tcpip.MonotonicTime{}.Add(c.elapsed())
}

// AfterFunc implements [tcpip.Clock].
func (c *clock) AfterFunc(d time.Duration, f func()) tcpip.Timer {
	t := &timer{clock: c, f: f, index: idle}
	t.Reset(d)
	return t
}

// idle is the index of a timer that is not in the heap.
const idle = -1

type timer struct {
	clock *clock
	f     func()
	at    time.Duration
	order uint64
	index int
}

// Stop implements [tcpip.Timer].
func (t *timer) Stop() bool {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	if t.index == idle {
		return false
	}
	heap.Remove(&t.clock.timers, t.index)
	return true
}

// Reset implements [tcpip.Timer].
func (t *timer) Reset(d time.Duration) {
	c := t.clock
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.index != idle {
		heap.Remove(&c.timers, t.index)
	}
	c.order++
	t.at, t.order = c.elapsedLocked()+max(d, 0), c.order
	heap.Push(&c.timers, t)
}

type timerHeap []*timer

func (h timerHeap) Len() int { return len(h) }
func (h timerHeap) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].order < h[j].order
}
func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}
func (h *timerHeap) Push(x any) {
	t := x.(*timer)
	t.index = len(*h)
	*h = append(*h, t)
}
func (h *timerHeap) Pop() any {
	old := *h
	t := old[len(old)-1]
	*h = old[:len(old)-1]
	t.index = idle
	return t
}

// errStuck means that everything waits and no timer will end that.
var errStuck = errors.New("link: both ends wait for each other")

// run lets time pass until done is closed.
func (c *clock) run(done <-chan struct{}) error {
	for {
		c.settle()
		select {
		case <-done:
			return nil
		default:
		}
		if !c.next(time.Duration(1<<63 - 1)) {
			return errStuck
		}
	}
}

// drain lets time pass until no timer is due within d.
func (c *clock) drain(d time.Duration) {
	end := c.elapsed() + d
	for c.settle(); c.next(end); {
		c.settle()
	}
}

// next skips to the first timer and runs it, unless it is due after end.
func (c *clock) next(end time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.timers) == 0 || c.timers[0].at > end {
		return false
	}
	t := heap.Pop(&c.timers).(*timer)
	c.skipped += max(0, t.at-c.elapsedLocked())
	go t.f()
	return true
}

// settle returns when nothing else in the process can run. What it costs is
// taken back by next, which sets the time to that of the timer, unless there
// was work to be done after that time.
func (c *clock) settle() {
	for quiet := 0; quiet < 2; {
		runtime.Gosched()
		metrics.Read(c.samples)
		quiet++
		if c.samples[0].Value.Uint64() > 0 || c.samples[1].Value.Uint64() > c.blocked {
			quiet = 0
		}
	}
}
