package tls13

import (
	"crypto/cipher"
	"slices"
)

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

// PadRecords pads what is sent under the current key, if there is one.
func (c *Conn) PadRecords() {
	if _, padded := c.out.aead.(padder); c.out.aead != nil && !padded {
		c.out.aead = padder{c.out.aead}
	}
}

// A padder adds zeros to what it seals (RFC 8446, section 5.4).
type padder struct{ cipher.AEAD }

const padding = 1000

func (p padder) Overhead() int { return p.AEAD.Overhead() + padding }

func (p padder) Seal(dst, nonce, plaintext, additional []byte) []byte {
	return p.AEAD.Seal(dst, nonce, append(plaintext, make([]byte, padding)...), additional)
}

// ErrHandshakeTimeout is the error of a handshake that took too long.
var ErrHandshakeTimeout = errHandshakeTimeout

// Bounds on what a peer can make us do.
const (
	MaxEmptyRecords = maxEmptyRecords
	MaxKeyUpdates   = maxKeyUpdates
	MaxUserCanceled = maxUserCanceled
	MaxSkippedBytes = maxSkippedBytes
)
