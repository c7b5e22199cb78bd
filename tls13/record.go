package tls13

import (
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"io"
	"slices"
)

// Record types (RFC 8446, section 5.1).
const (
	recordChangeCipherSpec uint8 = 20
	recordAlert            uint8 = 21
	recordHandshake        uint8 = 22
	recordApplicationData  uint8 = 23
)

// Lengths in bytes (RFC 8446, sections 5.1 and 5.2).
const (
	headerSize    = 5
	maxPlaintext  = 1 << 14
	maxCiphertext = maxPlaintext + 256
	ivSize        = 12
	maxQuoted     = 32 // of a peer that does not speak TLS, in an error
)

// Bounds on what a peer can make us do for nothing. RFC 8446 sets none.
const (
	maxEmptyRecords  = 32 // in a row: empty application data, change_cipher_spec
	maxUserCanceled  = 4
	maxKeyUpdates    = 32           // in a row, without application data between them
	maxSkippedBytes  = maxPlaintext // of rejected 0-RTT
	maxCertificate   = 1 << 18
	maxHandshakeBody = 1<<17 + 1<<10 // of other messages: all their vectors at their limits
)

// A protection is the key of one direction (RFC 8446, section 5.2). The zero
// value protects nothing.
type protection struct {
	secret trafficSecret
	aead   cipher.AEAD
	iv     [ivSize]byte
	seq    uint64
	buffer [ivSize]byte // for nonce, so that it does not escape
}

// set takes a traffic secret into use and clears the one before it.
func (p *protection) set(t trafficSecret) error {
	key, iv := t.keyIV()
	defer clear(key)
	aead, err := t.suite.newAEAD(key)
	if err != nil {
		return &AlertError{AlertInternalError, err}
	}
	p.secret.clear()
	p.secret, p.aead, p.seq = t, aead, 0
	copy(p.iv[:], iv)
	return nil
}

// nonce returns the nonce of the next record (RFC 8446, section 5.3). It
// cannot wrap around: a key is updated long before, or with it no peer keeps
// up with 2^64 records.
func (p *protection) nonce() []byte {
	p.buffer = p.iv
	low := p.buffer[ivSize-8:]
	binary.BigEndian.PutUint64(low, binary.BigEndian.Uint64(low)^p.seq)
	p.seq++
	return p.buffer[:]
}

// A reader is the receiving half of a connection.
type reader struct {
	protection
	conn io.Reader
	err  error // sticky, unless it was a time-out

	raw     []byte // what came from conn and is not consumed
	buffer  []byte // where raw lives
	message []byte // handshake messages, not yet consumed
	data    []byte // application data, not yet consumed; part of buffer

	begun         bool // a record has come
	limit         int  // most plaintext bytes in a protected record, with its type
	allowCCS      bool // from the first ClientHello to the peer's Finished
	allowAlert    bool // unprotected: the peer may not have keys yet
	skipEarlyData int  // ciphertext bytes of rejected 0-RTT that may still come
	emptyRecords  int
	userCanceled  int
	keyUpdates    int
}

// fill makes at least n bytes available in raw. After a time-out it can be
// called again and goes on where it was.
func (r *reader) fill(n int) error {
	if len(r.raw) >= n {
		return nil
	}
	if len(r.raw) == 0 || cap(r.raw) < n {
		if cap(r.buffer) < n {
			r.buffer = make([]byte, max(n, 4096))
		}
		r.raw = r.buffer[:copy(r.buffer[:cap(r.buffer)], r.raw)]
	}
	for len(r.raw) < n {
		m, err := r.conn.Read(r.raw[len(r.raw):cap(r.raw)])
		r.raw = r.raw[:len(r.raw)+m]
		if err == nil || len(r.raw) >= n {
			continue
		}
		if err == io.EOF {
			return io.ErrUnexpectedEOF // no close_notify
		}
		return err
	}
	return nil
}

// record reads the next record that carries something: its type and content,
// which is valid until the next call. Alerts that end nothing, and
// change_cipher_spec, are dropped here; others come back as errors.
func (r *reader) record() (uint8, []byte, error) {
	for {
		kind, content, err := r.anyRecord()
		if err != nil {
			return 0, nil, err
		}
		switch {
		case kind == recordChangeCipherSpec:
			err = r.checkCCS(content)
		case kind == recordAlert:
			err = r.alert(content)
		case kind == recordHandshake && len(content) == 0:
			err = alertf(AlertUnexpectedMessage, "empty handshake record")
		case kind == recordHandshake || kind == recordApplicationData:
			if len(content) > 0 {
				r.emptyRecords = 0
			}
			return kind, content, nil
		default:
			err = alertf(AlertUnexpectedMessage, "unexpected record type %d", kind)
		}
		if err != nil {
			return 0, nil, err
		}
	}
}

// anyRecord reads one record and removes its protection.
func (r *reader) anyRecord() (kind uint8, content []byte, err error) {
	for {
		if err := r.fill(headerSize); err != nil {
			return 0, nil, err
		}
		kind = r.raw[0]
		n := int(binary.BigEndian.Uint16(r.raw[3:]))
		if err := r.checkHeader(kind, n); err != nil {
			return 0, nil, err
		}
		r.begun = true
		if err := r.fill(headerSize + n); err != nil {
			return 0, nil, err
		}
		header, content := r.raw[:headerSize], r.raw[headerSize:headerSize+n]
		r.raw = r.raw[headerSize+n:]

		switch {
		case kind == recordChangeCipherSpec:
			return kind, content, nil
		case r.aead == nil && kind == recordApplicationData && r.skip(n):
			continue // 0-RTT before a second ClientHello
		case r.aead == nil, kind == recordAlert:
			r.skipEarlyData = 0 // it ends where the second ClientHello begins
			return kind, content, nil
		}
		plaintext, err := r.aead.Open(content[:0], r.nonce(), content, header)
		if err != nil {
			if r.skip(n) {
				r.seq-- // 0-RTT: the record was not for this key
				continue
			}
			return 0, nil, alertf(AlertBadRecordMAC, "record does not decrypt")
		}
		r.skipEarlyData = 0
		return r.inner(plaintext)
	}
}

// checkHeader refuses a record before its content has come.
func (r *reader) checkHeader(kind uint8, n int) error {
	switch {
	case (kind < recordChangeCipherSpec || kind > recordApplicationData) && !r.begun:
		return alertf(AlertUnexpectedMessage, "unexpected record type %d: the peer does not speak TLS, it sent %q",
			kind, r.raw[:min(len(r.raw), maxQuoted)])
	case kind < recordChangeCipherSpec || kind > recordApplicationData:
		return alertf(AlertUnexpectedMessage, "unexpected record type %d", kind)
	case n > maxCiphertext || r.aead == nil && n > maxPlaintext && r.skipEarlyData == 0:
		return alertf(AlertRecordOverflow, "record of %d bytes", n)
	case r.aead == nil || kind == recordApplicationData || kind == recordChangeCipherSpec:
		return nil
	case kind == recordAlert && r.allowAlert:
		return nil // from a client that failed before it had keys
	}
	return alertf(AlertUnexpectedMessage, "unprotected record of type %d", kind)
}

// inner takes type and padding off a decrypted record (RFC 8446, section 5.4).
func (r *reader) inner(plaintext []byte) (uint8, []byte, error) {
	if len(plaintext) > r.limit {
		return 0, nil, alertf(AlertRecordOverflow, "record with %d bytes of plaintext", len(plaintext)-1)
	}
	end := len(plaintext) - 1
	for end >= 0 && plaintext[end] == 0 {
		end--
	}
	if end < 0 {
		return 0, nil, alertf(AlertUnexpectedMessage, "record of padding alone")
	}
	if kind := plaintext[end]; kind != recordChangeCipherSpec {
		return kind, plaintext[:end], nil
	}
	return 0, nil, alertf(AlertUnexpectedMessage, "protected change_cipher_spec record")
}

// skip takes n bytes from the allowance for rejected 0-RTT data (RFC 8446,
// section 4.2.10).
func (r *reader) skip(n int) bool {
	n = max(n, 1) // so that empty records come to an end too
	if r.skipEarlyData < n {
		return false
	}
	r.skipEarlyData -= n
	return true
}

func (r *reader) checkCCS(content []byte) error {
	if !r.allowCCS || len(content) != 1 || content[0] != 1 {
		return alertf(AlertUnexpectedMessage, "unexpected change_cipher_spec record")
	}
	return r.countEmpty()
}

func (r *reader) countEmpty() error {
	if r.emptyRecords++; r.emptyRecords > maxEmptyRecords {
		return alertf(AlertUnexpectedMessage, "too many empty records")
	}
	return nil
}

// alert handles an alert record. Its level is checked as BoringSSL does: RFC
// 8446, section 6 leaves it without meaning, so that a wrong one tells of a
// confused peer.
func (r *reader) alert(content []byte) error {
	const warning, fatal = 1, 2
	if len(content) == 0 {
		return alertf(AlertUnexpectedMessage, "empty alert record")
	}
	if len(content) != 2 {
		return decodeError("alert")
	}
	level, a := content[0], Alert(content[1])
	switch {
	case a == AlertCloseNotify && r.aead != nil:
		return io.EOF
	case a == AlertCloseNotify:
		return &PeerAlertError{a}
	case level == warning && a == AlertUserCanceled:
		if r.userCanceled++; r.userCanceled > maxUserCanceled {
			return alertf(AlertUnexpectedMessage, "too many warning alerts")
		}
		return nil
	case level == warning:
		return alertf(AlertDecodeError, "alert %v with level warning", a)
	case level != fatal:
		return alertf(AlertIllegalParameter, "alert %v with unknown level %d", a, level)
	}
	return &PeerAlertError{a}
}

// handshake returns the next handshake message with its header, whose type has
// to be one of types. The result is not overwritten by later calls.
func (r *reader) handshake(types ...uint8) ([]byte, error) {
	if err := r.fillMessage(4); err != nil {
		return nil, err
	}
	kind := r.message[0]
	n := int(r.message[1])<<16 | int(r.message[2])<<8 | int(r.message[3])
	if !slices.Contains(types, kind) {
		return nil, alertf(AlertUnexpectedMessage, "unexpected %s message (type %d), want %s",
			messageName(kind), kind, messageName(types[0]))
	}
	switch {
	case kind == typeCertificate && n > maxCertificate:
		return nil, alertf(AlertIllegalParameter, "certificate chain of excessive size, %d bytes", n)
	case kind != typeCertificate && n > maxBody(kind):
		return nil, decodeError(messageName(kind))
	}
	if err := r.fillMessage(4 + n); err != nil {
		return nil, err
	}
	message := r.message[: 4+n : 4+n]
	r.message = r.message[4+n:]
	return message, nil
}

// unread puts a message back that handshake has just returned.
func (r *reader) unread(message []byte) {
	r.message = append(message, r.message...)
}

// maxBody returns the most bytes that the syntax of a message allows, or a
// little more.
func maxBody(kind uint8) int {
	if kind == typeFinished || kind == typeKeyUpdate {
		return 64 // a hash, a byte
	}
	return maxHandshakeBody
}

// fillMessage collects n bytes of handshake messages.
func (r *reader) fillMessage(n int) error {
	for len(r.message) < n {
		kind, content, err := r.record()
		if err != nil {
			return err
		}
		if kind != recordHandshake {
			return alertf(AlertUnexpectedMessage, "application data during the handshake")
		}
		r.message = append(r.message, content...) // never over a message handed out: those are before it
	}
	return nil
}

// endOfKey refuses handshake bytes that reach across a change of keys (RFC
// 8446, section 5.1).
func (r *reader) endOfKey() error {
	if len(r.message) > 0 {
		return alertf(AlertUnexpectedMessage, "excess handshake data before a key change")
	}
	r.message = nil
	return nil
}

// A writer is the sending half of a connection.
type writer struct {
	protection
	conn io.Writer
	err  error // sticky

	buffer      []byte // records, not yet written to conn
	flight      []byte // handshake messages, not yet in records
	maxFragment int    // most plaintext bytes in a record
	version     uint16 // legacy_record_version of unprotected records
}

// append adds content to the buffer as records of the type, at least one.
func (w *writer) append(kind uint8, content []byte) {
	for {
		n := min(len(content), w.maxFragment)
		w.appendOne(kind, content[:n])
		content = content[n:]
		if len(content) == 0 {
			return
		}
	}
}

func (w *writer) appendOne(kind uint8, content []byte) {
	start := len(w.buffer)
	if w.aead == nil || kind == recordChangeCipherSpec {
		w.buffer = append(w.buffer, kind, byte(w.version>>8), byte(w.version), byte(len(content)>>8), byte(len(content)))
		w.buffer = append(w.buffer, content...)
		return
	}
	n := len(content) + 1 + w.aead.Overhead()
	w.buffer = slices.Grow(w.buffer, headerSize+n)
	w.buffer = append(w.buffer, recordApplicationData, versionTLS12>>8, versionTLS12&0xff, byte(n>>8), byte(n))
	w.buffer = append(w.buffer, content...)
	w.buffer = append(w.buffer, kind)
	header, inner := w.buffer[start:start+headerSize], w.buffer[start+headerSize:]
	w.buffer = w.aead.Seal(w.buffer[:start+headerSize], w.nonce(), inner, header)
}

// seal puts the collected handshake messages into records. It has to be called
// before the keys change.
func (w *writer) seal() {
	if len(w.flight) > 0 {
		w.append(recordHandshake, w.flight)
		w.flight = w.flight[:0]
	}
}

// flush writes everything to the connection. An error is final: a record may
// have left in part.
func (w *writer) flush() error {
	w.seal()
	if w.err != nil {
		return w.err
	}
	if len(w.buffer) == 0 {
		return nil
	}
	w.version = versionTLS12
	_, err := w.conn.Write(w.buffer)
	w.buffer = w.buffer[:0]
	if err != nil {
		w.err = err
	}
	return err
}

var errClosed = errors.New("tls13: connection is closed for writing")
