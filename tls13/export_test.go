package tls13

import "slices"

// SetOutgoing lets f replace each handshake message, with its header, before
// it is hashed and sent.
func (c *Conn) SetOutgoing(f func(message []byte) []byte) { c.outgoing = f }

// WriteKey returns the secret behind the key that protects what we send.
func (c *Conn) WriteKey() []byte { return slices.Clone(c.out.secret.prk) }

// SetWritten makes the key that protects what we send look used for n records,
// and SetRead the one of what the peer sends.
func (c *Conn) SetWritten(n uint64) { c.out.seq = n }
func (c *Conn) SetRead(n uint64)    { c.in.seq = n }

// Inject sends one record of the type under the current key, or in the clear
// before there is one. It is for use by SetOutgoing's f, and after the
// handshake.
func (c *Conn) Inject(kind uint8, content []byte) {
	c.out.seal()
	c.out.appendOne(kind, content)
}

// Flush sends what was injected after the handshake.
func (c *Conn) Flush() error {
	c.writeMutex.Lock()
	defer c.writeMutex.Unlock()
	return c.out.flush()
}

// Bounds on what a peer can make us do.
const (
	MaxEmptyRecords = maxEmptyRecords
	MaxKeyUpdates   = maxKeyUpdates
	MaxUserCanceled = maxUserCanceled
	MaxSkippedBytes = maxSkippedBytes
)
