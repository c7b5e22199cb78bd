package main

import (
	"bytes"
	"context"
	_ "embed"
	"html/template"
	stdlog "log"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/tls13"
)

// A page is the service that shows visitors what their browser negotiated.
type page struct {
	provider *pqkx.Provider
	conns    *handoff
	http     *http.Server
}

func newPage(provider *pqkx.Provider, log *logger) *page {
	p := &page{provider: provider, conns: newHandoff()}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.serveHTML)
	mux.HandleFunc("GET /json", p.serveJSON)
	p.http = &http.Server{
		Handler:     mux,
		ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, IdleTimeout: time.Minute,
		ErrorLog:    stdlog.New(log, "", 0),
		ConnContext: withConn,
	}
	go p.http.Serve(p.conns) // until shutdown
	return p
}

func (p *page) serve(_ context.Context, conn *tls13.Conn) { p.conns.put(&pageConn{Conn: conn}) }

func (p *page) shutdown(ctx context.Context) {
	p.conns.Close()
	if p.http.Shutdown(ctx) != nil {
		p.http.Close()
	}
}

type connKey struct{}

// withConn is for requests to find their connection: net/http knows only
// crypto/tls's.
func withConn(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, conn)
}

func connOf(r *http.Request) *pageConn { return r.Context().Value(connKey{}).(*pageConn) }

// A pageConn can hold back what is written to it. Net/http writes a response
// in pieces; together they are one record.
type pageConn struct {
	*tls13.Conn
	holds bool
	held  []byte
}

// Write is called by the goroutine of a request alone.
func (c *pageConn) Write(b []byte) (int, error) {
	if !c.holds {
		return c.Conn.Write(b)
	}
	c.held = append(c.held, b...)
	return len(b), nil
}

func (c *pageConn) hold() { c.holds = true }

// release writes what was held back. Its error, if there is one, comes again
// at the next read or write of net/http.
func (c *pageConn) release() {
	c.Conn.Write(c.held)
	c.holds, c.held = false, nil
}

// view describes the connection that a request came on.
func (p *page) view(r *http.Request) *view {
	return newView(connOf(r).ConnectionState(), p.provider)
}

//go:embed page.html
var pageHTML string

var pageTemplate = template.Must(template.New("page").Parse(pageHTML))

func (p *page) serveHTML(w http.ResponseWriter, r *http.Request) {
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, p.view(r)); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	p.send(w, r, "text/html; charset=utf-8", b.Bytes())
}

func (p *page) serveJSON(w http.ResponseWriter, r *http.Request) {
	var b bytes.Buffer
	if err := printJSON(&b, p.view(r)); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	p.send(w, r, "application/json", b.Bytes())
}

func (p *page) send(w http.ResponseWriter, r *http.Request, contentType string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Cache-Control", "no-store") // the next connection may differ
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Length", strconv.Itoa(len(body))) // nothing is left to write after the flush
	conn := connOf(r)
	conn.hold()
	defer conn.release()
	w.Write(body)
	http.NewResponseController(w).Flush()
}

// A handoff is a net.Listener of connections that come from elsewhere.
type handoff struct {
	conns  chan net.Conn
	closed chan struct{}
	close  func()
}

func newHandoff() *handoff {
	h := &handoff{conns: make(chan net.Conn), closed: make(chan struct{})}
	h.close = sync.OnceFunc(func() { close(h.closed) })
	return h
}

// put gives a connection to whoever accepts, or closes it if nobody will.
func (h *handoff) put(conn net.Conn) {
	select {
	case h.conns <- conn:
	case <-h.closed:
		conn.Close()
	}
}

func (h *handoff) Accept() (net.Conn, error) {
	select {
	case conn := <-h.conns:
		return conn, nil
	case <-h.closed:
		return nil, net.ErrClosed
	}
}

func (h *handoff) Close() error {
	h.close()
	return nil
}

func (h *handoff) Addr() net.Addr { return &net.TCPAddr{} }
