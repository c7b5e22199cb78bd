package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/pqkx/pqkx/tls13"
)

const (
	handshakeTimeout = 10 * time.Second
	shutdownTimeout  = 2 * time.Second
	acceptPause      = 100 * time.Millisecond
)

// A service takes connections whose handshake is done.
type service interface {
	// serve owns conn from here on. It may return before it is done with it.
	serve(ctx context.Context, conn *tls13.Conn)

	// shutdown lets connections finish until ctx is done, and ends the rest.
	shutdown(ctx context.Context)
}

// A server accepts connections, shakes hands, logs, and passes them on.
type server struct {
	config       *tls13.Config
	log          *logger
	service      service
	redirectHTTP bool // answer who speaks HTTP without TLS
}

// serve runs until ctx is done, and then ends everything within
// shutdownTimeout. The listener is one of tls13.Listen, which has checked the
// configuration; its connections are made anew in greet, where a look at the
// first byte comes before.
func (s *server) serve(ctx context.Context, ln net.Listener) error {
	stop := context.AfterFunc(ctx, func() { ln.Close() })
	defer stop()
	var greetings sync.WaitGroup
	for {
		conn, err := ln.Accept()
		if ctx.Err() != nil {
			if err == nil {
				conn.Close()
			}
			break
		}
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return err
			}
			s.log.printf("%v", err) // such as too many open files: it passes
			time.Sleep(acceptPause)
			continue
		}
		tcp := conn.(*tls13.Conn).NetConn().(*net.TCPConn)
		greetings.Go(func() { s.greet(ctx, &lingeringConn{TCPConn: tcp}) })
	}
	s.log.printf("shutting down")
	graceful, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	s.service.shutdown(graceful)
	greetings.Wait() // they end with ctx
	return nil
}

// greet does the handshake and logs what came of it.
func (s *server) greet(ctx context.Context, raw net.Conn) {
	peer := raw.RemoteAddr()
	handshake, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	if s.redirectHTTP {
		sniffed, redirected := redirectPlainHTTP(handshake, raw)
		if redirected {
			raw.Close()
			s.log.printf("%v failed: spoke HTTP without TLS, was sent to https://", peer)
			return
		}
		raw = sniffed
	}
	conn := tls13.Server(raw, s.config)
	if err := conn.HandshakeContext(handshake); err != nil {
		conn.Close()
		s.log.printf("%v failed: %s%s", peer, oneLine(err), offer(conn.ConnectionState()))
		return
	}
	s.log.printf("%v %s", peer, summary(conn.ConnectionState()))
	s.service.serve(ctx, conn)
}

// summary is what a handshake negotiated, on one line.
func summary(cs tls13.ConnectionState) string {
	words := []string{cs.Group.String(), "(classical)", tls.CipherSuiteName(cs.CipherSuite)}
	if cs.PostQuantum {
		words[1] = "(post-quantum)"
	}
	if cs.HelloRetryRequest {
		words = append(words, "after HelloRetryRequest")
	}
	if cs.NegotiatedProtocol != "" {
		words = append(words, cs.NegotiatedProtocol)
	}
	return strings.Join(words, " ")
}

// offer is what a client offered whose handshake failed, if it got that far.
func offer(cs tls13.ConnectionState) string {
	if len(cs.OfferedGroups) == 0 {
		return ""
	}
	const most = 16
	groups := cs.OfferedGroups
	if len(groups) <= most {
		return "; offered " + joinNames(groups)
	}
	return fmt.Sprintf("; offered %s and %d more", joinNames(groups[:most]), len(groups)-most)
}

// A logger writes whole, printable lines with the time.
type logger struct {
	mu sync.Mutex
	w  io.Writer
}

func newLogger(w io.Writer) *logger { return &logger{w: w} }

func (l *logger) printf(format string, args ...any) {
	line := printable(fmt.Sprintf(format, args...))
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(l.w, "%s %s\n", time.Now().Format(time.TimeOnly), line)
}

// Write takes lines from package log, for http.Server.
func (l *logger) Write(b []byte) (int, error) {
	l.printf("%s", strings.TrimSpace(string(b)))
	return len(b), nil
}
