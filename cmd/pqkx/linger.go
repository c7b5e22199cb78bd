package main

import (
	"io"
	"net"
	"sync"
	"time"
)

// Bounds on how long a closed connection still listens to its peer.
const (
	lingerTime  = time.Second
	lingerBytes = 1 << 20
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
		c.SetReadDeadline(time.Now().Add(lingerTime))
		go func() {
			io.CopyN(io.Discard, c.TCPConn, lingerBytes)
			c.TCPConn.Close()
		}()
	})
	return c.err
}
