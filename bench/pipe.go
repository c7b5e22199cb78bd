package bench

import (
	"encoding/binary"
	"io"
	"net"
	"time"
)

// newPipe returns the two ends of a connection in memory. What an end writes
// stays with it until it reads or is flushed, so that a flight arrives whole,
// as it does on an idle network, and each side wakes up once for it. Each end
// is for one goroutine.
func newPipe() (client, server *end) {
	toServer, toClient := make(chan []byte, 16), make(chan []byte, 16)
	return &end{in: toClient, out: toServer}, &end{in: toServer, out: toClient}
}

type end struct {
	in      <-chan []byte
	out     chan<- []byte
	unread  []byte
	pending []byte
	closed  bool
	flights []flight // that this end sent
}

// A flight is what an end sent before it waited for the other.
type flight struct{ bytes, records int }

func (e *end) Write(b []byte) (int, error) {
	if e.closed {
		return 0, net.ErrClosed
	}
	e.pending = append(e.pending, b...)
	return len(b), nil
}

// flush sends what was written.
func (e *end) flush() {
	if len(e.pending) == 0 {
		return
	}
	e.flights = append(e.flights, flight{len(e.pending), records(e.pending)})
	e.out <- e.pending
	e.pending = nil
}

// records counts the records of TLS in b.
func records(b []byte) int {
	const header = 5
	n := 0
	for len(b) >= header {
		n++
		b = b[min(len(b), header+int(binary.BigEndian.Uint16(b[3:]))):]
	}
	return n
}

func (e *end) Read(b []byte) (int, error) {
	e.flush()
	for len(e.unread) == 0 {
		next, ok := <-e.in
		if !ok {
			return 0, io.EOF
		}
		e.unread = next
	}
	n := copy(b, e.unread)
	if e.unread = e.unread[n:]; len(e.unread) == 0 {
		e.unread = nil // to let go of the array
	}
	return n, nil
}

func (e *end) Close() error {
	if !e.closed {
		e.flush()
		e.closed = true
		close(e.out)
	}
	return nil
}

func (e *end) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (e *end) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (e *end) SetDeadline(time.Time) error      { return nil }
func (e *end) SetReadDeadline(time.Time) error  { return nil }
func (e *end) SetWriteDeadline(time.Time) error { return nil }
