package tls13_test

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/tls13"
)

// A recordConn notes the records that are written.
type recordConn struct {
	net.Conn
	mutex   sync.Mutex
	pending []byte
	records []record
}

type record struct {
	kind byte
	size int
}

func (c *recordConn) Write(b []byte) (int, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.pending = append(c.pending, b...)
	for len(c.pending) >= 5 {
		size := int(binary.BigEndian.Uint16(c.pending[3:]))
		if len(c.pending) < 5+size {
			break
		}
		c.records = append(c.records, record{c.pending[0], size})
		c.pending = c.pending[5+size:]
	}
	return c.Conn.Write(b)
}

// largest returns the size of the largest record of a kind.
func (c *recordConn) largest(kind byte) (size int) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for _, r := range c.records {
		if r.kind == kind {
			size = max(size, r.size)
		}
	}
	return size
}

// connectRecorded is connect with what both sides write noted.
func connectRecorded(t *testing.T, clientConfig, serverConfig *tls13.Config) (client, server *tls13.Conn, clientOut, serverOut *recordConn) {
	t.Helper()
	c, s := tcpPair(t)
	clientOut, serverOut = &recordConn{Conn: c}, &recordConn{Conn: s}
	client, server = tls13.Client(clientOut, clientConfig), tls13.Server(serverOut, serverConfig)
	if clientErr, serverErr := handshakeOn(client, server); clientErr != nil || serverErr != nil {
		t.Fatalf("handshake: client: %v, server: %v", clientErr, serverErr)
	}
	return client, server, clientOut, serverOut
}

const (
	kindCCS         = 20
	kindHandshake   = 22
	kindApplication = 23
	overhead        = 1 + 16 // type byte and tag
)

func TestRecordSizes(t *testing.T) {
	data := make([]byte, 100_000)
	for _, test := range []struct {
		name                   string
		clientLimit, peerLimit int
		wantClient, wantServer int // largest plaintext each way
	}{
		{"default", 0, 0, 1 << 14, 1 << 14},
		{"the client's", 100, 0, 100, 100}, // the server obeys record_size_limit
		{"the server's", 0, 200, 1 << 14, 200},
		{"both", 300, 200, 200, 200},
		{"smallest", 64, 64, 64, 64},
	} {
		t.Run(test.name, func(t *testing.T) {
			clientConfig, serverConfig := configs()
			clientConfig.MaxFragment, serverConfig.MaxFragment = test.clientLimit, test.peerLimit
			client, server, clientOut, serverOut := connectRecorded(t, clientConfig, serverConfig)
			exchange(t, client, server, data)
			exchange(t, server, client, data)
			if got := clientOut.largest(kindApplication) - overhead; got != test.wantClient {
				t.Errorf("largest record of the client: %d bytes, want %d", got, test.wantClient)
			}
			if got := serverOut.largest(kindApplication) - overhead; got != test.wantServer {
				t.Errorf("largest record of the server: %d bytes, want %d", got, test.wantServer)
			}
		})
	}
	for _, bad := range []int{-1, 1, 63, 1<<14 + 1} {
		clientConfig, serverConfig := configs()
		clientConfig.MaxFragment = bad
		client, _ := pair(t, clientConfig, serverConfig)
		if err := client.Handshake(); err == nil {
			t.Errorf("MaxFragment %d: no error", bad)
		}
	}
}

// TestMiddleboxCompatibility looks for the change_cipher_spec records of RFC
// 8446, appendix D.4, one from each side, with and without a retry.
func TestMiddleboxCompatibility(t *testing.T) {
	for _, retry := range []bool{false, true} {
		clientConfig, serverConfig := configs()
		if retry {
			clientConfig.Provider = must(clientConfig.Provider.WithShares())
		}
		_, _, clientOut, serverOut := connectRecorded(t, clientConfig, serverConfig)
		for side, out := range map[string]*recordConn{"client": clientOut, "server": serverOut} {
			n := 0
			for _, r := range out.records {
				if r.kind == kindCCS {
					n++
				}
			}
			if n != 1 {
				t.Errorf("retry %v: %s sent %d change_cipher_spec records, want 1", retry, side, n)
			}
		}
	}
}

// TestCookie lets a server of ours send a cookie, which it does not do by itself,
// and looks at the second ClientHello: it has the cookie to the byte, the share
// that was asked for, or the shares of the first if none was, and all else as
// before (RFC 8446, sections 4.1.2 and 4.2.2).
func TestCookie(t *testing.T) {
	cookie := bytes.Repeat([]byte("cookie"), 50)
	extension := append(binary.BigEndian.AppendUint16(nil, uint16(len(cookie))), cookie...)
	for _, group := range []pqkx.NamedGroup{0, pqkx.Secp384r1} { // zero: the cookie alone
		clientConfig, serverConfig := configs()
		clientConfig.Provider = provider(t, pqkx.SecP256r1MLKEM768, pqkx.Secp256r1, pqkx.Secp384r1)
		client, server := pair(t, clientConfig, serverConfig)
		var hellos []*hello
		client.SetOutgoing(func(message []byte) []byte {
			hellos = append(hellos, parseHello(message))
			return message
		})
		server.SetOutgoing(bendHello(serverHello, 1, func(h *hello) {
			asRetry(h, group)
			h.set(extCookie, extension)
		}))
		clientErr, serverErr := handshake(client, server)
		if clientErr == nil || serverErr == nil {
			t.Error("a server took a cookie that it did not send")
		}
		if len(hellos) != 2 || !client.ConnectionState().HelloRetryRequest {
			t.Fatalf("group %v: %d hellos; client: %v", group, len(hellos), clientErr)
		}
		first, second := hellos[0], hellos[1]
		if got := second.get(extCookie); !bytes.Equal(got, extension) {
			t.Errorf("group %v: cookie %x, want %x", group, got, extension)
		}
		if shares := second.shares(); group != 0 && (len(shares) != 1 || shares[0].group != group) {
			t.Errorf("group %v: %d shares", group, len(shares))
		}
		second.remove(extCookie)
		if group != 0 {
			first.remove(extKeyShare)
			second.remove(extKeyShare)
		}
		if !bytes.Equal(second.marshal(), first.marshal()) {
			t.Errorf("group %v: more than the cookie and the share has changed", group)
		}
	}
}

// TestGREASE lets a client offer values that stand for nothing (RFC 8701)
// wherever a list has room.
func TestGREASE(t *testing.T) {
	clientConfig, serverConfig := configs()
	client, server := pair(t, clientConfig, serverConfig)
	client.SetOutgoing(bendHello(clientHello, 1, func(h *hello) {
		grease := share{0x4A4A, []byte{0}}
		h.setShares(append([]share{grease}, h.shares()...)...)
		h.setGroups(append([]pqkx.NamedGroup{0x4A4A}, clientConfig.Provider.SupportedGroups()...)...)
		h.set(extVersions, []byte{4, 0x7A, 0x7A, 3, 4})
		h.extensions = append([]ext{{0x2A2A, nil}}, h.extensions...)
		h.set(0x3A3A, []byte{0})
		h.set(extSignatures, append([]byte{0, h.get(extSignatures)[1] + 2, 0x0A, 0x0A}, h.get(extSignatures)[2:]...))
	}))
	if clientErr, serverErr := handshake(client, server); clientErr != nil || serverErr != nil {
		t.Fatalf("client: %v, server: %v", clientErr, serverErr)
	}
	if got := server.ConnectionState().OfferedGroups[0]; !got.GREASE() {
		t.Errorf("first offered group %v, want GREASE", got)
	}
	exchange(t, client, server, []byte("data"))
}

// TestAutomaticKeyUpdate lets a key reach its limit of records.
func TestAutomaticKeyUpdate(t *testing.T) {
	clientConfig, serverConfig := configs()
	clientConfig.CipherSuites = []uint16{tls13.TLS_AES_128_GCM_SHA256}
	client, server := connect(t, clientConfig, serverConfig)
	before := client.WriteKey()
	client.SetWritten(1<<24 - 2)
	server.SetRead(1<<24 - 2)
	data := bytes.Repeat([]byte("data"), 1<<14) // four records
	exchange(t, client, server, data)
	if bytes.Equal(before, client.WriteKey()) {
		t.Error("the key was not updated")
	}
	exchange(t, server, client, data)
}

// TestConfigIsChecked is for mistakes that would show late.
// TestPlainText: whoever answers in plain text is quoted, as far as it has
// come, and only where nothing of TLS has come before.
func TestPlainText(t *testing.T) {
	clientConfig, serverConfig := configs()
	for _, test := range []struct {
		name, sent, want string
		isClient         bool
	}{
		{"client", "220 mail.example ESMTP\r\n", `it sent "220 mail.example ESMTP\r\n"`, true},
		{"server", "GET /" + strings.Repeat("x", 100), `it sent "GET /` + strings.Repeat("x", 27) + `"`, false},
		{"server", "\x80\x2e\x01\x00\x02", `it sent "\x80.\x01\x00\x02"`, false},
		{"later", "\x16\x03\x01\x00\x01\x01hello", "unexpected record type 104 (sent", false},
	} {
		near, far := tcpPair(t)
		must(io.WriteString(far, test.sent))
		conn := tls13.Server(near, serverConfig)
		if test.isClient {
			conn = tls13.Client(near, clientConfig)
		}
		var fault *tls13.AlertError
		err := conn.Handshake()
		if !errors.As(err, &fault) || fault.Alert != tls13.AlertUnexpectedMessage || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s gets %q: %v, want %s", test.name, test.sent, err, test.want)
		}
	}
}

func TestConfigIsChecked(t *testing.T) {
	for name, change := range map[string]func(client, server *tls13.Config){
		"no provider":    func(c, s *tls13.Config) { c.Provider, s.Provider = nil, nil },
		"no server name": func(c, s *tls13.Config) { c.ServerName = ""; s.Certificates = nil },
		"unknown suite":  func(c, s *tls13.Config) { c.CipherSuites, s.CipherSuites = []uint16{1}, []uint16{1} },
		"empty protocol": func(c, s *tls13.Config) { c.NextProtos, s.NextProtos = []string{""}, []string{""} },
		"useless key": func(c, s *tls13.Config) {
			c.Provider = nil
			s.Certificates = []tls.Certificate{{Certificate: [][]byte{{0}}}}
		},
		"chain without key": func(c, s *tls13.Config) { c.Provider = nil; s.Certificates[0].PrivateKey = nil },
	} {
		clientConfig, serverConfig := configs()
		change(clientConfig, serverConfig)
		a, b := net.Pipe()
		go io.Copy(io.Discard, b)
		if err := tls13.Client(a, clientConfig).Handshake(); err == nil {
			t.Errorf("client, %s: no error", name)
		}
		if err := tls13.Server(a, serverConfig).Handshake(); err == nil {
			t.Errorf("server, %s: no error", name)
		}
		if l, err := tls13.Listen("tcp", "127.0.0.1:0", serverConfig); err == nil {
			l.Close()
			t.Errorf("Listen, %s: no error", name)
		}
		a.Close()
		b.Close()
	}
}
