package main

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// plainService listens on loopback and serves each connection.
func plainService(t *testing.T, serve func(*net.TCPConn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			conn.SetDeadline(time.Now().Add(patience))
			go func() {
				defer conn.Close()
				serve(conn.(*net.TCPConn))
			}()
		}
	}()
	return ln.Addr().String()
}

// dialForward starts serve --to the service and connects to it.
func dialForward(t *testing.T, to string) (*process, *tls.Conn) {
	t.Helper()
	p, address, pool := startServe(t, "--to", to)
	conn, err := tls.Dial("tcp", address, &tls.Config{RootCAs: pool})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return p, conn
}

// TestForwardEcho: the service sees the client's end of stream, and answers
// after it.
func TestForwardEcho(t *testing.T) {
	t.Parallel()
	to := plainService(t, func(conn *net.TCPConn) {
		data, err := io.ReadAll(conn)
		if err == nil {
			conn.Write(append(data, " and then the end"...))
		}
	})
	p, conn := dialForward(t, to)
	payload := make([]byte, 300_000)
	rand.Read(payload)
	if _, err := conn.Write(payload); err != nil {
		t.Fatal(err)
	}
	if err := conn.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(conn)
	if err != nil || !bytes.Equal(got, append(payload, " and then the end"...)) {
		t.Errorf("%d bytes came back, error %v", len(got), err)
	}
	p.waitFor(t, defaultName()+" (post-quantum)")
	if status := p.stop(t, os.Interrupt); status != exitOK {
		t.Errorf("exit status %d", status)
	}
}

// TestForwardServiceEndsFirst: the client sees the service's end of stream, and
// can still send.
func TestForwardServiceEndsFirst(t *testing.T) {
	t.Parallel()
	received := make(chan string, 1)
	to := plainService(t, func(conn *net.TCPConn) {
		io.WriteString(conn, "hello")
		conn.CloseWrite()
		data, _ := io.ReadAll(conn)
		received <- string(data)
	})
	_, conn := dialForward(t, to)
	if got, err := io.ReadAll(conn); err != nil || string(got) != "hello" {
		t.Fatalf("got %q, %v", got, err)
	}
	io.WriteString(conn, "goodbye")
	conn.CloseWrite()
	if got := <-received; got != "goodbye" {
		t.Errorf("the service got %q", got)
	}
}

// TestForwardBreaksOff: a stream that breaks is not passed on as one that ends.
func TestForwardBreaksOff(t *testing.T) {
	t.Parallel()
	to := plainService(t, func(conn *net.TCPConn) {
		io.WriteString(conn, "half a sent")
		io.ReadFull(conn, make([]byte, 2))
		conn.SetLinger(0) // Close is a reset
	})
	p, conn := dialForward(t, to)
	if _, err := io.ReadFull(conn, make([]byte, len("half a sent"))); err != nil {
		t.Fatal(err)
	}
	io.WriteString(conn, "ok")
	if _, err := io.ReadAll(conn); err == nil {
		t.Error("the client sees an end of stream")
	}
	p.waitFor(t, "broke off")
}

// TestForwardClientBreaksOff is the same the other way round.
func TestForwardClientBreaksOff(t *testing.T) {
	t.Parallel()
	result := make(chan error, 1)
	to := plainService(t, func(conn *net.TCPConn) {
		io.WriteString(conn, "go")
		_, err := io.ReadAll(conn)
		result <- err
	})
	_, conn := dialForward(t, to)
	if _, err := io.ReadFull(conn, make([]byte, 2)); err != nil {
		t.Fatal(err)
	}
	conn.NetConn().Close() // without close_notify
	if err := <-result; err == nil {
		t.Error("the service sees an end of stream")
	}
}

func TestForwardToNobody(t *testing.T) {
	t.Parallel()
	p, conn := dialForward(t, "127.0.0.1:1")
	if n, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("read %d bytes, error %v", n, err)
	}
	p.waitFor(t, "refused")
}

// TestForwardShutdown: an open stream does not keep the server alive.
func TestForwardShutdown(t *testing.T) {
	t.Parallel()
	to := plainService(t, func(conn *net.TCPConn) { io.Copy(conn, conn) })
	p, conn := dialForward(t, to)
	io.WriteString(conn, "ping")
	if _, err := io.ReadFull(conn, make([]byte, 4)); err != nil {
		t.Fatal(err)
	}
	if status := p.stop(t, os.Interrupt); status != exitOK {
		t.Errorf("exit status %d", status)
	}
	p.waitFor(t, "broken off: shutting down")
	if _, err := io.ReadAll(conn); err == nil {
		t.Error("the client sees an end of stream")
	}
}

// TestForwardAlertArrives breaks a record and goes on sending: the stream to
// the service is broken off, and the client is told why.
func TestForwardAlertArrives(t *testing.T) {
	t.Parallel()
	broken := make(chan error, 1)
	to := plainService(t, func(conn *net.TCPConn) {
		_, err := io.ReadAll(conn)
		broken <- err
	})
	_, conn := dialForward(t, to)
	if err := conn.Handshake(); err != nil {
		t.Fatal(err)
	}
	raw := conn.NetConn()
	io.WriteString(raw, "\x17\x03\x03\x00\x20"+strings.Repeat("?", 32))
	for range 20 {
		if _, err := raw.Write(make([]byte, 1000)); err != nil {
			t.Fatalf("write after the broken record: %v", err)
		}
		time.Sleep(10 * time.Millisecond)
	}
	if _, err := conn.Read(make([]byte, 1)); err == nil || !strings.Contains(err.Error(), "bad record MAC") {
		t.Errorf("client: %v, want the alert", err)
	}
	if err := <-broken; err == nil {
		t.Error("the service saw an end of stream where it broke off")
	}
}
