//go:build unix

package cryptotls

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/hybrid"
)

// contenders are compared: crypto/tls as it is, and with a provider.
var contenders = []struct {
	name     string
	provider func() *pqkx.Provider // nil for crypto/tls's own groups
	group    tls.CurveID
}{
	{"stock-x25519", nil, tls.X25519},
	{"stock-X25519MLKEM768", nil, tls.X25519MLKEM768},
	{"pqkx-X25519MLKEM768", func() *pqkx.Provider { return must(pqkx.New(hybrid.X25519MLKEM768())) }, tls.X25519MLKEM768},
}

// BenchmarkHandshake measures full handshakes, client and server together, on
// one group at a time.
func BenchmarkHandshake(b *testing.B) {
	for _, c := range contenders {
		b.Run(c.name, func(b *testing.B) {
			h := newBenchmark(b, c.group)
			if c.provider != nil {
				needsOverlay(b)
				set(b, c.provider())
			}
			b.ReportAllocs()
			for b.Loop() {
				h.handshake(b)
			}
		})
	}
}

// BenchmarkInterleaved makes one handshake of each contender in turn, so that
// what else the machine does falls on all of them, and reports the CPU time of
// the process for one handshake of each, as the median of many rounds, and the
// median of the rounds' own ratios to the first.
func BenchmarkInterleaved(b *testing.B) {
	needsOverlay(b)
	const batch = 20 // handshakes in a measurement: the clock is coarse
	handshakes := make([]*benchmark, len(contenders))
	providers := make([]*pqkx.Provider, len(contenders))
	for i, c := range contenders {
		handshakes[i] = newBenchmark(b, c.group)
		if c.provider != nil {
			providers[i] = c.provider()
		}
	}
	used := make([][]time.Duration, len(contenders))
	for b.Loop() {
		for i := range contenders {
			set(b, providers[i])
			start := cpuTime(b)
			for range batch {
				handshakes[i].handshake(b)
			}
			used[i] = append(used[i], (cpuTime(b)-start)/batch)
		}
	}
	for i, c := range contenders {
		var micros, ratios []float64
		for round, d := range used[i] {
			micros = append(micros, float64(d.Nanoseconds())/1000)
			ratios = append(ratios, float64(d)/float64(used[0][round]))
		}
		b.ReportMetric(middle(micros), "cpu-µs/"+c.name)
		b.ReportMetric(middle(ratios), "ratio/"+c.name)
	}
}

func middle(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// cpuTime returns the time that the process has spent on its CPUs.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// A benchmark makes handshakes over connections in memory, so that sockets do
// not count, with tickets off, so that each is a full one.
type benchmark struct{ client, server *tls.Config }

func newBenchmark(b *testing.B, group tls.CurveID) *benchmark {
	e := pair(b)
	for _, c := range []*tls.Config{e.client, e.server} {
		c.MinVersion = tls.VersionTLS13
		c.CurvePreferences = []tls.CurveID{group}
		c.SessionTicketsDisabled = true
	}
	return &benchmark{e.client, e.server}
}

func (h *benchmark) handshake(b *testing.B) {
	near, far := newPipe()
	client, server := tls.Client(near, h.client), tls.Server(far, h.server)
	served := make(chan error, 1)
	go func() { served <- server.Handshake() }()
	if err := errors.Join(client.Handshake(), <-served); err != nil {
		b.Fatal(err)
	}
	if got := client.ConnectionState().CurveID; got != h.client.CurvePreferences[0] {
		b.Fatalf("got %v", got)
	}
}

// newPipe returns the ends of a connection in memory with buffers, so that a
// flight is written without a switch to the reader at every record.
func newPipe() (_, _ net.Conn) {
	there, back := newQueue(), newQueue()
	return &pipe{in: back, out: there}, &pipe{in: there, out: back}
}

type pipe struct {
	net.Conn // the methods that a handshake does not call
	in, out  *queue
}

func (p *pipe) Read(b []byte) (int, error)       { return p.in.read(b) }
func (p *pipe) Write(b []byte) (int, error)      { return p.out.write(b) }
func (p *pipe) Close() error                     { p.in.end(); p.out.end(); return nil }
func (p *pipe) SetWriteDeadline(time.Time) error { return nil }

// A queue is one direction of a pipe.
type queue struct {
	mu    sync.Mutex
	ready *sync.Cond
	data  []byte
	ended bool
}

func newQueue() *queue {
	q := new(queue)
	q.ready = sync.NewCond(&q.mu)
	return q
}

func (q *queue) read(b []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.data) == 0 {
		if q.ended {
			return 0, io.EOF
		}
		q.ready.Wait()
	}
	n := copy(b, q.data)
	q.data = q.data[n:]
	return n, nil
}

func (q *queue) write(b []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ended {
		return 0, io.ErrClosedPipe
	}
	q.data = append(q.data, b...)
	q.ready.Signal()
	return len(b), nil
}

func (q *queue) end() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended = true
	q.ready.Broadcast()
}
