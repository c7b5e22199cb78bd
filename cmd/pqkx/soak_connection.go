package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/preset"
	"github.com/pqkx/pqkx/tls13"
)

// soakTimeout ends a connection that hangs.
const soakTimeout = 30 * time.Second

// A soakConn is a connection of one of the two stacks.
type soakConn interface {
	net.Conn
	HandshakeContext(context.Context) error
	CloseWrite() error
}

// soakStacks are the configs of both stacks. There is a pair for each group, of
// which crypto/tls takes part in none.
type soakStacks struct {
	client, server         *tls13.Config
	foreign, foreignServer *tls.Config
	groups                 []pqkx.Group
	byGroup                []*pqkx.Provider
}

func newSoakStacks() (*soakStacks, error) {
	cert, err := makeCertificate()
	if err != nil {
		return nil, err
	}
	// The deadline of the connection comes first: it is what judge takes for a hang.
	const never = 2 * soakTimeout
	s := &soakStacks{
		client:        &tls13.Config{Provider: preset.All(), RootCAs: cert.root.Pool(), ServerName: "localhost", HandshakeTimeout: never},
		server:        &tls13.Config{Provider: preset.All(), Certificates: []tls.Certificate{cert.leaf}, HandshakeTimeout: never},
		foreign:       &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: cert.root.Pool(), ServerName: "localhost"},
		foreignServer: &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{cert.leaf}},
		groups:        preset.All().Groups(),
	}
	for _, g := range s.groups {
		p, err := pqkx.New(g)
		if err != nil {
			return nil, err
		}
		s.byGroup = append(s.byGroup, p)
	}
	return s, nil
}

// How a connection ends.
const (
	endGood      = iota // close_notify both ways; more of these below
	endClientCut = 5    // the client is gone after so many bytes
	endServerCut = 6    // the server is
	endReset     = 7    // the client is, after the handshake
	soakEnds     = 8
)

// Who is on the two sides.
const (
	sidesOurs = iota
	sidesForeignServer
	sidesForeignClient
	soakSides
)

// soakKinds is enough connections for one of every kind.
const soakKinds = soakEnds * soakSides * 16

// A soakPlan says what the nth connection does.
type soakPlan struct {
	sides, end int
	group      int // for sidesOurs
	cutAfter   int // bytes
	rounds     int
	size       int // of the data of a round
	update     bool
}

func planOf(n int64, groups int) soakPlan {
	r := rand.New(rand.NewPCG(uint64(n), 0))
	p := soakPlan{
		sides:    int(n % soakSides),
		end:      int(n / soakSides % soakEnds),
		group:    r.IntN(groups),
		cutAfter: 1 + r.IntN(5000),
		rounds:   1 + r.IntN(3),
		size:     1 + r.IntN(20_000),
	}
	p.update = p.end%2 == 1
	return p
}

func (p soakPlan) cut() bool { return p.end >= endClientCut }

// name says who failed.
func (p soakPlan) name(side string) string {
	stacks := [...]string{"tls13 with tls13", "tls13 with crypto/tls", "crypto/tls with tls13"}
	return fmt.Sprintf("%s, %s", stacks[p.sides], side)
}

// A soakWorker makes one connection after another, over a listener of its own,
// so that it has both ends.
type soakWorker struct {
	*soak
	listener net.Listener
	payload  []byte
	buffer   []byte
}

func newSoakWorker(s *soak) (*soakWorker, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	payload := bytes.Repeat([]byte("0123456789abcdef"), 20_000/16+1)
	return &soakWorker{s, l, payload, make([]byte, len(payload))}, nil
}

func (w *soakWorker) close() { w.listener.Close() }

// connection makes the nth connection and notes what went wrong.
func (w *soakWorker) connection(n int64) {
	p := planOf(n, len(w.stacks.groups))
	near, err := net.DialTimeout("tcp", w.listener.Addr().String(), soakTimeout)
	if err != nil {
		w.note("dial", err)
		return
	}
	far, err := w.listener.Accept()
	if err != nil {
		near.Close()
		w.note("accept", err)
		return
	}
	deadline := time.Now().Add(soakTimeout)
	near.SetDeadline(deadline)
	far.SetDeadline(deadline)
	client, server := w.conns(p, near, far)
	done := make(chan error, 1)
	go func() {
		defer far.Close()
		done <- w.serve(p, server)
	}()
	clientErr := w.ask(p, client, near)
	abort(near) // with nothing left to say, so that no port waits
	serverErr := <-done
	if p.cut() {
		w.cut.Add(1)
	}
	w.judge(p, "client", clientErr)
	w.judge(p, "server", serverErr)
}

// judge notes an error, unless the connection was to be cut. Then anything may
// come but a time-out.
func (w *soakWorker) judge(p soakPlan, side string, err error) {
	switch {
	case err == nil:
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		w.note(p.name(side)+", a hang", errors.New("timed out"))
	case !p.cut():
		w.note(p.name(side), err)
	}
}

// conns puts the stacks on the two ends.
func (w *soakWorker) conns(p soakPlan, near, far net.Conn) (client, server soakConn) {
	switch p.end {
	case endClientCut:
		near = &cutConn{Conn: near, left: p.cutAfter}
	case endServerCut:
		far = &cutConn{Conn: far, left: p.cutAfter}
	}
	clientConfig, serverConfig := w.stacks.client, w.stacks.server
	if p.sides == sidesOurs {
		c, s := *clientConfig, *serverConfig
		c.Provider, s.Provider = w.stacks.byGroup[p.group], w.stacks.byGroup[p.group]
		clientConfig, serverConfig = &c, &s
	}
	client, server = tls13.Client(near, clientConfig), tls13.Server(far, serverConfig)
	switch p.sides {
	case sidesForeignServer:
		server = tls.Server(far, w.stacks.foreignServer)
	case sidesForeignClient:
		client = tls.Client(near, w.stacks.foreign)
	}
	return client, server
}

// abort closes a connection with a reset.
func abort(conn net.Conn) error {
	if c, ok := conn.(*net.TCPConn); ok {
		c.SetLinger(0)
	}
	return conn.Close()
}

// A cutConn is gone after so many bytes are written.
type cutConn struct {
	net.Conn
	left int
}

func (c *cutConn) Write(b []byte) (int, error) {
	if len(b) < c.left {
		c.left -= len(b)
		return c.Conn.Write(b)
	}
	c.Conn.Write(b[:c.left])
	c.left = 0
	abort(c.Conn)
	return 0, net.ErrClosed
}

// ask is the client: handshake, rounds of data, and the end.
func (w *soakWorker) ask(p soakPlan, conn soakConn, raw net.Conn) error {
	start := time.Now()
	if err := conn.HandshakeContext(context.Background()); err != nil {
		return err
	}
	if !p.cut() {
		w.times.add(time.Since(start))
	}
	w.handshakes.Add(1)
	if c, ok := conn.(*tls13.Conn); ok && p.sides == sidesOurs {
		if got, want := c.ConnectionState().Group, w.stacks.groups[p.group].ID(); got != want {
			return fmt.Errorf("negotiated %v, want %v", got, want)
		}
	}
	for round := range p.rounds {
		if err := w.update(p, conn); err != nil {
			return err
		}
		if _, err := conn.Write(w.payload[:p.size]); err != nil {
			return err
		}
		if p.end == endReset && round == p.rounds-1 {
			return abort(raw)
		}
		if _, err := io.ReadFull(conn, w.buffer[:p.size]); err != nil {
			return err
		}
		if !bytes.Equal(w.buffer[:p.size], w.payload[:p.size]) {
			return errors.New("other data came back than was sent")
		}
		w.bytes.Add(int64(2 * p.size))
	}
	if err := conn.CloseWrite(); err != nil {
		return err
	}
	if n, err := conn.Read(w.buffer); err != io.EOF {
		return fmt.Errorf("%d bytes and %v instead of the end", n, err)
	}
	return nil
}

// update takes a new key, where the stack can, and asks for one in return.
func (w *soakWorker) update(p soakPlan, conn soakConn) error {
	c, ok := conn.(*tls13.Conn)
	if !ok || !p.update {
		return nil
	}
	w.keyUpdates.Add(1)
	return c.KeyUpdate(true)
}

// serve is the server: it sends back what comes.
func (w *soakWorker) serve(p soakPlan, conn soakConn) error {
	if err := conn.HandshakeContext(context.Background()); err != nil {
		return err
	}
	if err := w.update(p, conn); err != nil {
		return err
	}
	buffer := make([]byte, 16<<10)
	for {
		n, err := conn.Read(buffer)
		if err == io.EOF {
			return conn.CloseWrite()
		}
		if err != nil {
			return err
		}
		if _, err := conn.Write(buffer[:n]); err != nil {
			return err
		}
	}
}

// soakTimes counts times in buckets that are 2 percent wide, so that a run of
// any length has one size.
type soakTimes struct{ buckets [1024]atomic.Int64 }

const bucketWidth = 0.02

func (t *soakTimes) add(d time.Duration) {
	i := int(math.Log(max(float64(d)/float64(time.Microsecond), 1)) / bucketWidth)
	t.buckets[min(i, len(t.buckets)-1)].Add(1)
}

func (t *soakTimes) reset() {
	for i := range t.buckets {
		t.buckets[i].Store(0)
	}
}

// quantile returns the middle of the bucket in which the q-th part ends.
func (t *soakTimes) quantile(q float64) time.Duration {
	var total, sum int64
	for i := range t.buckets {
		total += t.buckets[i].Load()
	}
	for i := range t.buckets {
		if sum += t.buckets[i].Load(); sum > 0 && float64(sum) >= q*float64(total) {
			return time.Duration(math.Exp((float64(i)+0.5)*bucketWidth) * float64(time.Microsecond))
		}
	}
	return 0
}
