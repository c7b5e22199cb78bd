package tls13_test

import (
	"crypto/fips140"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/hybrid"
	"github.com/pqkx/pqkx/mlkem"
	"github.com/pqkx/pqkx/nist"
	"github.com/pqkx/pqkx/preset"
	"github.com/pqkx/pqkx/tls13"
	"github.com/pqkx/pqkx/x25519"
)

// A meeting is a client and a server on a Link, for one of them to be bad.
type meeting struct {
	client, server       *tls13.Conn
	clientEnd, serverEnd *tls13.LinkEnd
	clientErr, serverErr error
}

// meet makes a meeting. The decorators, nil for none, get what a side writes.
func meet(clientConfig, serverConfig *tls13.Config, clientWrites, serverWrites func(io.Writer) io.Writer) *meeting {
	m := new(meeting)
	m.clientEnd, m.serverEnd = tls13.NewLink()
	m.client = tls13.Client(decorate(m.clientEnd, clientWrites), clientConfig)
	m.server = tls13.Server(decorate(m.serverEnd, serverWrites), serverConfig)
	return m
}

// A decorated connection changes what is written to it.
type decorated struct {
	net.Conn
	w io.Writer
}

func (d decorated) Write(b []byte) (int, error) {
	_, err := d.w.Write(b)
	return len(b), err
}

func decorate(conn net.Conn, writes func(io.Writer) io.Writer) net.Conn {
	if writes == nil {
		return conn
	}
	return decorated{conn, writes(conn)}
}

// handshake runs both sides to their end. No bad peer may make one panic or
// run for longer than this.
func (m *meeting) handshake(t testing.TB) {
	t.Helper()
	one := func(c *tls13.Conn, end *tls13.LinkEnd) <-chan error {
		done := make(chan error, 1)
		go func() {
			var err error
			defer func() {
				if p := recover(); p != nil {
					err = fmt.Errorf("%w: %v", errPanic, p)
				}
				if err != nil {
					end.Close()
				} else {
					end.Done()
				}
				done <- err
			}()
			err = c.Handshake()
		}()
		return done
	}
	clientDone, serverDone := one(m.client, m.clientEnd), one(m.server, m.serverEnd)
	limit := time.After(20 * time.Second)
	for _, side := range []struct {
		done <-chan error
		err  *error
	}{{clientDone, &m.clientErr}, {serverDone, &m.serverErr}} {
		select {
		case *side.err = <-side.done:
		case <-limit:
			t.Fatal("the handshake hangs")
		}
		if errors.Is(*side.err, errPanic) {
			t.Fatal(*side.err)
		}
	}
}

var errPanic = errors.New("panic")

// sides returns the errors of the victim and of the bad peer.
func (m *meeting) sides(badClient bool) (victim, bad error) {
	if badClient {
		return m.serverErr, m.clientErr
	}
	return m.clientErr, m.serverErr
}

// agree checks that where both sides succeeded they hold the same keys.
func (m *meeting) agree(t *testing.T) {
	t.Helper()
	if m.clientErr != nil || m.serverErr != nil {
		return
	}
	c, s := m.client.ConnectionState(), m.server.ConnectionState()
	a, errA := c.ExportKeyingMaterial("test", nil, 32)
	b, errB := s.ExportKeyingMaterial("test", nil, 32)
	if errA != nil || errB != nil || string(a) != string(b) || c.Group != s.Group || c.CipherSuite != s.CipherSuite {
		t.Errorf("wrong success: client %+v, server %+v", c, s)
	}
}

// badPeerConfigs returns configs for one group, whose client waits for a
// HelloRetryRequest if retry is set.
func badPeerConfigs(g pqkx.Group, retry bool) (client, server *tls13.Config) {
	client, server = configs()
	p := must(pqkx.New(g))
	client.Provider, server.Provider = p, p
	if retry {
		client.Provider = must(p.WithShares())
	}
	// Where a peer waits for a message that does not come, the Link tells.
	client.HandshakeTimeout, server.HandshakeTimeout = -1, -1
	return client, server
}

// badPeerGroups returns every group, in a short run one of each kind.
func badPeerGroups() []pqkx.Group {
	if testing.Short() && !fips140.Enforced() {
		return []pqkx.Group{hybrid.X25519MLKEM768(), x25519.Group(), nist.P256(), mlkem.MLKEM768()}
	}
	return preset.All().Groups()
}

// twoGroups returns a classical group and a hybrid, for sweeps over bytes.
func twoGroups() []pqkx.Group {
	if fips140.Enforced() {
		return []pqkx.Group{nist.P256(), hybrid.StandardX25519MLKEM768()}
	}
	return []pqkx.Group{x25519.Group(), hybrid.X25519MLKEM768()}
}

// A place is a message of the handshake: the nth of its type that a side sends.
type place struct {
	name   string
	client bool // who sends it
	kind   byte
	n      int
	retry  bool // it exists only beside a HelloRetryRequest
}

const (
	certificate        = 11
	certificateRequest = 13
	certificateVerify  = 15
	finished           = 20
	keyUpdate          = 24
	newSessionTicket   = 4
)

// places lists the messages of a handshake, with a HelloRetryRequest or not.
func places(retry bool) []place {
	list := []place{{"ClientHello", true, clientHello, 1, false}}
	if retry {
		list = append(list,
			place{"HelloRetryRequest", false, serverHello, 1, true},
			place{"second ClientHello", true, clientHello, 2, true},
			place{"ServerHello", false, serverHello, 2, false})
	} else {
		list = append(list, place{"ServerHello", false, serverHello, 1, false})
	}
	return append(list,
		place{"EncryptedExtensions", false, encryptedExtensions, 1, false},
		place{"Certificate", false, certificate, 1, false},
		place{"CertificateVerify", false, certificateVerify, 1, false},
		place{"server Finished", false, finished, 1, false},
		place{"client Finished", true, finished, 1, false})
}

// at returns a hook that changes the message at a place.
func (p place) at(change func(message []byte) []byte) func([]byte) []byte {
	seen := 0
	return func(message []byte) []byte {
		if message[0] != p.kind {
			return message
		}
		if seen++; seen != p.n {
			return message
		}
		return change(message)
	}
}

// message puts a header before a body.
func message(kind byte, body []byte) []byte {
	n := len(body)
	return append([]byte{kind, byte(n >> 16), byte(n >> 8), byte(n)}, body...)
}

// A messageFault bends a handshake message. wants has the alerts at places that
// differ from want; stall is for a victim that waits for the rest in vain.
type messageFault struct {
	name  string
	bend  func(message []byte) []byte
	want  tls13.Alert
	wants map[string]tls13.Alert
}

// Outcomes that are no alert.
const (
	stall tls13.Alert = 254 // the victim waits, and only its time-out ends that
	skip  tls13.Alert = 255 // the fault cannot be made at this place
)

const (
	badMessage = tls13.AlertUnexpectedMessage
	badDecode  = tls13.AlertDecodeError
	badMAC     = tls13.AlertBadRecordMAC
	badValue   = tls13.AlertIllegalParameter
)

func messageFaults() []messageFault {
	length := func(m []byte, n int) []byte {
		m[1], m[2], m[3] = byte(n>>16), byte(n>>8), byte(n)
		return m
	}
	lengthPlus := func(d int) func(m []byte) []byte {
		return func(m []byte) []byte { return length(m, len(m)-4+d) }
	}
	faults := []messageFault{
		{"one byte short", func(m []byte) []byte { return message(m[0], m[4:len(m)-1]) }, badDecode, nil},
		{"without its second half", func(m []byte) []byte { return message(m[0], m[4:4+(len(m)-4)/2]) }, badDecode, nil},
		{"of no bytes", func(m []byte) []byte { return message(m[0], nil) }, badDecode, nil},
		{"of one byte", func(m []byte) []byte { return message(m[0], m[4:5]) }, badDecode, nil},
		{"one byte long", func(m []byte) []byte { return message(m[0], append(m[4:], 0)) }, badDecode, nil},
		{"with a second copy of its body", func(m []byte) []byte { return message(m[0], append(m[4:], m[4:]...)) }, badDecode, nil},
		// A hello is followed by a change of keys, or an answer; the rest of it is one more message there.
		{"whose length is one less", lengthPlus(-1), badDecode, map[string]tls13.Alert{
			"ClientHello": badMessage, "second ClientHello": badMessage}},
		// Nothing follows the last message of a flight, or change_cipher_spec, which is dropped wherever it comes.
		{"whose length is one more", lengthPlus(1), badDecode, map[string]tls13.Alert{
			"ClientHello": stall, "second ClientHello": stall, "HelloRetryRequest": stall,
			"ServerHello": badMessage, "server Finished": stall, "client Finished": stall}},
		{"whose length is past all bounds", func(m []byte) []byte { return length(m, 1<<24-1) }, badDecode,
			map[string]tls13.Alert{"Certificate": badValue}},
		{"of an unknown type", func(m []byte) []byte { m[0] = 0xAA; return m }, badMessage, nil},
		{"sent twice", func(m []byte) []byte { return append(m, m...) }, badMessage, nil},
		{"after a message of no type", func(m []byte) []byte { return append([]byte{0, 0, 0, 0}, m...) }, badMessage, nil},
		{"after a KeyUpdate", func(m []byte) []byte { return append([]byte{keyUpdate, 0, 0, 1, 0}, m...) }, badMessage, nil},
		{"after a ticket", func(m []byte) []byte { return append([]byte{newSessionTicket, 0, 0, 1, 0}, m...) }, badMessage, nil},
		{"left out", func([]byte) []byte { return nil }, badMessage, map[string]tls13.Alert{
			"ClientHello": skip, "second ClientHello": skip, "HelloRetryRequest": stall,
			"server Finished": stall, "client Finished": stall}},
	}
	for _, kind := range []byte{clientHello, serverHello, newSessionTicket, encryptedExtensions, certificate, certificateRequest, certificateVerify, finished, keyUpdate} {
		f := messageFault{fmt.Sprintf("relabelled as type %d", kind),
			func(m []byte) []byte { m[0] = kind; return m }, badMessage, map[string]tls13.Alert{}}
		for _, p := range places(true) {
			if p.kind == kind {
				f.wants[p.name] = skip
			}
		}
		if kind == certificateRequest {
			f.wants["Certificate"] = badDecode // a request may stand there
		}
		faults = append(faults, f)
	}
	return faults
}

// TestBadMessages bends every message of the handshake, in both roles, with a
// HelloRetryRequest and without, over every group.
func TestBadMessages(t *testing.T) {
	for _, g := range badPeerGroups() {
		for _, retry := range []bool{false, true} {
			clientConfig, serverConfig := badPeerConfigs(g, retry)
			for _, p := range places(retry) {
				for _, f := range messageFaults() {
					if want, ok := f.wants[p.name]; ok {
						f.want = want
					}
					if f.want == skip {
						continue
					}
					t.Run(fmt.Sprintf("%v/retry %v/%s %s", g.ID(), retry, p.name, f.name), func(t *testing.T) {
						m := meet(clientConfig, serverConfig, nil, nil)
						if p.client {
							m.client.SetOutgoing(p.at(f.bend))
						} else {
							m.server.SetOutgoing(p.at(f.bend))
						}
						m.handshake(t)
						victim, bad := m.sides(p.client)
						if f.want == stall {
							if !errors.Is(victim, tls13.ErrStalled) {
								t.Errorf("victim: %v, want it to wait", victim)
							}
							return
						}
						m.wantAlert(t, p, victim, bad, f.want)
					})
				}
			}
			connect(t, clientConfig, serverConfig)
		}
	}
}

// wantAlert checks the victim's alert, and that a bad peer that still reads was
// told.
func (m *meeting) wantAlert(t *testing.T, p place, victim, bad error, alert tls13.Alert) {
	t.Helper()
	var ours *tls13.AlertError
	if !errors.As(victim, &ours) || ours.Alert != alert {
		t.Errorf("victim: %v, want alert %v", victim, alert)
	}
	if p.client && p.kind == finished { // the client is through; the alert is the first thing that it reads
		if bad == nil {
			_, bad = m.client.Read(make([]byte, 1))
		}
	}
	var theirs *tls13.PeerAlertError
	if !errors.As(bad, &theirs) || theirs.Alert != alert {
		t.Errorf("bad peer: %v, want the victim's alert %v", bad, alert)
	}
}
