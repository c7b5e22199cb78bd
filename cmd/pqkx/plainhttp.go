package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// A sniffedConn reads what was peeked at first.
type sniffedConn struct {
	net.Conn
	r *bufio.Reader
}

func (c *sniffedConn) Read(b []byte) (int, error) { return c.r.Read(b) }

// redirectPlainHTTP looks at the first byte that a client sends. A TLS record
// starts with its type, which is no letter; a letter is HTTP from someone who
// typed the address without https://, and is answered here. Otherwise the
// connection is returned as if nobody had looked.
func redirectPlainHTTP(ctx context.Context, conn net.Conn) (_ net.Conn, redirected bool) {
	deadline, _ := ctx.Deadline()
	conn.SetReadDeadline(deadline)
	stop := context.AfterFunc(ctx, func() { conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	r := bufio.NewReader(conn)
	first, err := r.Peek(1)
	if err == nil && first[0] >= 'A' && first[0] <= 'Z' {
		answerPlainHTTP(conn, bufio.NewReader(io.LimitReader(r, 1<<16)), deadline)
		return nil, true
	}
	if ctx.Err() == nil {
		conn.SetReadDeadline(time.Time{})
	}
	return &sniffedConn{conn, r}, false
}

// answerPlainHTTP sends the client to https://, on the same port.
func answerPlainHTTP(conn net.Conn, r *bufio.Reader, deadline time.Time) {
	conn.SetDeadline(deadline)
	req, err := http.ReadRequest(r)
	if err != nil {
		return
	}
	host := req.Host
	if host == "" || strings.ContainsAny(host, "\r\n/\\") {
		host = conn.LocalAddr().String()
	}
	body := "This is an HTTPS server.\n"
	fmt.Fprintf(conn, "HTTP/1.1 307 Temporary Redirect\r\nLocation: https://%s%s\r\n"+
		"Content-Type: text/plain\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		host, req.URL.EscapedPath(), len(body), body)
}
