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
