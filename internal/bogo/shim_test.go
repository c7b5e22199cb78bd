// Package bogo_test starts the shim as BoGo's runner does, with peers that
// behave: crypto/tls and package tls13.
package bogo_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pqkx/pqkx/internal/certs"
)

const limit = 20 * time.Second

// files is a directory with the shim, and certificates and keys for it.
var files string

var (
	root   *x509.CertPool
	leaves [2]tls.Certificate // as in leaf0.pem and leaf1.pem
)

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	if files, err = os.MkdirTemp("", "bogo"); err != nil {
		return 0, err
	}
	defer os.RemoveAll(files)
	build := exec.Command("go", "build", "-o", file("shim"), "./shim")
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("go build: %w\n%s", err, out)
	}
	authority, err := certs.NewAuthority()
	if err != nil {
		return 0, err
	}
	root = x509.NewCertPool()
	root.AddCert(authority.Root)
	err = write("root.pem", "CERTIFICATE", authority.Root.Raw)
	for i := range leaves {
		key, keyErr := certs.NewKey()
		if keyErr != nil {
			return 0, keyErr
		}
		cert, certErr := authority.Issue(key, "test", "server.test")
		der, derErr := x509.MarshalPKCS8PrivateKey(key)
		leaves[i] = cert
		err = errors.Join(err, certErr, derErr,
			write(fmt.Sprintf("leaf%d.pem", i), "CERTIFICATE", cert.Certificate...),
			write(fmt.Sprintf("key%d.pem", i), "PRIVATE KEY", der))
	}
	if err != nil {
		return 0, err
	}
	return m.Run(), nil
}

func file(name string) string { return filepath.Join(files, name) }

func write(name, kind string, ders ...[]byte) error {
	var b bytes.Buffer
	for _, der := range ders {
		pem.Encode(&b, &pem.Block{Type: kind, Bytes: der})
	}
	return os.WriteFile(file(name), b.Bytes(), 0o600)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// credential returns the flags for one of the leaves.
func credential(i int) []string {
	return []string{"-cert-file", file(fmt.Sprintf("leaf%d.pem", i)), "-key-file", file(fmt.Sprintf("key%d.pem", i))}
}

func asServer() []string { return append([]string{"-server"}, credential(0)...) }

func asClient() []string { return []string{"-trust-cert", file("root.pem")} }

// A process is a shim that has connected.
type process struct {
	*testing.T
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
	conn           *net.TCPConn
	done           chan struct{} // closed when it has ended
}

// start starts a shim with the flags and takes its connection.
func start(t *testing.T, flags ...string) *process {
	t.Helper()
	return startOn(t, "127.0.0.1", flags...)
}

func startOn(t *testing.T, host string, flags ...string) *process {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Skip(err) // a machine without IPv6
	}
	l.(*net.TCPListener).SetDeadline(time.Now().Add(limit))
	const id = 0x0123456789abcdef
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	p := &process{T: t, done: make(chan struct{})}
	p.cmd = exec.Command(file("shim"), append([]string{"-port", port, "-shim-id", strconv.FormatUint(id, 10)}, flags...)...)
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.cmd.Wait()
		l.Close()
		close(p.done)
	}()
	t.Cleanup(func() { p.cmd.Process.Kill(); <-p.done })
	conn, err := l.Accept()
	if err != nil {
		t.Fatalf("the shim does not connect: %v %s%s", err, &p.stdout, &p.stderr)
	}
	p.conn = conn.(*net.TCPConn)
	p.conn.SetDeadline(time.Now().Add(limit))
	t.Cleanup(func() { p.conn.Close() })
	var got [8]byte
	if _, err := io.ReadFull(p.conn, got[:]); err != nil || binary.LittleEndian.Uint64(got[:]) != id {
		t.Fatalf("shim id %x: %v", got, err)
	}
	return p
}

// end waits for the process and checks its status and standard error: nothing
// for success, else one line with the given text.
func (p *process) end(status int, text string) {
	p.Helper()
	p.conn.Close()
	<-p.done
	got := p.stderr.String()
	switch {
	case p.cmd.ProcessState.ExitCode() != status:
		p.Errorf("status %d, want %d: %s", p.cmd.ProcessState.ExitCode(), status, got)
	case status == 0 && got != "":
		p.Errorf("standard error %q, want none", got)
	case !strings.Contains(got, text) || strings.Count(got, "\n") > 1:
		p.Errorf("standard error %q, want one line with %q", got, text)
	}
}

// echo sends data and wants it back inverted.
func echo(t *testing.T, conn io.ReadWriter, n int) {
	t.Helper()
	data := bytes.Repeat([]byte{0x42}, n)
	go conn.Write(data)
	got := make([]byte, n)
	if _, err := io.ReadFull(conn, got); err != nil {
		t.Fatal(err)
	}
	if want := bytes.Repeat([]byte{0xbd}, n); !bytes.Equal(got, want) {
		t.Error("echo is not the inverse of what was sent")
	}
}

func clientConfig() *tls.Config {
	return &tls.Config{RootCAs: root, ServerName: "server.test", MinVersion: tls.VersionTLS13}
}

func serverConfig() *tls.Config {
	return &tls.Config{Certificates: leaves[:1], MinVersion: tls.VersionTLS13}
}

// TestEcho is both roles against crypto/tls, with the ways to end.
func TestEcho(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "::1"} {
		for _, end := range []string{"close_notify", "EOF"} {
			for _, role := range []string{"client", "server"} {
				t.Run(host+"/"+role+"/"+end, func(t *testing.T) {
					var flags []string
					if host == "::1" {
						flags = []string{"-ipv6"}
					}
					var p *process
					var conn *tls.Conn
					if role == "server" {
						p = startOn(t, host, append(flags, asServer()...)...)
						conn = tls.Client(p.conn, clientConfig())
					} else {
						p = startOn(t, host, append(flags, asClient()...)...)
						conn = tls.Server(p.conn, serverConfig())
					}
					echo(t, conn, 5)
					echo(t, conn, 100_000)
					if end == "EOF" {
						p.conn.CloseWrite()
					} else {
						conn.CloseWrite()
					}
					if _, err := conn.Read(make([]byte, 1)); err != io.EOF {
						t.Errorf("after the end: %v, want the shim's close_notify", err)
					}
					p.end(0, "")
				})
			}
		}
	}
}
