package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestServeOldHTTP asks as clients of HTTP/1.0 do: without a Host, for a
// connection that ends. A Read of crypto/tls is what one record has.
func TestServeOldHTTP(t *testing.T) {
	t.Parallel()
	_, address, pool := startServe(t)
	for _, method := range []string{"GET", "HEAD"} {
		for _, path := range []string{"/", "/json", "/other"} {
			conn, err := tls.Dial("tcp", address, &tls.Config{RootCAs: pool})
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(patience))
			io.WriteString(conn, method+" "+path+" HTTP/1.0\r\n\r\n")
			record := make([]byte, 1<<14)
			n, err := conn.Read(record)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(record[:n])), &http.Request{Method: method})
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			if err != nil || (len(body) > 0) != (method == "GET") || (resp.StatusCode == http.StatusOK) != (path != "/other") {
				t.Errorf("%s %s: %s, %d bytes in the first record, %v", method, path, resp.Status, len(body), err)
			}
			if n, err := conn.Read(record); err != io.EOF {
				t.Errorf("%s %s: %d bytes and %v after the response, want close_notify alone", method, path, n, err)
			}
		}
	}
}

// TestServeAlertArrives goes on sending to a server that has given up: the
// connection stays open for that, and has the alert at its end.
func TestServeAlertArrives(t *testing.T) {
	t.Parallel()
	for _, flags := range []string{"", "--to 127.0.0.1:9"} {
		_, address, _ := startServe(t, strings.Fields(flags)...)
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(patience))
		io.WriteString(conn, "\x16\x03\x01\x00\x04\xff\x00\x00\x00") // a message of no type
		for range 20 {
			if _, err := conn.Write(make([]byte, 1000)); err != nil {
				t.Fatalf("flags %q: write to a server that has failed: %v", flags, err)
			}
			time.Sleep(10 * time.Millisecond)
		}
		if got, err := io.ReadAll(conn); string(got) != "\x15\x03\x03\x00\x02\x02\x0a" || err != nil {
			t.Errorf("flags %q: got %x, %v, want unexpected_message and an end", flags, got, err)
		}
	}
}

// TestServeLingersBriefly lets a client never close: the server does.
func TestServeLingersBriefly(t *testing.T) {
	t.Parallel()
	_, address, _ := startServe(t)
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	io.WriteString(conn, "\x16\x03\x01\x00\x04\xff\x00\x00\x00")
	// A write after the server is gone gets a reset, which the next one meets.
	for start := time.Now(); time.Since(start) < patience/2; time.Sleep(lingerIdle + time.Second) {
		if _, err := conn.Write([]byte{0}); err != nil {
			return
		}
	}
	t.Error("the server still takes what a client sends after its alert")
}
