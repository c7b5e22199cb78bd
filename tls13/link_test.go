package tls13

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// A Link is a connection in memory between two peers that notices when both
// wait for each other, so that a test of a bad peer ends at once where a real
// connection would wait for its time-out. Writes never wait.
type Link struct {
	mutex   sync.Mutex
	wake    *sync.Cond
	ends    [2]LinkEnd
	stalled bool
}

// A LinkEnd is one end of a Link, a net.Conn without deadlines.
type LinkEnd struct {
	link    *Link
	peer    *LinkEnd
	unread  []byte
	waiting bool // in a Read, with nothing to read
	done    bool // will not write any more, but does not close
	closed  bool
}

// ErrStalled is what both ends read when both of them wait.
var ErrStalled = errors.New("both peers wait for each other")

// NewLink returns the two ends of a new Link.
func NewLink() (a, b *LinkEnd) {
	l := new(Link)
	l.wake = sync.NewCond(&l.mutex)
	for i := range l.ends {
		l.ends[i].link, l.ends[i].peer = l, &l.ends[1-i]
	}
	return &l.ends[0], &l.ends[1]
}

// idle reports whether nothing will come from this end.
func (e *LinkEnd) idle() bool { return e.done || e.waiting && len(e.unread) == 0 }

func (e *LinkEnd) Read(b []byte) (int, error) {
	l := e.link
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for len(e.unread) == 0 {
		switch {
		case e.closed:
			return 0, net.ErrClosed
		case l.stalled: // before the peer, who saw it first, closed
			return 0, ErrStalled
		case e.peer.closed:
			return 0, io.EOF
		case e.peer.idle():
			l.stalled = true
			l.wake.Broadcast()
			continue
		}
		e.waiting = true
		l.wake.Wait()
		e.waiting = false
	}
	n := copy(b, e.unread)
	e.unread = e.unread[n:]
	return n, nil
}

func (e *LinkEnd) Write(b []byte) (int, error) {
	l := e.link
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if e.closed {
		return 0, net.ErrClosed
	}
	if !e.peer.closed {
		e.peer.unread = append(e.peer.unread, b...)
		l.wake.Broadcast()
	}
	return len(b), nil
}

// Close closes both directions. The peer reads what is under way, then io.EOF.
func (e *LinkEnd) Close() error {
	e.link.mutex.Lock()
	defer e.link.mutex.Unlock()
	e.closed = true
	e.link.wake.Broadcast()
	return nil
}

// Done says that this end will not write any more, for the notice of a stall.
func (e *LinkEnd) Done() {
	e.link.mutex.Lock()
	defer e.link.mutex.Unlock()
	e.done = true
	if e.peer.waiting && len(e.peer.unread) == 0 {
		e.link.stalled = true
	}
	e.link.wake.Broadcast()
}

type linkAddr struct{}

func (linkAddr) Network() string { return "memory" }
func (linkAddr) String() string  { return "memory" }

func (e *LinkEnd) LocalAddr() net.Addr              { return linkAddr{} }
func (e *LinkEnd) RemoteAddr() net.Addr             { return linkAddr{} }
func (e *LinkEnd) SetDeadline(time.Time) error      { return nil }
func (e *LinkEnd) SetReadDeadline(time.Time) error  { return nil }
func (e *LinkEnd) SetWriteDeadline(time.Time) error { return nil }
