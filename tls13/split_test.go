package tls13_test

import (
	"bytes"
	"io"
	"net"
	"testing"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/preset"
	"github.com/pqkx/pqkx/tls13"
)

// A splitConn sends the first record, which has to be written alone, as two, of
// which the first has n bytes of content, and gives no more than chunk bytes to
// each Read. Zero means no splitting.
type splitConn struct {
	net.Conn
	n, chunk int
}

func (c *splitConn) Write(b []byte) (int, error) {
	const header = 5
	n := c.n
	if c.n = 0; n == 0 || n >= len(b)-header {
		return c.Conn.Write(b)
	}
	record := func(content []byte) []byte {
		return append([]byte{b[0], b[1], b[2], byte(len(content) >> 8), byte(len(content))}, content...)
	}
	for _, part := range [][]byte{record(b[header : header+n]), record(b[header+n:])} {
		if _, err := c.Conn.Write(part); err != nil {
			return 0, err
		}
	}
	return len(b), nil
}

func (c *splitConn) Read(b []byte) (int, error) {
	if c.chunk > 0 && len(b) > c.chunk {
		b = b[:c.chunk]
	}
	return c.Conn.Read(b)
}

// TestSplitHello splits the ClientHello at every byte, over two records and
// over two packets, for the group whose hello is the first to need it.
func TestSplitHello(t *testing.T) {
	group := preset.Default().Groups()[0].ID()
	clientConfig, serverConfig := configs()
	clientConfig.Provider = provider(t, group)
	size := helloSize(t, clientConfig)
	step := 1
	if testing.Short() {
		step = 61
	}
	run := func(what string, n int, client, server func(net.Conn) net.Conn) {
		c, s := tcpPair(t)
		clientErr, serverErr := handshakeOn(tls13.Client(client(c), clientConfig), tls13.Server(server(s), serverConfig))
		c.Close()
		s.Close()
		if clientErr != nil || serverErr != nil {
			t.Fatalf("%s split after byte %d of %d: client: %v, server: %v", what, n, size, clientErr, serverErr)
		}
	}
	same := func(c net.Conn) net.Conn { return c }
	for n := 1; n < size; n += step {
		run("records", n, func(c net.Conn) net.Conn { return &splitConn{Conn: c, n: n} }, same)
		run("packets", n, same, func(c net.Conn) net.Conn { return &splitOnce{Conn: c, n: n + 5} })
	}
}

// A splitOnce gives the first n bytes, then the rest.
type splitOnce struct {
	net.Conn
	n int
}

func (c *splitOnce) Read(b []byte) (int, error) {
	if c.n > 0 && len(b) > c.n {
		b = b[:c.n]
	}
	n, err := c.Conn.Read(b)
	c.n -= n
	return n, err
}

// handshakeOn is handshake for connections that are not TCP themselves.
func handshakeOn(client, server *tls13.Conn) (clientErr, serverErr error) {
	done := make(chan error)
	go func() { done <- server.Handshake() }()
	clientErr = client.Handshake()
	if clientErr != nil {
		client.NetConn().Close()
	}
	return clientErr, <-done
}

// helloSize returns the length of the ClientHello message that config makes.
func helloSize(t *testing.T, config *tls13.Config) int {
	t.Helper()
	c, s := net.Pipe()
	defer s.Close()
	go tls13.Client(c, config).Handshake()
	header := make([]byte, 5)
	if _, err := io.ReadFull(s, header); err != nil {
		t.Fatal(err)
	}
	return int(header[3])<<8 | int(header[4])
}

// TestByteByByte lets every group's handshake arrive one byte at a time on both
// sides, in records of 64 bytes.
func TestByteByByte(t *testing.T) {
	for _, g := range preset.All().Groups() {
		t.Run(g.ID().String(), func(t *testing.T) {
			clientConfig, serverConfig := configs()
			clientConfig.Provider = must(pqkx.New(g))
			clientConfig.MaxFragment, serverConfig.MaxFragment = 64, 64
			c, s := tcpPair(t)
			client := tls13.Client(&splitConn{Conn: c, chunk: 1}, clientConfig)
			server := tls13.Server(&splitConn{Conn: s, chunk: 1}, serverConfig)
			if clientErr, serverErr := handshakeOn(client, server); clientErr != nil || serverErr != nil {
				t.Fatalf("client: %v, server: %v", clientErr, serverErr)
			}
			exchange(t, client, server, bytes.Repeat([]byte("data"), 100))
			exchange(t, server, client, bytes.Repeat([]byte("data"), 100))
		})
	}
}
