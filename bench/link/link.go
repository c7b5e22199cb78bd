// Package link emulates a network path between two TCP stacks, so that what a
// handshake costs in round trips, in bytes on a thin line and in lost packets
// can be measured on one machine.
//
// Two kinds of [Path] take the same [Params]. [NewNetstack] runs two of
// gVisor's TCP stacks in this process, on a clock that counts the CPU time of
// the process and skips the waiting: thousands of handshakes over a slow line
// take seconds, repeat, and do not see how busy the machine is. [NewKernel]
// runs the kernel's own TCP in two network namespaces on the real clock, as
// root on Linux.
//
// TCP is real in both: an initial window of ten segments (RFC 6928), SACK,
// retransmission timers of one second for the first packet and 200 ms or more
// after that.
package link

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

// MTU is the size of the largest packet on a path, and MSS that of the largest
// TCP payload: without options, which take 12 more bytes for timestamps.
const (
	MTU = 1500
	MSS = MTU - 40
)

// Params describe a path. Both directions are alike and independent.
type Params struct {
	RTT       time.Duration // both ways together, without queues
	Bandwidth float64       // bits per second each way; zero means without limit
	Loss      float64       // probability that a packet is dropped, below 1
}

// queueTime is how long a packet may wait for those before it. Later ones are
// dropped, as at the end of a router's queue.
const queueTime = time.Second

// String describes the path as [Parse] reads it.
func (p Params) String() string {
	parts := []string{"rtt=" + p.RTT.String()}
	if p.Bandwidth > 0 {
		parts = append(parts, "bandwidth="+strconv.FormatFloat(p.Bandwidth/1e6, 'f', -1, 64)+"Mbit")
	}
	return strings.Join(append(parts, "loss="+strconv.FormatFloat(100*p.Loss, 'g', 4, 64)+"%"), ",")
}

// Parse reads a description such as "rtt=40ms,bandwidth=20Mbit,loss=1%". What
// is not mentioned is zero. It refuses an RTT above ten seconds, a bandwidth
// below 10 kbit/s and a loss of half of the packets or more.
func Parse(text string) (Params, error) {
	var p Params
	for field := range strings.SplitSeq(text, ",") {
		key, value, ok := strings.Cut(strings.TrimSpace(field), "=")
		if !ok {
			return Params{}, fmt.Errorf("link: %q is not key=value", field)
		}
		var err error
		switch key {
		case "rtt":
			p.RTT, err = time.ParseDuration(value)
		case "bandwidth":
			p.Bandwidth, err = parseScaled(value, map[string]float64{"kbit": 1e3, "Mbit": 1e6, "Gbit": 1e9})
		case "loss":
			p.Loss, err = parseScaled(value, map[string]float64{"%": 0.01})
		default:
			err = errors.New("unknown key; known: rtt, bandwidth, loss")
		}
		if err != nil {
			return Params{}, fmt.Errorf("link: %s: %w", field, err)
		}
	}
	return p, p.check()
}

func (p Params) check() error {
	switch {
	case p.RTT < 0 || p.RTT > 10*time.Second:
		return fmt.Errorf("link: rtt %v is not from 0 to 10s", p.RTT)
	case p.Bandwidth != 0 && !(p.Bandwidth >= 1e4):
		return errors.New("link: bandwidth is below 10kbit")
	case !(p.Loss >= 0 && p.Loss < 0.5):
		return errors.New("link: loss is not from 0 to 50%")
	}
	return nil
}

// parseScaled reads a number and a unit.
func parseScaled(text string, units map[string]float64) (float64, error) {
	for unit, scale := range units {
		if number, ok := strings.CutSuffix(text, unit); ok {
			f, err := strconv.ParseFloat(number, 64)
			return f * scale, err
		}
	}
	return 0, fmt.Errorf("%q lacks its unit", text)
}

// Stats are what a connection cost on the path.
type Stats struct {
	Latency time.Duration // from the client's first packet to the end of its part
	Packets int           // sent by both sides, the dropped ones included
	Dropped int
}

// A Path is a client's and a server's TCP, and the link between them. It runs
// one connection at a time.
type Path interface {
	// Connect opens a connection over the path and runs server and client on
	// its ends. The packets that get lost are drawn from seed. It ends when
	// both have returned, with the error of the first that failed.
	Connect(seed uint64, server, client func(net.Conn) error) (Stats, error)

	// Close frees what the path holds.
	Close() error
}

// A direction carries packets one way.
type direction struct {
	params  Params
	now     func() time.Duration
	after   func(time.Duration, func())
	deliver func(packet []byte)

	mu      sync.Mutex
	random  *rand.Rand    // nil drops nothing
	free    time.Duration // when the line has sent all that it was given
	packets int
	dropped int
}

// reset starts a connection: the counts are zero and losses are drawn anew.
func (d *direction) reset(random *rand.Rand) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.random, d.packets, d.dropped = random, 0, 0
}

// send takes a packet, which it keeps.
func (d *direction) send(packet []byte) {
	if delay, ok := d.schedule(len(packet)); ok {
		d.after(delay, func() { d.deliver(packet) })
	}
}

// schedule returns how long a packet of that size takes, false if it is lost.
// A lost packet takes its time on the line all the same, and a draw is made for
// every packet, so that the fate of one does not depend on queues.
func (d *direction) schedule(size int) (time.Duration, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.packets++
	lost := d.random != nil && d.random.Float64() < d.params.Loss
	now := d.now()
	start := max(now, d.free)
	if start-now > queueTime {
		d.dropped++
		return 0, false
	}
	d.free = start
	if d.params.Bandwidth > 0 {
		d.free += time.Duration(float64(size*8) / d.params.Bandwidth * float64(time.Second))
	}
	if lost {
		d.dropped++
		return 0, false
	}
	return d.free + d.params.RTT/2 - now, true
}

// counts adds up the two directions of a connection.
func counts(a, b *direction) (packets, dropped int) {
	for _, d := range []*direction{a, b} {
		d.mu.Lock()
		packets, dropped = packets+d.packets, dropped+d.dropped
		d.mu.Unlock()
	}
	return packets, dropped
}

// seeds returns the draws for the two directions.
func seeds(seed uint64) (toServer, toClient *rand.Rand) {
	return rand.New(rand.NewPCG(seed, 1)), rand.New(rand.NewPCG(seed, 2))
}
