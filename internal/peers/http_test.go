package peers_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/pqkx/pqkx/internal/peers"
	"github.com/pqkx/pqkx/tls13"
)

// echoBody is what goes both ways in a POST: more than ten full records.
var echoBody = strings.Repeat("0123456789abcdef", 12_000)

// An origin is an HTTPS server on a stack.
type origin struct {
	addr   string
	states chan state // one for each request; more than any test makes
}

func (o *origin) url(path string) string {
	return "https://localhost" + o.addr[strings.LastIndexByte(o.addr, ':'):] + path
}

type connKey struct{}

// serve starts a server on a stack: a GET is answered with a page that has the
// path, a POST with its own body. The path /rekey changes the keys of both
// directions first, where the stack can do that.
func serve(t *testing.T, s stack, e end) *origin {
	t.Helper()
	listener := s.listen(t, e)
	o := &origin{addr: listener.Addr().String(), states: make(chan state, 16)}
	var complaints lockedBuffer
	server := &http.Server{
		ErrorLog: log.New(&complaints, "", 0),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, c)
		},
		ConnState: func(c net.Conn, cs http.ConnState) {
			if c, ok := c.(*tls13.Conn); ok && cs == http.StateClosed {
				if err := c.Handshake(); err != nil { // net/http says so of crypto/tls alone
					fmt.Fprintln(&complaints, err)
				}
			}
		},
		Handler: o.handler(t, s),
	}
	done := make(chan struct{})
	go func() {
		server.Serve(listener) // until Close
		close(done)
	}()
	t.Cleanup(func() {
		server.Close()
		<-done
		if t.Failed() {
			t.Logf("%v server said:\n%s", s, &complaints)
		}
	})
	return o
}

func (o *origin) handler(t *testing.T, s stack) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		conn := r.Context().Value(connKey{}).(net.Conn)
		switch r.URL.Path {
		case "/favicon.ico": // a browser's own idea
			http.NotFound(w, r)
			return
		case "/rekey":
			rekey(t, conn)
		}
		o.states <- s.state(conn)
		if r.Method == http.MethodPost {
			body, _ := io.ReadAll(r.Body) // first: HTTP/1.1 here does not go both ways at once
			w.Write(body)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, "<!doctype html><title>pqkx</title><p>%v answers %s</p>", s, r.URL.Path)
	}
}

// rekey asks for new keys in both directions.
func rekey(t *testing.T, c net.Conn) {
	if c, ok := c.(*tls13.Conn); ok {
		if err := c.KeyUpdate(true); err != nil {
			t.Errorf("KeyUpdate: %v", err)
		}
	}
}

// state returns what the server says of its first request, then of the second,
// and so on.
func (o *origin) state(t *testing.T) state {
	t.Helper()
	select {
	case s := <-o.states:
		return s
	default:
		t.Fatal("no request reached the server")
		return state{}
	}
}

// fetch makes a request over a stack, a POST unless the body is empty, and
// checks that the answer is a success.
func fetch(t *testing.T, s stack, e end, url, body string) (string, state) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), peers.Limit)
	defer cancel()
	answer, st, err := tryFetch(ctx, t, s, e, url, body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, st
}

func tryFetch(ctx context.Context, t *testing.T, s stack, e end, url, body string) (answer string, st state, err error) {
	t.Helper()
	dialer := s.dialer(t, e)
	var conn net.Conn
	transport := &http.Transport{
		DisableKeepAlives: true,
		DialTLSContext: func(ctx context.Context, network, addr string) (c net.Conn, err error) {
			c, err = dialer.DialContext(ctx, network, addr)
			conn = c
			return c, err
		},
	}
	defer transport.CloseIdleConnections()
	method := http.MethodGet
	if body != "" {
		method = http.MethodPost
	}
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return "", st, err
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return "", st, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", url, response.Status)
	}
	return string(text), s.state(conn), err
}

// checkEcho compares what came back of a POST.
func checkEcho(t *testing.T, got string) {
	t.Helper()
	if got != echoBody {
		t.Errorf("of %d bytes sent, %d came back, or other ones", len(echoBody), len(got))
	}
}

// A lockedBuffer is a bytes.Buffer for several goroutines.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) Bytes() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return bytes.Clone(b.text.Bytes())
}

func (b *lockedBuffer) String() string { return string(b.Bytes()) }
