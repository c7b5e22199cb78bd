package cryptotls

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/internal/peers"
)

// ends are the two sides of a connection.
type ends struct {
	client, server *tls.Config

	mu   sync.Mutex
	sent []byte // by the client, in its latest connection
}

func (e *ends) keep(sent *bytes.Buffer) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.sent = sent.Bytes()
}

// A sender is a connection that keeps what is sent.
type sender struct {
	net.Conn
	sent *bytes.Buffer
}

func (s sender) Write(b []byte) (int, error) {
	s.sent.Write(b)
	return s.Conn.Write(b)
}

func pair(tb testing.TB) *ends {
	tb.Helper()
	c := peers.NewCredentials(tb)
	return &ends{
		client: &tls.Config{RootCAs: c.Roots, ServerName: "localhost"},
		server: &tls.Config{Certificates: []tls.Certificate{c.Certificate}},
	}
}

// An outcome is what one side has after a handshake and a byte each way.
type outcome struct {
	state tls.ConnectionState
	err   error
}

// attempt makes one connection.
func attempt(tb testing.TB, e *ends) (client, server outcome) {
	tb.Helper()
	sent := new(bytes.Buffer)
	defer func() { e.keep(sent) }()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	served := make(chan outcome, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			served <- outcome{err: err}
			return
		}
		served <- exchange(tls.Server(c, e.server))
	}()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		tb.Fatal(err)
	}
	client = exchange(tls.Client(sender{c, sent}, e.client))
	return client, <-served
}

// exchange runs one side. The byte that it reads comes after the session
// tickets.
func exchange(c *tls.Conn) (o outcome) {
	defer c.Close()
	c.SetDeadline(time.Now().Add(peers.Limit))
	if o.err = c.Handshake(); o.err != nil {
		return o
	}
	o.state = c.ConnectionState()
	if _, o.err = c.Write([]byte{1}); o.err != nil {
		return o
	}
	_, o.err = io.ReadFull(c, make([]byte, 1))
	return o
}

// handshake is an attempt that has to succeed.
func handshake(tb testing.TB, e *ends) (client, server tls.ConnectionState) {
	tb.Helper()
	c, s := attempt(tb, e)
	if err := errors.Join(c.err, s.err); err != nil {
		tb.Fatal(err)
	}
	if c.state.CurveID != s.state.CurveID {
		tb.Fatalf("client has %v, server %v", c.state.CurveID, s.state.CurveID)
	}
	return c.state, s.state
}

// set is Use, which has to succeed. A nil provider restores crypto/tls's own
// groups.
func set(tb testing.TB, p *pqkx.Provider) {
	tb.Helper()
	if err := Use(p); err != nil {
		tb.Fatal(err)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func curves(ids ...pqkx.NamedGroup) []tls.CurveID {
	var list []tls.CurveID
	for _, id := range ids {
		list = append(list, tls.CurveID(id))
	}
	return list
}

// A bent group is a good one that counts its use and fails on demand.
type bent struct {
	pqkx.Group
	made, answered *int
	client         func(share []byte) []byte            // changes the client's share
	answer         func(share []byte) []byte            // changes the server's share
	encapsulate    func() error                         // fails on the server
	decapsulate    func() error                         // fails on the client
	destroyed      func(pqkx.NamedGroup, pqkx.KeyShare) // is told
}

func (b bent) PostQuantum() bool { return pqkx.IsPostQuantum(b.Group) }

func (b bent) KeyShare() (pqkx.KeyShare, error) {
	if b.made != nil {
		*b.made++
	}
	ks, err := b.Group.KeyShare()
	if err != nil {
		return nil, err
	}
	return bentShare{ks, b}, nil
}

func (b bent) Encapsulate(clientShare []byte) (sharedSecret, serverShare []byte, err error) {
	if b.answered != nil {
		*b.answered++
	}
	if b.encapsulate != nil {
		return nil, nil, b.encapsulate()
	}
	ss, share, err := b.Group.Encapsulate(clientShare)
	if err == nil && b.answer != nil {
		share = b.answer(share)
	}
	return ss, share, err
}

type bentShare struct {
	pqkx.KeyShare
	group bent
}

func (ks bentShare) Group() pqkx.Group { return ks.group }

func (ks bentShare) Bytes() []byte {
	if ks.group.client != nil {
		return ks.group.client(ks.KeyShare.Bytes())
	}
	return ks.KeyShare.Bytes()
}

func (ks bentShare) Decapsulate(serverShare []byte) ([]byte, error) {
	if ks.group.decapsulate != nil {
		return nil, ks.group.decapsulate()
	}
	return ks.KeyShare.Decapsulate(serverShare)
}

func (ks bentShare) Destroy() {
	ks.KeyShare.Destroy()
	if ks.group.destroyed != nil {
		ks.group.destroyed(ks.group.ID(), ks.KeyShare)
	}
}
