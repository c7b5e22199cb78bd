package main

import (
	"net"
	"sync"
	"time"
)

// Bounds on how long a closed connection still listens to its peer, who may be
// in the middle of a handshake message of 16 MiB.
const (
	lingerTime  = 30 * time.Second
	lingerIdle  = 2 * time.Second
	lingerBytes = 1 << 25
)

// A lingeringConn closes in two steps: its sending half at once, and the rest
// when the peer has closed too, or at a bound. To close a connection with data
// unread resets it, so that a peer that is still sending fails there and may
// never see the alert that says why.
type lingeringConn struct {
	*net.TCPConn
	once sync.Once
	err  error
}

// Close does not wait for the second step.
func (c *lingeringConn) Close() error {
	c.once.Do(func() {
		if c.err = c.TCPConn.CloseWrite(); c.err != nil {
			c.TCPConn.Close() // the peer has reset it
			return
		}
		go c.drain(time.Now().Add(lingerTime))
	})
	return c.err
}

// drain reads what still comes, and closes the connection.
func (c *lingeringConn) drain(end time.Time) {
	defer c.TCPConn.Close()
	buffer := make([]byte, 4096)
	for total := 0; total < lingerBytes; {
		idle := time.Now().Add(lingerIdle)
		if idle.After(end) {
			idle = end
		}
		c.SetReadDeadline(idle)
		n, err := c.TCPConn.Read(buffer)
		if err != nil {
			return
		}
		total += n
	}
}
