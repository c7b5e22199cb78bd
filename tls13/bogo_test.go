package tls13_test

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/pqkx/pqkx/tls13"
)

// What BoringSSL's test suite probes and no other test here does.

// TestRejectionAlert lets a VerifyConnection choose its alert.
func TestRejectionAlert(t *testing.T) {
	reject := func(alert tls13.Alert) func(tls13.ConnectionState) error {
		return func(tls13.ConnectionState) error {
			return fmt.Errorf("policy: %w", &tls13.AlertError{Alert: alert, Err: errors.New("no")})
		}
	}
	clientConfig, serverConfig := configs()
	clientConfig.VerifyConnection = reject(tls13.AlertCertificateUnknown)
	client, server := pair(t, clientConfig, serverConfig)
	clientErr, serverErr := handshake(client, server)
	wantAlert(t, clientErr, serverErr, tls13.AlertCertificateUnknown)

	clientConfig.VerifyConnection = nil
	serverConfig.VerifyConnection = reject(tls13.AlertInsufficientSecurity)
	client, server = pair(t, clientConfig, serverConfig)
	clientErr, serverErr = handshake(client, server)
	wantAlert(t, serverErr, told(client, clientErr), tls13.AlertInsufficientSecurity)
}

// told returns the error of a client whose handshake may have been over when
// the server found the fault.
func told(client *tls13.Conn, err error) error {
	if err == nil {
		_, err = client.Read(make([]byte, 1))
	}
	return err
}

// TestEmptyDataInHandshake sends application data that is empty, and so has
// nothing to say against it but its place.
func TestEmptyDataInHandshake(t *testing.T) {
	for _, kind := range []byte{clientHello, serverHello, encryptedExtensions, finished} {
		clientConfig, serverConfig := configs()
		client, server := pair(t, clientConfig, serverConfig)
		fromClient := kind == clientHello || kind == finished
		bad := server
		if fromClient {
			bad = client
		}
		bad.SetOutgoing(func(message []byte) []byte {
			if message[0] == kind {
				bad.Inject(kindApplication, nil)
			}
			return message
		})
		clientErr, serverErr := handshake(client, server)
		if fromClient {
			wantAlert(t, serverErr, told(client, clientErr), tls13.AlertUnexpectedMessage)
		} else {
			wantAlert(t, clientErr, serverErr, tls13.AlertUnexpectedMessage)
		}
	}
}

// A trailedConn sends more after what is written to it first.
type trailedConn struct {
	net.Conn
	trail []byte
}

func (c *trailedConn) Write(b []byte) (int, error) {
	_, err := c.Conn.Write(slices.Concat(b, c.trail))
	c.trail = nil
	return len(b), err
}

// dataRecords are unprotected records of application data, which look like
// protected ones to whoever cannot decrypt them.
func dataRecords(sizes ...int) (records []byte) {
	for _, n := range sizes {
		records = append(records, kindApplication, 3, 3, byte(n>>8), byte(n))
		records = append(records, make([]byte, n)...)
	}
	return records
}

const extEarlyData = 42

// TestSkippedEarlyData counts how much of 0-RTT a server reads over, before a
// second ClientHello and before the client's Finished.
func TestSkippedEarlyData(t *testing.T) {
	const most = tls13.MaxSkippedBytes
	for _, test := range []struct {
		retry bool
		sizes []int
		alert tls13.Alert // zero for success
	}{
		{true, []int{4}, 0},
		{true, []int{most}, 0},
		{true, []int{10000, most - 10000}, 0},
		{true, []int{most + 1}, tls13.AlertUnexpectedMessage},
		{true, slices.Repeat([]int{0}, most+1), tls13.AlertUnexpectedMessage},
		{false, []int{4}, 0},
		{false, []int{most}, 0},
		{false, []int{10000, most - 9999}, tls13.AlertBadRecordMAC},
	} {
		clientConfig, serverConfig := configs()
		if test.retry {
			clientConfig.Provider = must(clientConfig.Provider.WithShares())
		}
		c, s := tcpPair(t)
		client := tls13.Client(&trailedConn{c, dataRecords(test.sizes...)}, clientConfig)
		server := tls13.Server(s, serverConfig)
		client.SetOutgoing(bendHello(clientHello, 1, func(h *hello) { h.set(extEarlyData, nil) }))
		clientErr, serverErr := handshakeOn(client, server)
		if test.alert != 0 {
			wantAlert(t, serverErr, told(client, clientErr), test.alert)
		} else if clientErr != nil || serverErr != nil {
			t.Errorf("retry %v, %d records: client: %v, server: %v", test.retry, len(test.sizes), clientErr, serverErr)
		}
	}
}

// TestEarlyDataAfterRetry looks where the skipping ends: at the first byte of
// the second ClientHello, which asks for nothing by its early_data.
func TestEarlyDataAfterRetry(t *testing.T) {
	clientConfig, serverConfig := configs()
	clientConfig.Provider = must(clientConfig.Provider.WithShares())
	early := func(n int) func(*tls13.Conn) {
		return func(c *tls13.Conn) {
			c.SetOutgoing(bendHello(clientHello, n, func(h *hello) { h.set(extEarlyData, nil) }))
		}
	}
	t.Run("inside the second hello", func(t *testing.T) {
		client, server := pair(t, clientConfig, serverConfig)
		bend, seen := bendHello(clientHello, 1, func(h *hello) { h.set(extEarlyData, nil) }), 0
		client.SetOutgoing(func(message []byte) []byte {
			message = bend(message)
			if message[0] == clientHello {
				if seen++; seen == 2 {
					client.Inject(kindHandshake, message[:10])
					client.Inject(kindApplication, []byte{1})
				}
			}
			return message
		})
		clientErr, serverErr := handshake(client, server)
		wantAlert(t, serverErr, clientErr, tls13.AlertUnexpectedMessage)
		if !strings.Contains(serverErr.Error(), "application data") {
			t.Errorf("server: %v, want it to blame the application data", serverErr)
		}
	})
	t.Run("asked for by the second hello", func(t *testing.T) {
		client, server := pair(t, clientConfig, serverConfig)
		early(2)(client)
		if clientErr, serverErr := handshake(client, server); clientErr != nil || serverErr != nil {
			t.Errorf("client: %v, server: %v", clientErr, serverErr)
		}
	})
}

// TestFragmentsFromTheStart has every record be small, not only those after
// the sizes were negotiated.
func TestFragmentsFromTheStart(t *testing.T) {
	clientConfig, serverConfig := configs()
	clientConfig.MaxFragment, serverConfig.MaxFragment = 100, 100
	_, _, clientOut, serverOut := connectRecorded(t, clientConfig, serverConfig)
	for side, out := range map[string]*recordConn{"client": clientOut, "server": serverOut} {
		if got := out.largest(kindHandshake); got != 100 {
			t.Errorf("largest unprotected record of the %s: %d bytes, want 100", side, got)
		}
	}
}

// TestServerHelloDetails has the alerts that RFC 8446 does not name.
func TestServerHelloDetails(t *testing.T) {
	compression := func(h *hello) { h.fixed[len(h.fixed)-1] = 1 }
	for _, test := range []struct {
		name  string
		retry bool
		bend  func([]byte) []byte
		alert tls13.Alert
	}{
		{"compression", false, bendHello(serverHello, 1, compression), tls13.AlertDecodeError},
		{"compression in a retry", true, bendHello(serverHello, 1, compression), tls13.AlertDecodeError},
		{"no version after a retry", true, bendHello(serverHello, 2, func(h *hello) { h.remove(extVersions) }), tls13.AlertIllegalParameter},
		{"known extension twice", true, bendHello(serverHello, 1, func(h *hello) { h.extensions = append(h.extensions, h.extensions[0]) }), tls13.AlertIllegalParameter},
		{"unknown extension twice", false, bendHello(serverHello, 1, func(h *hello) {
			h.extensions = append(h.extensions, ext{0xffff, nil}, ext{0xffff, nil})
		}), tls13.AlertDecodeError},
	} {
		t.Run(test.name, func(t *testing.T) {
			clientConfig, serverConfig := configs()
			if test.retry {
				clientConfig.Provider = must(clientConfig.Provider.WithShares())
			}
			client, server := pair(t, clientConfig, serverConfig)
			server.SetOutgoing(test.bend)
			clientErr, serverErr := handshake(client, server)
			wantAlert(t, clientErr, serverErr, test.alert)
		})
	}
}

// TestOneAnswerWhileSilent asks a silent peer for KeyUpdates, which it answers
// at once and once.
func TestOneAnswerWhileSilent(t *testing.T) {
	clientConfig, serverConfig := configs()
	client, server, _, serverOut := connectRecorded(t, clientConfig, serverConfig)
	records := func() int {
		serverOut.mutex.Lock()
		defer serverOut.mutex.Unlock()
		return len(serverOut.records)
	}
	before := records()
	for round := range 3 {
		for range 5 {
			if err := client.KeyUpdate(true); err != nil {
				t.Fatal(err)
			}
		}
		exchange(t, client, server, []byte("ping"))
		exchange(t, server, client, []byte("pong"))
		if got, want := records()-before, 2*(round+1); got != want {
			t.Errorf("round %d: server sent %d records, want %d", round, got, want)
		}
	}
}

// TestMisplacedExtensions puts extensions that the client knows into messages
// that they are not for, and ones that it does not know beside them.
func TestMisplacedExtensions(t *testing.T) {
	schemes := ext{extSignatures, []byte{0, 2, 4, 3}}
	unknown := ext{0x5555, []byte{1}}
	for _, test := range []struct {
		name string
		list []ext
		want bool
	}{
		{"only its own", []ext{schemes}, true},
		{"unknown", []ext{unknown, schemes}, true},
		{"certificate_authorities", []ext{schemes, {extAuthorities, []byte{0, 3, 0, 1, 'n'}}}, true},
		{"signature_algorithms_cert", []ext{schemes, {extSignaturesCert, []byte{0, 2, 4, 3}}}, true},
		{"key_share", []ext{schemes, {extKeyShare, []byte{0, 29}}}, false},
		{"cookie", []ext{{extCookie, []byte{0, 1, 0}}, schemes}, false},
	} {
		t.Run("CertificateRequest/"+test.name, func(t *testing.T) {
			clientConfig, serverConfig := configs()
			client, server := pair(t, clientConfig, serverConfig)
			request := message(certificateRequest, append([]byte{0}, extensions(test.list...)...))
			server.SetOutgoing(func(m []byte) []byte {
				if m[0] == certificate {
					server.Inject(kindHandshake, request)
				}
				return m
			})
			// The server's transcript lacks what it injects: a client that takes
			// the request goes on, to a signature that does not fit.
			clientErr, serverErr := handshake(client, server)
			alert := tls13.AlertIllegalParameter
			if test.want {
				alert = tls13.AlertDecryptError
			}
			wantAlert(t, clientErr, serverErr, alert)
		})
	}

	earlyData := ext{extEarlyData, []byte{0, 0, 0, 1}}
	for _, test := range []struct {
		name string
		list []ext
		want bool
	}{
		{"only its own", []ext{earlyData}, true},
		{"unknown", []ext{unknown, earlyData}, true},
		{"supported_versions", []ext{earlyData, {extVersions, []byte{3, 4}}}, false},
	} {
		t.Run("NewSessionTicket/"+test.name, func(t *testing.T) {
			clientConfig, serverConfig := configs()
			client, server := connect(t, clientConfig, serverConfig)
			// A lifetime, an age, a nonce and a ticket.
			ticket := append([]byte{0, 0, 1, 0, 1, 2, 3, 4, 1, 0, 0, 1, 't'}, extensions(test.list...)...)
			server.Inject(kindHandshake, message(newSessionTicket, ticket))
			if err := server.Flush(); err != nil {
				t.Fatal(err)
			}
			if test.want {
				exchange(t, server, client, []byte("after the ticket"))
				return
			}
			clientErr := told(client, nil)
			wantAlert(t, clientErr, told(server, nil), tls13.AlertIllegalParameter)
		})
	}
}
