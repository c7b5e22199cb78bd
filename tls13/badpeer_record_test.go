package tls13_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/tls13"
)

// Record types.
const (
	recordCCS       = 20
	recordAlert     = 21
	recordHandshake = 22
	recordData      = 23
)

// A recordBender passes records on, and gives the nth of a type, counted from
// one, to bend, which returns what goes on in its place.
type recordBender struct {
	w    io.Writer
	kind byte
	n    int
	bend func(record []byte) []byte
}

func (b *recordBender) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		n := 5 + int(rest[3])<<8 + int(rest[4])
		record := bytes.Clone(rest[:n])
		rest = rest[n:]
		if record[0] == b.kind {
			if b.n--; b.n == 0 {
				record = b.bend(record)
			}
		}
		if _, err := b.w.Write(record); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// A recordFault bends a record on its way. Nobody needs a key for that.
type recordFault struct {
	name      string
	bend      func(record []byte) []byte
	clear     tls13.Alert // for a hello
	protected tls13.Alert // for a record under a key
}

// frame puts a record header before a content.
func frame(kind byte, content []byte) []byte {
	return append([]byte{kind, 3, 3, byte(len(content) >> 8), byte(len(content))}, content...)
}

func recordFaults() []recordFault {
	of := func(change func(content []byte) []byte) func([]byte) []byte {
		return func(r []byte) []byte { return frame(r[0], change(r[5:])) }
	}
	as := func(kind byte) func([]byte) []byte {
		return func(r []byte) []byte { r[0] = kind; return r }
	}
	before := func(first []byte) func([]byte) []byte {
		return func(r []byte) []byte { return append(bytes.Clone(first), r...) }
	}
	return []recordFault{
		{"one byte short", of(func(c []byte) []byte { return c[:len(c)-1] }), stall, badMAC},
		{"without its tag", of(func(c []byte) []byte { return c[:len(c)-16] }), stall, badMAC},
		{"of one byte", of(func(c []byte) []byte { return c[:1] }), stall, badMAC},
		{"of no bytes", of(func(c []byte) []byte { return nil }), badMessage, badMAC},
		{"one byte long", of(func(c []byte) []byte { return append(c, 0) }), badMessage, badMAC},
		{"sent twice", func(r []byte) []byte { return append(r, r...) }, badMessage, badMAC},
		{"as a type of no use", as(99), badMessage, badMessage},
		{"as a heartbeat", as(24), badMessage, badMessage},
		{"as an alert", as(recordAlert), badDecode, badMessage},
		{"as change_cipher_spec", as(recordCCS), badMessage, badMessage},
		{"as the other type", func(r []byte) []byte { r[0] ^= recordHandshake ^ recordData; return r }, badMessage, badMessage},
		{"after a record past all bounds", before(frame(recordHandshake, make([]byte, 1<<14+257))), tls13.AlertRecordOverflow, tls13.AlertRecordOverflow},
		{"after an empty record", before(frame(recordHandshake, nil)), badMessage, badMessage},
		{"after an empty alert", before(frame(recordAlert, nil)), badMessage, badMessage},
		{"after a long change_cipher_spec", before(frame(recordCCS, []byte{1, 1})), badMessage, badMessage},
		{"after another change_cipher_spec", before(frame(recordCCS, []byte{2})), badMessage, badMessage},
		{"after application data in the clear", before(frame(recordData, []byte("GET / HTTP/1.1\r\n\r\n"))), badMessage, badMAC},
		{"with its last bit wrong", flip(-1), skip, badMAC},
		{"with its first bit wrong", flip(5), skip, badMAC},
		{"with another version", flip(2), skip, badMAC},
	}
}

// recordPlaces lists the records of a handshake, with a HelloRetryRequest or not.
func recordPlaces(retry bool) []place {
	list := []place{
		{"the ClientHello", true, recordHandshake, 1, false},
		{"the ServerHello", false, recordHandshake, 1, false},
		{"the server's flight", false, recordData, 1, false},
		{"the client's Finished", true, recordData, 1, false},
	}
	if retry {
		list[1].n = 2
		list = append(list,
			place{"the HelloRetryRequest", false, recordHandshake, 1, true},
			place{"the second ClientHello", true, recordHandshake, 2, true})
	}
	return list
}

// wantFor is the alert for a fault at a place, with a HelloRetryRequest or not.
func (f recordFault) wantFor(p place, retry bool) tls13.Alert {
	want := f.protected
	if p.kind == recordHandshake {
		want = f.clear
	}
	switch {
	// A ServerHello is followed by records of another type, which end the wait.
	case want == stall && p.name == "the ServerHello":
		return badMessage
	// A server must let alerts in the clear pass until the client has its keys: what
	// it makes of this one is for the alert's parser.
	case p.name == "the client's Finished" && f.name == "as an alert":
		return badDecode
	// The copy is taken for the second ClientHello, and has no share for the group.
	case retry && p.name == "the ClientHello" && f.name == "sent twice":
		return badValue
	}
	return want
}

// TestBadRecords bends records on their way, in both roles, with a
// HelloRetryRequest and without, over every group.
func TestBadRecords(t *testing.T) {
	for _, g := range badPeerGroups() {
		for _, retry := range []bool{false, true} {
			clientConfig, serverConfig := badPeerConfigs(g, retry)
			for _, p := range recordPlaces(retry) {
				for _, f := range recordFaults() {
					want := f.wantFor(p, retry)
					if want == skip {
						continue
					}
					t.Run(fmt.Sprintf("%v/retry %v/%s %s", g.ID(), retry, p.name, f.name), func(t *testing.T) {
						m := meetBender(clientConfig, serverConfig, p, f.bend)
						m.handshake(t)
						m.wantRecordFault(t, p, want)
					})
				}
			}
			connect(t, clientConfig, serverConfig)
		}
	}
}

// meetBender is a meeting in which the record at a place is bent on its way.
func meetBender(clientConfig, serverConfig *tls13.Config, p place, bend func([]byte) []byte) *meeting {
	bender := func(w io.Writer) io.Writer { return &recordBender{w: w, kind: p.kind, n: p.n, bend: bend} }
	if p.client {
		return meet(clientConfig, serverConfig, bender, nil)
	}
	return meet(clientConfig, serverConfig, nil, bender)
}

// wantRecordFault checks the victim's alert. Whether the other side, which did
// nothing wrong, can read it depends on the keys that both have by then.
func (m *meeting) wantRecordFault(t *testing.T, p place, want tls13.Alert) {
	t.Helper()
	victim, other := m.sides(p.client)
	if want == stall {
		if !errors.Is(victim, tls13.ErrStalled) {
			t.Errorf("victim: %v, want it to wait", victim)
		}
		return
	}
	victimConn, otherConn := m.client, m.server
	if p.client {
		victimConn, otherConn = m.server, m.client
	}
	// A side that is through finds what came late at its first Read.
	if victim == nil {
		_, victim = victimConn.Read(make([]byte, 1))
	}
	if other == nil {
		_, other = otherConn.Read(make([]byte, 1))
	}
	var ours *tls13.AlertError
	if !errors.As(victim, &ours) || ours.Alert != want {
		t.Errorf("victim: %v, want alert %v", victim, want)
	}
	var theirs *tls13.PeerAlertError
	if !errors.As(other, &theirs) || theirs.Alert != want {
		t.Errorf("other side: %v, want the victim's alert %v", other, want)
	}
}

// A byteFlipper flips a bit of the nth byte.
type byteFlipper struct {
	w    io.Writer
	n    int
	mask byte
}

func (f *byteFlipper) Write(p []byte) (int, error) {
	if f.n >= 0 && f.n < len(p) {
		p = bytes.Clone(p)
		p[f.n] ^= f.mask
	}
	f.n -= len(p)
	return f.w.Write(p)
}

// A tap remembers what is written.
type tap struct {
	w     io.Writer
	bytes []byte
}

func (t *tap) Write(p []byte) (int, error) {
	t.bytes = append(t.bytes, p...)
	return t.w.Write(p)
}

// flights returns what client and server of a good handshake write.
func flights(t *testing.T, clientConfig, serverConfig *tls13.Config) (client, server []byte) {
	t.Helper()
	var c, s tap
	m := meet(clientConfig, serverConfig,
		func(w io.Writer) io.Writer { c.w = w; return &c }, func(w io.Writer) io.Writer { s.w = w; return &s })
	m.handshake(t)
	if m.clientErr != nil || m.serverErr != nil {
		t.Fatalf("client: %v, server: %v", m.clientErr, m.serverErr)
	}
	return c.bytes, s.bytes
}

// TestFlippedBytes flips a bit of every byte on the wire, in both directions,
// with a HelloRetryRequest and without. The side that reads it must not complete
// the handshake, except where the byte is the version of an unprotected record,
// which nobody looks at (RFC 8446, section 5.1).
func TestFlippedBytes(t *testing.T) {
	for _, g := range badPeerGroups() {
		for _, retry := range []bool{false, true} {
			for _, badClient := range []bool{true, false} {
				t.Run(fmt.Sprintf("%v/retry %v/bad client %v", g.ID(), retry, badClient), func(t *testing.T) {
					testFlippedBytes(t, g, retry, badClient)
				})
			}
		}
	}
}

// sweep returns the distance of the bytes that a sweep over a group's handshake
// looks at: some groups have all, or most, of theirs looked at.
func sweep(g pqkx.Group) int {
	step := 67
	switch g.ID() {
	case pqkx.X25519:
		step = 1
	case pqkx.X25519MLKEM768:
		step = 3
	}
	if testing.Short() {
		step = max(step, 41)
	}
	return step
}

func testFlippedBytes(t *testing.T, g pqkx.Group, retry, badClient bool) {
	clientConfig, serverConfig := badPeerConfigs(g, retry)
	fromClient, flight := flights(t, clientConfig, serverConfig)
	if badClient {
		flight = fromClient
	}
	free := unprotectedVersions(flight)
	for i := 0; i < len(flight); i += sweep(g) {
		var m *meeting
		flipper := func(w io.Writer) io.Writer { return &byteFlipper{w, i, 1 << (i % 8)} }
		if badClient {
			m = meet(clientConfig, serverConfig, flipper, nil)
		} else {
			m = meet(clientConfig, serverConfig, nil, flipper)
		}
		m.handshake(t)
		victim, _ := m.sides(badClient)
		switch {
		case slices.Contains(free, i) != (victim == nil):
			// The flight's last bytes may not be there: a signature varies in length.
			if i < len(flight)-4 {
				t.Errorf("byte %d of %d: victim: %v", i, len(flight), victim)
			}
		case victim != nil && !peersFault(victim):
			t.Errorf("byte %d of %d: victim: %v", i, len(flight), victim)
		}
	}
}

// unprotectedVersions returns where the legacy_record_version of unprotected
// records stands.
func unprotectedVersions(flight []byte) (at []int) {
	for i := 0; i < len(flight); i += 5 + int(flight[i+3])<<8 + int(flight[i+4]) {
		if flight[i] != recordData {
			at = append(at, i+1, i+2)
		}
	}
	return at
}

// TestReplay sends a server what a client sent before, and a client what a
// server sent before.
func TestReplay(t *testing.T) {
	for _, g := range badPeerGroups() {
		clientConfig, serverConfig := badPeerConfigs(g, false)
		fromClient, fromServer := flights(t, clientConfig, serverConfig)
		t.Run(g.ID().String()+"/server", func(t *testing.T) {
			end, victimEnd := tls13.NewLink()
			end.Write(fromClient)
			end.Done()
			wantOwnAlert(t, tls13.Server(victimEnd, serverConfig).Handshake(), badMAC)
		})
		t.Run(g.ID().String()+"/client", func(t *testing.T) {
			end, victimEnd := tls13.NewLink()
			end.Write(fromServer)
			end.Done()
			wantOwnAlert(t, tls13.Client(victimEnd, clientConfig).Handshake(), badValue) // another session id
		})
	}
}

func wantOwnAlert(t *testing.T, err error, want tls13.Alert) {
	t.Helper()
	var alert *tls13.AlertError
	if !errors.As(err, &alert) || alert.Alert != want {
		t.Errorf("victim: %v, want alert %v", err, want)
	}
}

// TestReplayedShares sends the share of an earlier handshake, in both roles:
// the keys that come out are dead.
func TestReplayedShares(t *testing.T) {
	again := func() func([]byte) []byte {
		var first []byte
		return func(share []byte) []byte {
			if first == nil {
				first = share
			}
			return bytes.Clone(first)
		}
	}
	for _, g := range badPeerGroups() {
		for _, badClient := range []bool{true, false} {
			t.Run(fmt.Sprintf("%v/bad client %v", g.ID(), badClient), func(t *testing.T) {
				clientConfig, serverConfig := badPeerConfigs(g, false)
				if badClient {
					clientConfig.Provider = must(pqkx.New(bentGroup{g, again(), nil}))
				} else {
					serverConfig.Provider = must(pqkx.New(bentGroup{g, nil, again()}))
				}
				connect(t, clientConfig, serverConfig)
				m := meet(clientConfig, serverConfig, nil, nil)
				m.handshake(t)
				wantOwnAlert(t, m.clientErr, badMAC) // it reads the first protected record
				wantOwnAlert(t, m.serverErr, badMAC) // the alert, under a key that it does not have
			})
		}
	}
}

// TestReorderedRecords swaps, drops and repeats each of the records of a
// protected flight that has many.
func TestReorderedRecords(t *testing.T) {
	for _, g := range twoGroups() {
		clientConfig, serverConfig := badPeerConfigs(g, false)
		serverConfig.MaxFragment = 64
		_, flight := flights(t, clientConfig, serverConfig)
		count := 0
		for i := 0; i < len(flight); i += 5 + int(flight[i+3])<<8 + int(flight[i+4]) {
			if flight[i] == recordData {
				count++
			}
		}
		count-- // a signature may be shorter the next time
		if count < 6 {
			t.Fatalf("%d records, want more", count)
		}
		for name, bend := range map[string]func() func([]byte) []byte{
			"dropped":  func() func([]byte) []byte { return func([]byte) []byte { return nil } },
			"repeated": func() func([]byte) []byte { return func(r []byte) []byte { return append(r, r...) } },
		} {
			for n := 1; n < count; n++ { // the last one is waited for when dropped, and read by nobody when repeated
				m := meet(clientConfig, serverConfig, nil, func(w io.Writer) io.Writer {
					return &recordBender{w: w, kind: recordData, n: n, bend: bend()}
				})
				m.handshake(t)
				var alert *tls13.AlertError
				if !errors.As(m.clientErr, &alert) || alert.Alert != badMAC {
					t.Errorf("%v: record %d of %d %s: %v", g.ID(), n, count, name, m.clientErr)
				}
			}
		}
		for n := 1; n < count; n++ {
			m := meet(clientConfig, serverConfig, nil, func(w io.Writer) io.Writer {
				swap := &recordSwapper{w: w, n: n}
				return swap
			})
			m.handshake(t)
			var alert *tls13.AlertError
			if !errors.As(m.clientErr, &alert) || alert.Alert != badMAC {
				t.Errorf("%v: records %d and %d of %d swapped: %v", g.ID(), n, n+1, count, m.clientErr)
			}
		}
	}
}

// A recordSwapper swaps the nth protected record and the next.
type recordSwapper struct {
	w    io.Writer
	n    int
	held []byte
}

func (s *recordSwapper) Write(p []byte) (int, error) {
	swap := &recordBender{w: s.w, kind: recordData, n: s.n}
	swap.bend = func(r []byte) []byte {
		s.held = r
		swap.n = 1
		swap.bend = func(r []byte) []byte { return append(r, s.held...) }
		return nil
	}
	return swap.Write(p)
}
