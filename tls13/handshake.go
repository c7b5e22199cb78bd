package tls13

import (
	"crypto/hmac"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/pqkx/pqkx"
	erasing "github.com/pqkx/pqkx/internal/secret"
)

// A handshaker is what both sides' handshakes have in common.
type handshaker struct {
	c          *Conn
	suite      *suite
	random     [32]byte // of the client, for the key log
	transcript transcript
	hsSecret   handshakeSecret
	master     masterSecret

	// Handshake traffic secrets, for the Finished messages.
	clientSecret, serverSecret trafficSecret
}

// send hashes a handshake message and puts it on its way, and returns it as it
// was sent.
func (h *handshaker) send(message []byte) []byte {
	if h.c.outgoing != nil {
		message = h.c.outgoing(message)
	}
	h.transcript.write(message)
	h.c.out.flight = append(h.c.out.flight, message...)
	return message
}

// receive returns the body of the next message, which is of the type or refused.
// The message is not hashed yet: what is checked against the transcript needs
// the one before it.
func (h *handshaker) receive(kind uint8) (message []byte, err error) {
	return h.c.in.handshake(kind)
}

// sendCCS sends the change_cipher_spec record that old middleboxes expect (RFC
// 8446, appendix D.4).
func (h *handshaker) sendCCS() {
	h.c.out.seal()
	h.c.out.append(recordChangeCipherSpec, []byte{1})
}

// deriveHandshake derives the handshake traffic secrets from the shared secret,
// which it clears. The transcript ends with ServerHello.
func (h *handshaker) deriveHandshake(sharedSecret []byte) error {
	defer clear(sharedSecret)
	sum := h.transcript.sum()
	erasing.Do(func() {
		early := newEarlySecret(h.suite)
		defer early.clear()
		h.hsSecret = early.handshake(sharedSecret)
		h.clientSecret, h.serverSecret = h.hsSecret.client(sum), h.hsSecret.server(sum)
	})
	return errors.Join(
		h.logSecret("CLIENT_HANDSHAKE_TRAFFIC_SECRET", h.clientSecret.secret),
		h.logSecret("SERVER_HANDSHAKE_TRAFFIC_SECRET", h.serverSecret.secret))
}

// deriveMaster derives the secrets for application data and exporters. The
// transcript ends with the server's Finished.
func (h *handshaker) deriveMaster() (client, server trafficSecret, err error) {
	sum := h.transcript.sum()
	erasing.Do(func() {
		h.master = h.hsSecret.master()
		defer h.master.clear()
		h.hsSecret.clear()
		client, server = h.master.client(sum), h.master.server(sum)
		h.c.exporter = h.master.exporter(sum)
	})
	err = errors.Join(
		h.logSecret("CLIENT_TRAFFIC_SECRET_0", client.secret),
		h.logSecret("SERVER_TRAFFIC_SECRET_0", server.secret),
		h.logSecret("EXPORTER_SECRET", h.c.exporter.secret))
	return client, server, err
}

// readFinished checks the peer's Finished, which is under the given secret.
func (h *handshaker) readFinished(secret trafficSecret) error {
	message, err := h.receive(typeFinished)
	if err != nil {
		return err
	}
	want := secret.finished(h.transcript.sum())
	switch got := message[4:]; {
	case len(got) != len(want):
		return decodeError("Finished")
	case !hmac.Equal(got, want):
		return alertf(AlertDecryptError, "wrong verify_data in Finished")
	}
	h.transcript.write(message)
	h.c.in.allowCCS, h.c.in.allowAlert = false, false
	return h.c.in.endOfKey()
}

// setRead takes a key for what the peer sends. Nothing may be left of what
// came under the key before.
func (h *handshaker) setRead(secret trafficSecret) error {
	if err := h.c.in.endOfKey(); err != nil {
		return err
	}
	return h.c.in.set(copySecret(secret))
}

// setWrite takes a key for what we send.
func (h *handshaker) setWrite(secret trafficSecret) error {
	h.c.out.seal()
	return h.c.out.set(copySecret(secret))
}

// copySecret is for keys that are cleared when the next one comes, while the
// handshake still needs the secret.
func copySecret(t trafficSecret) trafficSecret {
	t.prk = append([]byte(nil), t.prk...)
	return t
}

var keyLogMutex sync.Mutex

// logSecret writes a line of the key log.
func (h *handshaker) logSecret(label string, s secret) error {
	w := h.c.config.KeyLogWriter
	if w == nil {
		return nil
	}
	keyLogMutex.Lock()
	defer keyLogMutex.Unlock()
	_, err := fmt.Fprintf(w, "%s %s %s\n", label, hex.EncodeToString(h.random[:]), hex.EncodeToString(s.prk))
	if err != nil {
		return &AlertError{AlertInternalError, fmt.Errorf("key log: %w", err)}
	}
	return nil
}

func (h *handshaker) clear() {
	h.hsSecret.clear()
	h.clientSecret.clear()
	h.serverSecret.clear()
}

// setGroup notes the outcome of the key exchange.
func (h *handshaker) setGroup(g pqkx.Group) {
	h.c.state.Group, h.c.state.PostQuantum = g.ID(), pqkx.IsPostQuantum(g)
}

// runSteps runs the steps of a handshake up to the first error.
func runSteps(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// check refuses a Config that cannot work, before anything is sent.
func (c *Config) check(isClient bool) error {
	switch {
	case c == nil || c.Provider == nil:
		return errors.New("tls13: Config.Provider is required")
	case isClient && c.ServerName == "" && !c.InsecureSkipVerify:
		return errors.New("tls13: a client needs Config.ServerName or InsecureSkipVerify")
	case c.MaxFragment != 0 && (c.MaxFragment < 64 || c.MaxFragment > maxPlaintext):
		return fmt.Errorf("tls13: Config.MaxFragment is %d, want 64 to %d", c.MaxFragment, maxPlaintext)
	case len(c.cipherSuites()) == 0:
		return errors.New("tls13: Config.CipherSuites has none that can be used")
	}
	for _, p := range c.NextProtos {
		if len(p) == 0 || len(p) > 255 {
			return fmt.Errorf("tls13: Config.NextProtos has a name of %d bytes", len(p))
		}
	}
	if isClient {
		return nil
	}
	return c.checkCertificates()
}

func (c *Config) now() time.Time {
	if c.Time != nil {
		return c.Time()
	}
	return time.Now()
}

func (c *Config) handshakeTimeout() time.Duration {
	if c == nil || c.HandshakeTimeout == 0 {
		return 30 * time.Second
	}
	return c.HandshakeTimeout
}

func (c *Config) maxFragment() int {
	if c.MaxFragment == 0 {
		return maxPlaintext
	}
	return c.MaxFragment
}

// ownRecordSizeLimit is the limit that we tell the peer: plaintext and its type
// byte (RFC 8449, section 4).
func (c *Config) ownRecordSizeLimit() uint16 { return uint16(c.maxFragment() + 1) }

// obeyRecordSizeLimit takes the peer's limit for what we send.
func (c *Conn) obeyRecordSizeLimit(limit uint16) error {
	if limit < 64 {
		return alertf(AlertIllegalParameter, "record_size_limit of %d bytes", limit)
	}
	c.out.maxFragment = min(c.out.maxFragment, int(limit)-1)
	return nil
}
