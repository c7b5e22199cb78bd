package tls13_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pqkx/pqkx/tls13"
)

// TestReorderedMessages swaps each message of the server's with the next, with a
// HelloRetryRequest and without, over every group. The keys are those of the
// place where the message is sent.
func TestReorderedMessages(t *testing.T) {
	for _, g := range badPeerGroups() {
		for _, retry := range []bool{false, true} {
			clientConfig, serverConfig := badPeerConfigs(g, retry)
			var list []place
			for _, p := range places(retry) {
				if !p.client && p.name != "HelloRetryRequest" { // which is answered before the next
					list = append(list, p)
				}
			}
			for i, first := range list[:len(list)-1] {
				second := list[i+1]
				t.Run(fmt.Sprintf("%v/retry %v/%s after %s", g.ID(), retry, first.name, second.name), func(t *testing.T) {
					m := meet(clientConfig, serverConfig, nil, nil)
					m.server.SetOutgoing(swap(first, second))
					m.handshake(t)
					victim, bad := m.sides(false)
					m.wantAlert(t, second, victim, bad, badMessage)
				})
			}
		}
	}
}

// swap returns a hook that holds the message at first back until second's.
func swap(first, second place) func([]byte) []byte {
	var held []byte
	hold := first.at(func(m []byte) []byte { held = bytes.Clone(m); return nil })
	release := second.at(func(m []byte) []byte { return append(bytes.Clone(m), held...) })
	return func(m []byte) []byte {
		if m = hold(m); m == nil {
			return nil
		}
		return release(m)
	}
}

// A pipe is one end of a connection in memory with room for all that is written,
// of which a Read that waits can be closed.
type pipe struct {
	net.Conn
	out chan<- []byte
	in  <-chan []byte

	unread []byte
	closed chan struct{}
	peer   <-chan struct{}
}

func newPipes() (a, b *pipe) {
	ab, ba := make(chan []byte, 100), make(chan []byte, 100)
	aClosed, bClosed := make(chan struct{}), make(chan struct{})
	return &pipe{out: ab, in: ba, closed: aClosed, peer: bClosed}, &pipe{out: ba, in: ab, closed: bClosed, peer: aClosed}
}

func (p *pipe) Read(b []byte) (int, error) {
	for len(p.unread) == 0 {
		select {
		case p.unread = <-p.in:
			continue
		default:
		}
		select {
		case p.unread = <-p.in:
		case <-p.closed:
			return 0, net.ErrClosed
		case <-p.peer:
			if len(p.in) == 0 {
				return 0, io.EOF
			}
		}
	}
	n := copy(b, p.unread)
	p.unread = p.unread[n:]
	return n, nil
}

func (p *pipe) Write(b []byte) (int, error) {
	select {
	case <-p.closed:
		return 0, net.ErrClosed
	default:
		p.out <- bytes.Clone(b)
		return len(b), nil
	}
}

func (p *pipe) Close() error {
	select {
	case <-p.closed:
	default:
		close(p.closed)
	}
	return nil
}

// TestDelays holds each record back, in both roles, with a HelloRetryRequest and
// without, over every group: for less than the victim's HandshakeTimeout, which
// is no fault, and for longer, which ends the victim's handshake when the time is
// up, not later. The time is that of a synctest bubble.
func TestDelays(t *testing.T) {
	const timeout = time.Minute
	for _, g := range badPeerGroups() {
		for _, retry := range []bool{false, true} {
			for _, p := range recordPlaces(retry) {
				for _, delay := range []time.Duration{timeout - time.Second, timeout + time.Second} {
					t.Run(fmt.Sprintf("%v/retry %v/%s after %v", g.ID(), retry, p.name, delay), func(t *testing.T) {
						clientConfig, serverConfig := badPeerConfigs(g, retry)
						clientConfig.HandshakeTimeout, serverConfig.HandshakeTimeout = timeout, 10*timeout
						if p.client {
							clientConfig.HandshakeTimeout, serverConfig.HandshakeTimeout = 10*timeout, timeout
						}
						now := time.Now().Round(0)
						synctest.Test(t, func(t *testing.T) {
							time.Sleep(time.Until(now)) // for the certificates: a bubble starts in 2000
							testDelay(t, clientConfig, serverConfig, p, delay, timeout)
						})
					})
				}
			}
		}
	}
}

func testDelay(t *testing.T, clientConfig, serverConfig *tls13.Config, p place, delay, timeout time.Duration) {
	late := func(end net.Conn) net.Conn {
		return decorated{end, &recordBender{w: end, kind: p.kind, n: p.n, bend: func(r []byte) []byte { time.Sleep(delay); return r }}}
	}
	a, b := newPipes()
	var clientEnd, serverEnd net.Conn = a, b
	if p.client {
		clientEnd = late(a)
	} else {
		serverEnd = late(b)
	}
	client, server := tls13.Client(clientEnd, clientConfig), tls13.Server(serverEnd, serverConfig)
	type outcome struct {
		err   error
		after time.Duration
	}
	run := func(c *tls13.Conn, end *pipe) <-chan outcome {
		done := make(chan outcome, 1)
		start := time.Now()
		go func() {
			err := c.Handshake()
			if err != nil {
				end.Close()
			}
			done <- outcome{err, time.Since(start)}
		}()
		return done
	}
	clientDone, serverDone := run(client, a), run(server, b)
	victim, other := <-clientDone, <-serverDone
	if p.client {
		victim, other = other, victim
	}
	switch {
	case delay < timeout:
		if victim.err != nil || other.err != nil || victim.after != delay {
			t.Errorf("victim: %v after %v, other side: %v; want success after %v", victim.err, victim.after, other.err, delay)
		}
	case victim.after != timeout || !errors.Is(victim.err, tls13.ErrHandshakeTimeout):
		t.Errorf("victim: %v after %v, want a time-out after %v", victim.err, victim.after, timeout)
	// A client whose Finished is late has nothing more to read in its handshake.
	case other.err == nil && p.name != "the client's Finished":
		t.Error("the other side succeeds")
	}
}

// TestPaddedRecords pads every record under a key, in both roles, over every
// group, which is no fault (RFC 8446, section 5.4).
func TestPaddedRecords(t *testing.T) {
	for _, g := range badPeerGroups() {
		for _, retry := range []bool{false, true} {
			t.Run(fmt.Sprintf("%v/retry %v", g.ID(), retry), func(t *testing.T) {
				clientConfig, serverConfig := badPeerConfigs(g, retry)
				m := meet(clientConfig, serverConfig, nil, nil)
				for _, c := range []*tls13.Conn{m.client, m.server} {
					c.SetOutgoing(func(message []byte) []byte { c.PadRecords(); return message })
				}
				m.handshake(t)
				if m.clientErr != nil || m.serverErr != nil {
					t.Fatalf("client: %v, server: %v", m.clientErr, m.serverErr)
				}
				m.agree(t)
				m.client.PadRecords()
				m.server.PadRecords()
				sendData(t, m.client, m.server)
				sendData(t, m.server, m.client)
			})
		}
	}
}
