package main

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/pqkx/pqkx/tls13"
)

const dialTimeout = 10 * time.Second

// A forwarder joins each connection to one of a plain TCP service. Half-closes
// are carried over both ways: an end of stream in TLS (close_notify) becomes
// one in TCP (FIN) and the reverse. A stream that breaks off without its end is
// broken off on the other side too, so that nobody takes a part for the whole.
type forwarder struct {
	to  string
	log *logger

	mu     sync.Mutex
	open   map[*tls13.Conn]bool
	closed bool
	done   sync.WaitGroup
}

func newForwarder(to string, log *logger) *forwarder {
	return &forwarder{to: to, log: log, open: make(map[*tls13.Conn]bool)}
}

func (f *forwarder) serve(ctx context.Context, conn *tls13.Conn) {
	defer conn.Close()
	if !f.enter(conn) {
		return
	}
	defer f.leave(conn)
	peer := conn.RemoteAddr()
	dialing, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	var d net.Dialer
	upstream, err := d.DialContext(dialing, "tcp", f.to)
	if err != nil {
		f.log.printf("%v failed: %v", peer, err)
		return
	}
	defer upstream.Close()
	switch err := join(conn, upstream.(*net.TCPConn)); {
	case err == nil:
	case ctx.Err() != nil:
		f.log.printf("%v broken off: shutting down", peer)
	default:
		f.log.printf("%v broke off: %s", peer, oneLine(err))
	}
}

// enter notes an open connection, unless it is too late for new ones.
func (f *forwarder) enter(conn *tls13.Conn) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return false
	}
	f.open[conn] = true
	f.done.Add(1)
	return true
}

func (f *forwarder) leave(conn *tls13.Conn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.open, conn)
	f.done.Done()
}

func (f *forwarder) shutdown(ctx context.Context) {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	finished := make(chan struct{})
	go func() {
		f.done.Wait()
		close(finished)
	}()
	select {
	case <-finished:
		return
	case <-ctx.Done():
	}
	f.mu.Lock()
	for conn := range f.open {
		reset(conn.NetConn()) // both directions then end by themselves
	}
	f.mu.Unlock()
	<-finished
}

// join copies both ways until both ends are reached or one way breaks. The
// error is that of the way that broke first.
func join(client *tls13.Conn, upstream *net.TCPConn) (err error) {
	var broken sync.Once
	breakOff := func(cause error) {
		broken.Do(func() {
			err = cause
			reset(upstream)
			var fault *tls13.AlertError
			if errors.As(cause, &fault) {
				client.NetConn().Close() // the alert tells that it broke, and has to arrive
			} else {
				reset(client.NetConn())
			}
		})
	}
	var back sync.WaitGroup
	back.Go(func() { oneWay(client, upstream, breakOff) })
	oneWay(upstream, client, breakOff)
	back.Wait()
	return err
}

// reset closes a connection in a way that nobody takes for the end of a stream:
// there are TLS clients that accept an end without close_notify.
func reset(conn net.Conn) {
	if c, ok := conn.(*lingeringConn); ok {
		conn = c.TCPConn
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	conn.Close()
}

type halfCloser interface {
	io.Writer
	CloseWrite() error
}

// oneWay copies a stream and its end.
func oneWay(dst halfCloser, src io.Reader, breakOff func(error)) {
	_, err := io.Copy(dst, src)
	if err == nil {
		err = dst.CloseWrite()
	}
	if err != nil {
		breakOff(err)
	}
}
