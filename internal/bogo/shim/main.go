// Command shim is package tls13 as BoGo drives it. BoGo is the protocol test
// suite of BoringSSL: a runner that is itself a TLS peer, misbehaves on
// purpose, and starts one shim for each test.
//
// # Running the suite
//
// Build the shim and hand it to a runner with the configuration beside it:
//
//	go build -o shim ./internal/bogo/shim
//	runner -shim-path ./shim -shim-config internal/bogo/config.json
//
// The runner is part of BoringSSL (ssl/test/runner) and not of this module. The
// configuration says what each of the runner's error names looks like in our
// errors, which alerts differ because the RFC names another one, and which
// tests cannot apply, each with its reason.
//
// # What a shim does
//
// The runner's flags say who the shim is and what to do (flags.go). For every
// connection it dials the runner, writes its identity as eight bytes, and is a
// client or a server on the same socket; it checks what was negotiated
// (expect.go), writes and echoes data (data.go), sends close_notify, closes its
// half of the socket and reads until the runner has closed the other one, so
// that no reset overtakes an alert.
//
// # How it ends
//
//	0   done, and nothing was written to standard error
//	1   the connection failed, or an expectation: one line on standard error
//	89  a flag is unknown, or asks for something out of scope: the runner
//	    counts the test as unimplemented; the reason is on standard output
//
// # Where the runner wants another alert
//
// RFC 8446 comes first. TestLocalErrorMap in the configuration has the tests
// whose alert it names: key_share in EncryptedExtensions is illegal_parameter
// (section 4.2), a Finished of the wrong length decode_error (section 6.2), and
// an unprotected handshake record where protected ones are due
// unexpected_message (section 5). Where it names none, package tls13 does what
// the runner wants.
//
// Out of scope are TLS 1.2 and older, resumption, 0-RTT, client certificates,
// OCSP and certificate transparency, and the extensions that BoringSSL alone
// has.
package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"github.com/pqkx/pqkx/tls13"
)

const (
	exitFailed        = 1
	exitUnimplemented = 89 // the runner's number
)

// errUnimplemented is wrapped by errors that end the process with status 89.
var errUnimplemented = errors.New("unimplemented")

func unimplemented(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errUnimplemented, fmt.Sprintf(format, args...))
}

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	if len(args) == 1 && args[0] == "-is-handshaker-supported" {
		fmt.Println("No")
		return 0
	}
	err := connect(args)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errUnimplemented):
		fmt.Println(err)
		return exitUnimplemented
	}
	fmt.Fprintln(os.Stderr, strings.ReplaceAll(err.Error(), "\n", "; "))
	return exitFailed
}

// connect runs the connection that the flags describe. There is one: further
// ones resume it.
func connect(args []string) error {
	s, err := parse(args)
	if err != nil {
		return err
	}
	h, err := s.handshake()
	if err != nil {
		return err
	}
	conn, err := dial(s)
	if err != nil {
		return err
	}
	defer linger(conn)
	return exchange(s, h, conn)
}

// dial connects to the runner and says who we are.
func dial(s *settings) (*net.TCPConn, error) {
	host := "127.0.0.1"
	if s.ipv6 {
		host = "::1"
	}
	conn, err := net.DialTimeout("tcp", net.JoinHostPort(host, s.port), 10*time.Second)
	if err != nil {
		return nil, err
	}
	_, err = conn.Write(binary.LittleEndian.AppendUint64(nil, s.shimID))
	return conn.(*net.TCPConn), err
}

// lingerTimeout is less than the runner's patience.
const lingerTimeout = 10 * time.Second

// linger closes a connection so that the runner can read all that was sent: a
// close with unread data would reset it.
func linger(conn *net.TCPConn) {
	conn.CloseWrite()
	conn.SetReadDeadline(time.Now().Add(lingerTimeout))
	io.Copy(io.Discard, conn)
	conn.Close()
}

// exchange is the handshake and all that comes after it.
func exchange(s *settings, h *handshake, raw net.Conn) error {
	seen := &recorder{Conn: raw}
	var conn *tls13.Conn
	if s.server {
		conn = tls13.Server(seen, h.config)
	} else {
		conn = tls13.Client(seen, h.config)
	}
	if err := conn.Handshake(); err != nil {
		return err
	}
	if s.noOpExtraHandshake {
		if err := conn.Handshake(); err != nil {
			return err
		}
	}
	if err := s.check(conn.ConnectionState(), h, seen.data); err != nil {
		return err
	}
	return s.transfer(conn, h)
}
