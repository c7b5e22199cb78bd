package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
	"time"

	"github.com/pqkx/pqkx/tls13"
)

// pipe sends stdin to the server and the server's data to stdout until both
// have ended. It does not wait for a person to end a terminal's stdin.
func pipe(ctx context.Context, conn *tls13.Conn, std stdio) error {
	stop := context.AfterFunc(ctx, func() { conn.NetConn().Close() })
	defer stop()
	sent := make(chan error, 1)
	go func() {
		_, err := io.Copy(conn, std.in)
		if err == nil {
			conn.CloseWrite() // fails if the server is gone, which Read tells better
		}
		sent <- err
	}()
	if _, err := io.Copy(std.out, conn); err != nil {
		return causeOf(ctx, err)
	}
	if isTerminal(std.in) {
		return nil
	}
	select {
	case err := <-sent:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// httpHost is what a browser would call the server: its port only if unusual.
func httpHost(serverName, address string) string {
	_, port, _ := net.SplitHostPort(address)
	if port != "443" {
		return net.JoinHostPort(serverName, port)
	}
	if strings.Contains(serverName, ":") {
		return "[" + serverName + "]"
	}
	return serverName
}

// get asks for the path and prints the answer's body.
func (o *connectOptions) get(ctx context.Context, conn *tls13.Conn, host string, std stdio) error {
	stop := context.AfterFunc(ctx, func() { conn.NetConn().Close() })
	defer stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+host+o.path, nil)
	if err != nil {
		return usagef("--http: %w", err)
	}
	req.Close = true
	req.Header.Set("User-Agent", "pqkx")
	wire := &impatientConn{conn, o.timeout}
	if err := req.Write(wire); err != nil {
		return causeOf(ctx, err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(wire), req)
	if err != nil {
		return causeOf(ctx, fmt.Errorf("reading the answer: %w", err))
	}
	defer resp.Body.Close()
	if o.include {
		head, err := httputil.DumpResponse(resp, false)
		if err != nil {
			return err
		}
		if _, err := std.out.Write(head); err != nil {
			return err
		}
	}
	if resp.StatusCode >= 400 {
		fmt.Fprintf(std.err, "the server answered %s\n", printable(resp.Status))
	}
	if _, err = io.Copy(std.out, resp.Body); err != nil {
		return causeOf(ctx, err)
	}
	return nil
}

// An impatientConn waits for data, or to send it, only so long.
type impatientConn struct {
	*tls13.Conn
	timeout time.Duration
}

func (c *impatientConn) Read(b []byte) (int, error) {
	c.SetReadDeadline(time.Now().Add(c.timeout))
	return c.Conn.Read(b)
}

func (c *impatientConn) Write(b []byte) (int, error) {
	c.SetWriteDeadline(time.Now().Add(c.timeout))
	return c.Conn.Write(b)
}
