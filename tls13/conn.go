package tls13

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// A Conn is a TLS 1.3 connection. It is a net.Conn: Read and Write run the
// handshake if that has not happened. Reads may go on beside writes; each of
// the two is serialised.
type Conn struct {
	conn     net.Conn
	config   *Config
	isClient bool

	handshakeMutex sync.Mutex
	handshakeErr   error
	handshakeDone  atomic.Bool
	state          ConnectionState // guarded by handshakeMutex until handshakeDone
	exporter       exporterSecret

	readMutex sync.Mutex
	in        reader

	writeMutex sync.Mutex
	out        writer
	oweUpdate  atomic.Bool // the peer asked for a KeyUpdate that was not sent yet
	answered   bool        // one was sent, and no application data since
	closed     atomic.Bool

	// outgoing, set by tests alone, may replace a handshake message before it
	// is hashed and sent.
	outgoing func(message []byte) []byte
}

// Client returns a connection that will act as a client on conn. The handshake
// checks config, and fails before anything is sent if it cannot work.
func Client(conn net.Conn, config *Config) *Conn { return newConn(conn, config, true) }

// Server returns a connection that will act as a server on conn. The handshake
// checks config, as for [Client].
func Server(conn net.Conn, config *Config) *Conn { return newConn(conn, config, false) }

func newConn(conn net.Conn, config *Config, isClient bool) *Conn {
	c := &Conn{conn: conn, config: config, isClient: isClient}
	c.in = reader{conn: conn, limit: maxPlaintext + 1}
	c.out = writer{conn: conn, maxFragment: maxPlaintext, version: versionTLS12}
	if isClient {
		c.out.version = versionTLS10 // of the first record, for old servers: RFC 8446, section 5.1
	}
	return c
}

// Handshake runs the handshake if that has not happened, for at most the
// Config's HandshakeTimeout.
func (c *Conn) Handshake() error { return c.HandshakeContext(context.Background()) }

// HandshakeContext is Handshake, which ends with the context's error, and the
// connection closed, if the context is done before it is. The error is an
// [*AlertError] for a fault that was reported to the peer, a [*PeerAlertError]
// for one that the peer reported, and otherwise of the connection below.
func (c *Conn) HandshakeContext(ctx context.Context) error {
	if c.handshakeDone.Load() {
		return nil
	}
	c.handshakeMutex.Lock()
	defer c.handshakeMutex.Unlock()
	if c.handshakeErr != nil || c.handshakeDone.Load() {
		return c.handshakeErr
	}
	if d := c.config.handshakeTimeout(); d > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, d, errHandshakeTimeout)
		defer cancel()
	}
	stop := context.AfterFunc(ctx, func() { c.conn.Close() })
	err := c.handshake()
	if !stop() {
		err = context.Cause(ctx) // the connection was closed under us
	}
	c.handshakeErr = err
	c.handshakeDone.Store(err == nil)
	return err
}

var errHandshakeTimeout = errors.New("tls13: handshake timed out")

func (c *Conn) handshake() error {
	c.readMutex.Lock()
	defer c.readMutex.Unlock()
	c.writeMutex.Lock()
	defer c.writeMutex.Unlock()
	err := c.config.check(c.isClient)
	if err != nil {
		return err
	}
	c.out.maxFragment = c.config.maxFragment()
	if c.isClient {
		err = newClientHandshake(c).run()
	} else {
		err = newServerHandshake(c).run()
	}
	if err == io.EOF {
		err = &PeerAlertError{AlertCloseNotify}
	}
	if err != nil {
		c.in.err, c.out.err = err, c.sendAlertFor(err)
		return err
	}
	c.state.HandshakeComplete = true
	c.state.export = c.exporter.export
	return nil
}

// sendAlertFor sends the alert that belongs to an error, if one does, and
// returns the error for later writes. It is the one place that sends alerts
// for faults. The caller holds writeMutex.
func (c *Conn) sendAlertFor(err error) error {
	var fault *AlertError
	if errors.As(err, &fault) && c.out.err == nil {
		c.out.seal() // what was on its way goes first, under its own key
		c.writeAlert(fault.Alert)
	}
	return err
}

// writeAlert writes an alert and lets nothing follow it.
func (c *Conn) writeAlert(a Alert) error {
	const warning, fatal = 1, 2
	level := byte(fatal)
	if a == AlertCloseNotify || a == AlertUserCanceled {
		level = warning
	}
	c.out.append(recordAlert, []byte{level, byte(a)})
	err := c.out.flush()
	if c.out.err == nil {
		c.out.err = errClosed
	}
	return err
}

// Read reads application data. It returns io.EOF after the peer's close_notify
// and io.ErrUnexpectedEOF if the connection ends without one.
func (c *Conn) Read(b []byte) (int, error) {
	if err := c.Handshake(); err != nil {
		return 0, err
	}
	c.readMutex.Lock()
	defer c.readMutex.Unlock()
	if len(b) == 0 {
		return 0, nil
	}
	for len(c.in.data) == 0 {
		if err := c.readMore(); err != nil {
			return 0, err
		}
	}
	n := copy(b, c.in.data)
	c.in.data = c.in.data[n:]
	return n, nil
}

// readMore gets the next application data, and handles what comes before it.
func (c *Conn) readMore() error {
	if c.in.err != nil {
		return c.in.err
	}
	err := c.readRecord()
	var timeout net.Error
	if err == nil || errors.As(err, &timeout) && timeout.Timeout() {
		return err
	}
	c.in.err = err
	var fault *AlertError
	if errors.As(err, &fault) {
		c.writeMutex.Lock()
		defer c.writeMutex.Unlock()
		c.out.err = c.sendAlertFor(err)
	}
	return err
}

// readRecord reads a record and handles it.
func (c *Conn) readRecord() error {
	kind, content, err := c.in.record()
	if err != nil {
		return err
	}
	if kind == recordApplicationData {
		if len(c.in.message) > 0 {
			return alertf(AlertUnexpectedMessage, "application data inside a handshake message")
		}
		if len(content) == 0 {
			return c.in.countEmpty()
		}
		c.in.keyUpdates = 0
		c.in.data = content
		return nil
	}
	c.in.message = append(c.in.message, content...)
	for len(c.in.message) > 0 {
		if err := c.postHandshake(); err != nil {
			return err
		}
	}
	return nil
}

// postHandshake handles one message after the handshake (RFC 8446, section
// 4.6): the server's tickets are dropped, since there is no resumption.
func (c *Conn) postHandshake() error {
	types := []uint8{typeKeyUpdate, typeNewSessionTicket}
	if !c.isClient {
		types = types[:1]
	}
	message, err := c.in.handshake(types...)
	if err != nil {
		return err
	}
	if message[0] == typeNewSessionTicket {
		return validTicket(message[4:])
	}
	return c.handleKeyUpdate(message[4:])
}

func (c *Conn) handleKeyUpdate(body []byte) error {
	requested, err := parseKeyUpdate(body)
	if err != nil {
		return err
	}
	if c.in.keyUpdates++; c.in.keyUpdates > maxKeyUpdates {
		return alertf(AlertUnexpectedMessage, "too many KeyUpdate messages")
	}
	if err := c.in.endOfKey(); err != nil {
		return err
	}
	if err := c.in.set(c.in.secret.next()); err != nil {
		return err
	}
	if requested {
		c.oweUpdate.Store(true)
		// A Write in progress sends it; a reader must not wait for that.
		if c.writeMutex.TryLock() {
			defer c.writeMutex.Unlock()
			c.payUpdate()
			c.out.flush() // an error is for the next Write
		}
	}
	return nil
}

// payUpdate sends the KeyUpdate that the peer asked for. However often it asks
// while we are silent, one is the answer (RFC 8446, section 4.6.3).
func (c *Conn) payUpdate() error {
	if c.out.err != nil || !c.oweUpdate.Swap(false) || c.answered {
		return c.out.err
	}
	c.answered = true
	return c.updateKey(false)
}

// updateKey announces and takes a new key for what we send.
func (c *Conn) updateKey(request bool) error {
	c.out.append(recordHandshake, marshalKeyUpdate(request))
	return c.out.set(c.out.secret.next())
}

// KeyUpdate takes a new key for what is sent from now on, and asks the peer to
// do so too if requestPeer is set (RFC 8446, section 4.6.3). Keys that have
// protected as many records as they may are also updated without it.
func (c *Conn) KeyUpdate(requestPeer bool) error {
	if err := c.Handshake(); err != nil {
		return err
	}
	c.writeMutex.Lock()
	defer c.writeMutex.Unlock()
	if c.out.err != nil {
		return c.out.err
	}
	if err := c.updateKey(requestPeer); err != nil {
		return err
	}
	return c.out.flush()
}

// maxBuffered is how much of a Write is sealed before it goes to the
// connection.
const maxBuffered = 4 * (headerSize + maxCiphertext)

// Write writes application data. After an error nothing more can be written,
// not even after a time-out, which may have cut a record.
func (c *Conn) Write(b []byte) (int, error) {
	if err := c.Handshake(); err != nil {
		return 0, err
	}
	c.writeMutex.Lock()
	defer c.writeMutex.Unlock()
	done, sealed := 0, 0
	for sealed < len(b) {
		if err := c.payUpdate(); err != nil {
			return done, err
		}
		if limit := c.out.secret.suite.maxRecords; limit > 0 && c.out.seq >= limit {
			if err := c.updateKey(false); err != nil {
				return done, err
			}
		}
		c.answered = false
		n := min(len(b)-sealed, c.out.maxFragment)
		c.out.appendOne(recordApplicationData, b[sealed:sealed+n])
		sealed += n
		if sealed == len(b) || len(c.out.buffer)+n > maxBuffered {
			if err := c.out.flush(); err != nil {
				return done, err
			}
			done = sealed
		}
	}
	return done, c.out.err
}

// closeTimeout bounds how long Close waits to get its close_notify out.
const closeTimeout = 5 * time.Second

// Close sends close_notify, unless a Write or a handshake is in progress, and
// closes the connection below.
func (c *Conn) Close() error {
	if c.closed.Swap(true) {
		return net.ErrClosed
	}
	var alertErr error
	if c.handshakeDone.Load() && c.writeMutex.TryLock() {
		c.conn.SetWriteDeadline(time.Now().Add(closeTimeout))
		if c.out.err == nil {
			alertErr = c.writeAlert(AlertCloseNotify)
		}
		c.writeMutex.Unlock()
	}
	if err := c.conn.Close(); err != nil {
		return err
	}
	return alertErr
}

// CloseWrite sends close_notify: nothing more will be written. The other
// direction stays open.
func (c *Conn) CloseWrite() error {
	if !c.handshakeDone.Load() {
		return errors.New("tls13: CloseWrite before the handshake is complete")
	}
	c.writeMutex.Lock()
	defer c.writeMutex.Unlock()
	if c.out.err != nil {
		return c.out.err
	}
	return c.writeAlert(AlertCloseNotify)
}

// ConnectionState tells what was negotiated. Before the handshake is complete
// it has what is known so far.
func (c *Conn) ConnectionState() ConnectionState {
	if !c.handshakeDone.Load() {
		c.handshakeMutex.Lock()
		defer c.handshakeMutex.Unlock()
	}
	return c.state
}

// NetConn returns the connection below.
func (c *Conn) NetConn() net.Conn { return c.conn }

// LocalAddr returns the local address of the connection below.
func (c *Conn) LocalAddr() net.Addr { return c.conn.LocalAddr() }

// RemoteAddr returns the remote address of the connection below.
func (c *Conn) RemoteAddr() net.Addr { return c.conn.RemoteAddr() }

// SetDeadline sets the deadlines of the connection below.
func (c *Conn) SetDeadline(t time.Time) error { return c.conn.SetDeadline(t) }

// SetReadDeadline sets the read deadline of the connection below. A Read that
// timed out can be repeated.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.conn.SetReadDeadline(t) }

// SetWriteDeadline sets the write deadline of the connection below. After a
// Write that timed out the connection is of no use.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.conn.SetWriteDeadline(t) }
