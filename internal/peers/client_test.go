package peers_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pqkx/pqkx/internal/peers"
)

// A client makes one request after another on one connection, which a test may
// do something to in between.
type client struct {
	origin string
	conn   net.Conn
	reader *bufio.Reader
}

// connect connects to an origin, given as a URL.
func connect(t *testing.T, s stack, e end, origin string) *client {
	t.Helper()
	u, err := url.Parse(origin)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), peers.Limit)
	defer cancel()
	conn, err := s.dialer(t, e).DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", u.Port()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(peers.Limit))
	return &client{origin: "https://" + u.Host, conn: conn, reader: bufio.NewReader(conn)}
}

// get returns the body of a GET request's answer.
func (c *client) get(t *testing.T, path string) string {
	t.Helper()
	return c.request(t, http.MethodGet, path, "")
}

// post returns the body of a POST request's answer.
func (c *client) post(t *testing.T, path, body string) string {
	t.Helper()
	return c.request(t, http.MethodPost, path, body)
}

func (c *client) request(t *testing.T, method, path, body string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, c.origin+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if err := request.Write(c.conn); err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	response, err := http.ReadResponse(c.reader, request)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %s", response.Status)
	}
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return string(text)
}
