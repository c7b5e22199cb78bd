package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync/atomic"
	"time"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/tls13"
)

// A result is what a demonstration of one group showed.
type result struct {
	Group             string `json:"group"`
	Code              uint16 `json:"code"`
	PostQuantum       bool   `json:"post_quantum"`
	ClientShare       int    `json:"client_share"`
	ServerShare       int    `json:"server_share"`
	SharedSecret      int    `json:"shared_secret"`
	ClientBytes       int64  `json:"client_bytes"`
	ServerBytes       int64  `json:"server_bytes"`
	HandshakeMicros   int64  `json:"handshake_us"`
	CipherSuite       string `json:"cipher_suite"`
	HelloRetryRequest bool   `json:"hello_retry_request"`
	OK                bool   `json:"ok"`
	Error             string `json:"error,omitempty"`
}

const (
	exchangeTimeout = 10 * time.Second
	payloadSize     = 20_000 // more than a record holds
)

// try runs the handshakes on g and sums them up.
func (d *demo) try(ctx context.Context, g pqkx.Group) result {
	s := g.Sizes()
	r := result{
		Group:        g.ID().String(),
		Code:         uint16(g.ID()),
		PostQuantum:  pqkx.IsPostQuantum(g),
		ClientShare:  s.ClientShare,
		ServerShare:  s.ServerShare,
		SharedSecret: s.SharedSecret,
	}
	times := make([]time.Duration, d.runs)
	for i := range times {
		x, err := d.exchange(ctx, g)
		if err != nil {
			r.Error = oneLine(err)
			return r
		}
		times[i] = x.took
		r.ClientBytes, r.ServerBytes = x.sent, x.received
		r.CipherSuite = tls.CipherSuiteName(x.state.CipherSuite)
		r.HelloRetryRequest = x.state.HelloRetryRequest
	}
	slices.Sort(times)
	r.HandshakeMicros = times[len(times)/2].Microseconds()
	r.OK = true
	return r
}

// An exchange is one handshake, as the client saw it.
type exchange struct {
	took           time.Duration
	sent, received int64
	state          tls13.ConnectionState
}

// exchange does one handshake on g and sends data both ways.
func (d *demo) exchange(ctx context.Context, g pqkx.Group) (*exchange, error) {
	provider, err := pqkx.New(g)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, exchangeTimeout)
	defer cancel()
	near, far, err := loopback(ctx)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { near.Close(); far.Close() })
	defer stop()

	counted := &countingConn{Conn: near}
	client := tls13.Client(counted, &tls13.Config{
		Provider: provider, RootCAs: d.cert.root.Pool(), ServerName: "localhost",
	})
	server := tls13.Server(far, &tls13.Config{
		Provider: provider, Certificates: []tls.Certificate{d.cert.leaf},
	})
	payload := make([]byte, payloadSize)
	rand.Read(payload)

	serverDone := make(chan error, 1)
	go func() {
		defer far.Close()
		serverDone <- answer(ctx, server, payload)
	}()
	x, err := ask(ctx, client, counted, payload)
	near.Close()
	if err := errors.Join(wrap("client", err), wrap("server", <-serverDone)); err != nil {
		return nil, err
	}
	return x, checkState(g, x.state, server.ConnectionState())
}

// ask is the client: it sends the payload and expects it back, reversed.
func ask(ctx context.Context, conn *tls13.Conn, wire *countingConn, payload []byte) (*exchange, error) {
	start := time.Now()
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	x := &exchange{
		took: time.Since(start),
		sent: wire.sent.Load(), received: wire.received.Load(),
		state: conn.ConnectionState(),
	}
	if _, err := conn.Write(payload); err != nil {
		return nil, err
	}
	if err := conn.CloseWrite(); err != nil {
		return nil, err
	}
	got, err := io.ReadAll(io.LimitReader(conn, payloadSize+1))
	if err != nil {
		return nil, err
	}
	return x, compare(got, reversed(payload))
}

// answer is the server.
func answer(ctx context.Context, conn *tls13.Conn, payload []byte) error {
	if err := conn.HandshakeContext(ctx); err != nil {
		return err
	}
	got, err := io.ReadAll(io.LimitReader(conn, payloadSize+1))
	if err != nil {
		return err
	}
	if err := compare(got, payload); err != nil {
		return err
	}
	if _, err := conn.Write(reversed(got)); err != nil {
		return err
	}
	return conn.CloseWrite()
}

func reversed(b []byte) []byte {
	r := slices.Clone(b)
	slices.Reverse(r)
	return r
}

func compare(got, want []byte) error {
	if !bytes.Equal(got, want) {
		return fmt.Errorf("application data differs: %d bytes came, %d were sent", len(got), len(want))
	}
	return nil
}

// checkState is a last look: both sides, and the group, tell the same story.
func checkState(g pqkx.Group, client, server tls13.ConnectionState) error {
	switch {
	case client.Group != g.ID() || server.Group != g.ID():
		return fmt.Errorf("client negotiated %v and server %v, want %v", client.Group, server.Group, g.ID())
	case client.PostQuantum != pqkx.IsPostQuantum(g) || server.PostQuantum != client.PostQuantum:
		return errors.New("the connection's word on post-quantum security is not the group's")
	case client.CipherSuite != server.CipherSuite:
		return errors.New("client and server differ in the cipher suite")
	}
	return nil
}

// wrap says whose error it is.
func wrap(side string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", side, err)
}

// loopback returns the two ends of a TCP connection on 127.0.0.1.
func loopback(ctx context.Context) (near, far net.Conn, err error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	defer ln.Close()
	var d net.Dialer
	if near, err = d.DialContext(ctx, "tcp", ln.Addr().String()); err != nil {
		return nil, nil, err
	}
	if far, err = ln.Accept(); err != nil {
		near.Close()
		return nil, nil, err
	}
	return near, far, nil
}

// A countingConn counts what goes over the wire.
type countingConn struct {
	net.Conn
	sent, received atomic.Int64
}

func (c *countingConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.received.Add(int64(n))
	return n, err
}

func (c *countingConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.sent.Add(int64(n))
	return n, err
}
