package tls13_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/tls13"
)

// A cutter ends its connection after n bytes.
type cutter struct {
	end *tls13.LinkEnd
	n   int
}

func (c *cutter) Write(p []byte) (int, error) {
	if len(p) >= c.n {
		c.end.Write(p[:c.n])
		c.end.Close()
		c.n = 0
		return 0, net.ErrClosed
	}
	c.n -= len(p)
	return c.end.Write(p)
}

// TestCut ends the connection after every byte of the handshake, in both
// directions, with a HelloRetryRequest and without: each side ends with an error,
// and nothing of it is left.
func TestCut(t *testing.T) {
	var before runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	goroutines := runtime.NumGoroutine()
	for _, g := range badPeerGroups() {
		for _, retry := range []bool{false, true} {
			testCut(t, g, retry)
		}
	}
	wantNothingLeft(t, goroutines, before.HeapAlloc)
}

func testCut(t *testing.T, g pqkx.Group, retry bool) {
	clientConfig, serverConfig := badPeerConfigs(g, retry)
	clientConfig.HandshakeTimeout, serverConfig.HandshakeTimeout = 0, 0 // with its timers
	fromClient, fromServer := flights(t, clientConfig, serverConfig)
	for _, cutClient := range []bool{true, false} {
		size := len(fromServer) - 4 // a signature may be shorter the next time
		if cutClient {
			size = len(fromClient)
		}
		for n := 0; n < size; n += sweep(g) {
			cut := func(w io.Writer) io.Writer { return &cutter{w.(*tls13.LinkEnd), n} }
			var m *meeting
			if cutClient {
				m = meet(clientConfig, serverConfig, cut, nil)
			} else {
				m = meet(clientConfig, serverConfig, nil, cut)
			}
			m.handshake(t)
			victim, _ := m.sides(cutClient)
			if !errors.Is(victim, io.ErrUnexpectedEOF) {
				t.Errorf("%v, retry %v: cut after byte %d of %d, client's %v: %v", g.ID(), retry, n, size, cutClient, victim)
			}
		}
	}
}

// wantNothingLeft checks that goroutines and heap are back where they were.
func wantNothingLeft(t *testing.T, goroutines int, heap uint64) {
	t.Helper()
	const slack = 4 << 20 // tables that are made once
	var after runtime.MemStats
	for range 100 {
		runtime.GC()
		runtime.ReadMemStats(&after)
		if runtime.NumGoroutine() <= goroutines && after.HeapAlloc < heap+slack {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	stacks := make([]byte, 1<<16)
	t.Errorf("%d goroutines, %d before; %d bytes of heap, %d before\n%s", runtime.NumGoroutine(), goroutines,
		after.HeapAlloc, heap, stacks[:runtime.Stack(stacks, true)])
}

// TestDecryptionFailures compares what the victim says, and what it sends, for
// every way in which a record fails to decrypt: a peer must not learn more.
func TestDecryptionFailures(t *testing.T) {
	clientConfig, serverConfig := configs()
	faults := map[string]func(r []byte) []byte{
		"first bit":        flip(5),
		"inner type":       flip(-17),
		"first bit of tag": flip(-16),
		"last bit of tag":  flip(-1),
		"header's version": flip(1),
		"tag alone":        func(r []byte) []byte { return frame(recordData, r[len(r)-16:]) },
		"less than a tag":  func(r []byte) []byte { return frame(recordData, r[len(r)-15:]) },
		"nothing":          func(r []byte) []byte { return frame(recordData, nil) },
		"zeros":            func(r []byte) []byte { clear(r[5:]); return r },
		"largest record":   func(r []byte) []byte { return frame(recordData, make([]byte, 1<<14+256)) },
		"without its tag":  func(r []byte) []byte { return frame(recordData, r[5:len(r)-16]) },
		"half, as by padding": func(r []byte) []byte {
			return frame(recordData, append(r[5:len(r)/2], make([]byte, len(r)-len(r)/2)...))
		},
	}
	for _, badClient := range []bool{true, false} {
		text, size := "", 0
		for name, bend := range faults {
			victimSent := new(tap)
			onVictim := func(w io.Writer) io.Writer { victimSent.w = w; return victimSent }
			bender := &recordBender{kind: recordData, n: 2, bend: bend}
			onBad := func(w io.Writer) io.Writer { bender.w = w; return bender }
			m := meet(clientConfig, serverConfig, onVictim, onBad)
			victim, bad := m.client, m.server
			if badClient {
				m = meet(clientConfig, serverConfig, onBad, onVictim)
				victim, bad = m.server, m.client
			}
			m.handshake(t)
			if m.clientErr != nil || m.serverErr != nil {
				t.Fatal(m.clientErr, m.serverErr)
			}
			before := len(victimSent.bytes)
			if _, err := bad.Write(bytes.Repeat([]byte("data"), 25)); err != nil {
				t.Fatal(err)
			}
			_, err := victim.Read(make([]byte, 1))
			wantOwnAlert(t, err, badMAC)
			if text == "" {
				text, size = err.Error(), len(victimSent.bytes)-before
			}
			if err.Error() != text || len(victimSent.bytes)-before != size {
				t.Errorf("%s: %q and %d bytes, otherwise %q and %d", name, err, len(victimSent.bytes)-before, text, size)
			}
			var told *tls13.PeerAlertError
			if _, err := bad.Read(make([]byte, 1)); !errors.As(err, &told) || told.Alert != badMAC {
				t.Errorf("%s: bad peer: %v", name, err)
			}
		}
	}
}

// TestInjectedRecords sends records under the right key before each protected
// message, in both roles, and after the handshake.
func TestInjectedRecords(t *testing.T) {
	closeNotify := tls13.AlertCloseNotify
	for _, test := range []struct {
		name    string
		kind    uint8
		content []byte
		during  tls13.Alert // of ours
		after   tls13.Alert
		peer    *tls13.Alert // the victim takes it as the peer's alert instead
	}{
		{"empty handshake record", recordHandshake, nil, badMessage, badMessage, nil},
		{"record of an unknown type", 99, []byte("data"), badMessage, badMessage, nil},
		{"heartbeat", 24, []byte{1, 0, 1, 0}, badMessage, badMessage, nil},
		{"record of padding", 0, make([]byte, 20), badMessage, badMessage, nil},
		{"record of one zero", 0, nil, badMessage, badMessage, nil},
		{"too much plaintext", recordHandshake, make([]byte, 1<<14+1), tls13.AlertRecordOverflow, tls13.AlertRecordOverflow, nil},
		{"too much padding", 0, append([]byte{'d', recordData}, make([]byte, 1<<14)...), tls13.AlertRecordOverflow, tls13.AlertRecordOverflow, nil},
		{"alert of three bytes", recordAlert, []byte{2, 40, 0}, badDecode, badDecode, nil},
		{"alert of one byte", recordAlert, []byte{2}, badDecode, badDecode, nil},
		{"empty alert", recordAlert, nil, badMessage, badMessage, nil},
		{"alert of level 3", recordAlert, []byte{3, 40}, badValue, badValue, nil},
		{"application data", recordData, []byte("data"), badMessage, skip, nil},
		{"empty application data", recordData, nil, badMessage, skip, nil},
		{"close_notify", recordAlert, []byte{1, 0}, skip, skip, &closeNotify},
		{"KeyUpdate", recordHandshake, message(keyUpdate, []byte{0}), badMessage, skip, nil},
		{"ClientHello", recordHandshake, message(clientHello, make([]byte, 50)), badMessage, badMessage, nil},
		{"empty KeyUpdate", recordHandshake, message(keyUpdate, nil), badMessage, badDecode, nil},
		{"long KeyUpdate", recordHandshake, message(keyUpdate, []byte{0, 0}), badMessage, badDecode, nil},
		{"unknown KeyUpdate", recordHandshake, message(keyUpdate, []byte{2}), badMessage, badValue, nil},
		{"KeyUpdate and more", recordHandshake, append(message(keyUpdate, []byte{0}), keyUpdate), badMessage, badMessage, nil},
		{"KeyUpdate of excessive size", recordHandshake, []byte{keyUpdate, 255, 255, 255}, badMessage, badDecode, nil},
		{"Finished", recordHandshake, message(finished, make([]byte, 32)), skip, badMessage, nil},
		{"post-handshake CertificateRequest", recordHandshake, message(certificateRequest, []byte{1, 0, 0, 8, 0, 13, 0, 4, 0, 2, 4, 3}), skip, badMessage, nil},
	} {
		for _, badClient := range []bool{true, false} {
			for _, p := range places(false)[2:] {
				if p.client != badClient || test.during == skip && test.peer == nil {
					continue
				}
				t.Run(fmt.Sprintf("%s before %s", test.name, p.name), func(t *testing.T) {
					m, victim, bad := injectors(badClient)
					bad.SetOutgoing(p.at(func(m []byte) []byte { bad.Inject(test.kind, test.content); return m }))
					m.handshake(t)
					victimErr, _ := m.sides(badClient)
					wantVerdict(t, victim, victimErr, test.during, test.peer)
				})
			}
			if test.after == skip && test.peer == nil {
				continue
			}
			t.Run(fmt.Sprintf("%s after the handshake, bad client %v", test.name, badClient), func(t *testing.T) {
				m, victim, bad := injectors(badClient)
				m.handshake(t)
				bad.Inject(test.kind, test.content)
				bad.Flush()
				_, err := victim.Read(make([]byte, 1))
				if test.peer != nil {
					if err != io.EOF {
						t.Errorf("victim: %v, want EOF", err)
					}
					return
				}
				wantVerdict(t, victim, err, test.after, nil)
			})
		}
	}
}

func injectors(badClient bool) (m *meeting, victim, bad *tls13.Conn) {
	clientConfig, serverConfig := configs()
	clientConfig.HandshakeTimeout, serverConfig.HandshakeTimeout = -1, -1
	m = meet(clientConfig, serverConfig, nil, nil)
	if badClient {
		return m, m.server, m.client
	}
	return m, m.client, m.server
}

func wantVerdict(t *testing.T, victim *tls13.Conn, err error, want tls13.Alert, peer *tls13.Alert) {
	t.Helper()
	var theirs *tls13.PeerAlertError
	if peer != nil {
		if !errors.As(err, &theirs) || theirs.Alert != *peer {
			t.Errorf("victim: %v, want the peer's alert %v", err, *peer)
		}
		return
	}
	wantOwnAlert(t, err, want)
	if _, again := victim.Read(make([]byte, 1)); again != err {
		t.Errorf("the next Read: %v, want the same error %v", again, err)
	}
	if _, again := victim.Write([]byte("data")); again == nil {
		t.Error("Write after the fault succeeds")
	}
}

// TestFloods sends more of what may come now and then than a peer may send in a
// row, and first exactly as much as it may.
func TestFloods(t *testing.T) {
	for _, flood := range []struct {
		name    string
		kind    uint8
		content []byte
		limit   int
	}{
		{"empty application data", recordData, nil, tls13.MaxEmptyRecords},
		{"user_canceled", recordAlert, []byte{1, 90}, tls13.MaxUserCanceled},
	} {
		for _, badClient := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, bad client %v", flood.name, badClient), func(t *testing.T) {
				m, victim, bad := injectors(badClient)
				m.handshake(t)
				for range flood.limit {
					bad.Inject(flood.kind, flood.content)
				}
				sendData(t, bad, victim)
				for range flood.limit + 1 {
					bad.Inject(flood.kind, flood.content)
				}
				bad.Flush()
				_, err := victim.Read(make([]byte, 1))
				wantOwnAlert(t, err, badMessage)
			})
		}
	}
	for _, badClient := range []bool{true, false} {
		t.Run(fmt.Sprintf("KeyUpdate, bad client %v", badClient), func(t *testing.T) {
			m, victim, bad := injectors(badClient)
			m.handshake(t)
			update := func(n int) {
				for range n {
					if err := bad.KeyUpdate(true); err != nil {
						t.Fatal(err)
					}
				}
			}
			update(tls13.MaxKeyUpdates)
			sendData(t, bad, victim)
			update(tls13.MaxKeyUpdates + 1)
			_, err := victim.Read(make([]byte, 1))
			wantOwnAlert(t, err, badMessage)
		})
	}
	t.Run("change_cipher_spec", func(t *testing.T) {
		clientConfig, serverConfig := configs()
		for n, want := range map[int]bool{tls13.MaxEmptyRecords - 1: true, tls13.MaxEmptyRecords + 1: false} {
			flood := bytes.Repeat(frame(recordCCS, []byte{1}), n)
			bender := func(w io.Writer) io.Writer {
				return &recordBender{w: w, kind: recordCCS, n: 1, bend: func([]byte) []byte { return flood }}
			}
			m := meet(clientConfig, serverConfig, bender, nil)
			m.handshake(t)
			if want && m.serverErr != nil {
				t.Errorf("%d records: %v", n, m.serverErr)
			} else if !want {
				wantOwnAlert(t, m.serverErr, badMessage)
			}
		}
	})
	t.Run("bytes of a ClientHello", func(t *testing.T) {
		_, serverConfig := configs()
		end, victim := tls13.NewLink()
		end.Write(frame(recordHandshake, append([]byte{clientHello, 2, 0x10, 0}, make([]byte, 1000)...))) // 132 KB
		end.Done()
		wantOwnAlert(t, tls13.Server(victim, serverConfig).Handshake(), badDecode)
	})
	t.Run("rejected 0-RTT", func(t *testing.T) {
		for n, want := range map[int]tls13.Alert{tls13.MaxSkippedBytes - 100: 0, tls13.MaxSkippedBytes + 100: badMAC} {
			clientConfig, serverConfig := configs()
			const block = 1000
			early := bytes.Repeat(frame(recordData, make([]byte, block)), n/block)
			early = append(early, frame(recordData, make([]byte, n%block))...)
			m := meet(clientConfig, serverConfig, func(w io.Writer) io.Writer {
				return &recordBender{w: w, kind: recordHandshake, n: 1, bend: func(r []byte) []byte { return append(r, early...) }}
			}, nil)
			m.client.SetOutgoing(bendHello(clientHello, 1, func(h *hello) { h.set(42, nil) }))
			m.handshake(t)
			if want == 0 && m.serverErr != nil {
				t.Errorf("%d bytes: %v", n, m.serverErr)
			} else if want != 0 {
				wantOwnAlert(t, m.serverErr, want)
			}
		}
	})
}

// sendData is exchange for a Link, whose peers take turns after the handshake.
func sendData(t *testing.T, from, to *tls13.Conn) {
	t.Helper()
	if _, err := from.Write([]byte("data")); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 4)
	if _, err := io.ReadFull(to, got); err != nil || string(got) != "data" {
		t.Fatalf("read %q, %v", got, err)
	}
}

// TestSlowPeers lets a bad peer send a byte now and then, for ever, or nothing
// at all, in both roles: the handshake ends when its time is up, whatever came.
func TestSlowPeers(t *testing.T) {
	clientConfig, serverConfig := configs()
	fromClient, fromServer := flights(t, clientConfig, serverConfig)
	clientConfig.HandshakeTimeout, serverConfig.HandshakeTimeout = 100*time.Millisecond, 100*time.Millisecond
	goroutines := runtime.NumGoroutine()
	for _, test := range []struct {
		name   string
		flight []byte
		every  time.Duration
		victim func(net.Conn) *tls13.Conn
	}{
		{"server, slow client", fromClient, 5 * time.Millisecond, func(c net.Conn) *tls13.Conn { return tls13.Server(c, serverConfig) }},
		{"server, silent client", nil, 0, func(c net.Conn) *tls13.Conn { return tls13.Server(c, serverConfig) }},
		{"client, slow server", fromServer, 5 * time.Millisecond, func(c net.Conn) *tls13.Conn { return tls13.Client(c, clientConfig) }},
		{"client, silent server", nil, 0, func(c net.Conn) *tls13.Conn { return tls13.Client(c, clientConfig) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			slow, c := tcpPair(t)
			go func() {
				for i := range test.flight {
					if _, err := slow.Write(test.flight[i : i+1]); err != nil {
						return
					}
					time.Sleep(test.every)
				}
			}()
			victim := test.victim(c)
			start := time.Now()
			err := victim.Handshake()
			if took := time.Since(start); err == nil || took > 10*time.Second || took < 90*time.Millisecond {
				t.Errorf("after %v: %v", took, err)
			}
			if _, err := c.Write([]byte{0}); err == nil {
				t.Error("the connection below is still open")
			}
			slow.Close()
		})
	}
	wantNothingLeft(t, goroutines, 1<<62)
}
