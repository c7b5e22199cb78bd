package cryptotls

import (
	"context"
	"crypto/ecdh"
	"crypto/fips140"
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/hybrid"
	"github.com/pqkx/pqkx/internal/peers"
	"github.com/pqkx/pqkx/preset"
	"github.com/pqkx/pqkx/tls13"
)

// TestQUIC runs the handshake as a QUIC stack does, without one.
func TestQUIC(t *testing.T) {
	needsOverlay(t)
	set(t, preset.All())
	for _, id := range []pqkx.NamedGroup{pqkx.X25519MLKEM768, pqkx.X25519Kyber768Draft00, pqkx.MLKEM512} {
		e := pair(t)
		for _, c := range []*tls.Config{e.client, e.server} {
			c.MinVersion, c.NextProtos = tls.VersionTLS13, []string{"test"}
		}
		e.server.CurvePreferences = curves(id)
		client := tls.QUICClient(&tls.QUICConfig{TLSConfig: e.client})
		server := tls.QUICServer(&tls.QUICConfig{TLSConfig: e.server})
		if err := runQUIC(t.Context(), client, server); err != nil {
			t.Errorf("%v: %v", id, err)
		}
		for _, q := range []*tls.QUICConn{client, server} {
			if state := q.ConnectionState(); state.CurveID != tls.CurveID(id) || state.HelloRetryRequest == (id == pqkx.X25519MLKEM768) {
				t.Errorf("%v: got %v, HelloRetryRequest %v", id, state.CurveID, state.HelloRetryRequest)
			}
		}
	}
}

// runQUIC passes messages between the two until both are done.
func runQUIC(ctx context.Context, client, server *tls.QUICConn) error {
	ends := []*tls.QUICConn{client, server}
	for _, q := range ends {
		q.SetTransportParameters(nil)
		if err := q.Start(ctx); err != nil {
			return err
		}
	}
	for done := 0; done < len(ends); {
		idle := true
		for i, q := range ends {
			for e := q.NextEvent(); e.Kind != tls.QUICNoEvent; e = q.NextEvent() {
				idle = false
				switch e.Kind {
				case tls.QUICWriteData:
					if err := ends[1-i].HandleData(e.Level, e.Data); err != nil {
						return err
					}
				case tls.QUICHandshakeDone:
					done++
				}
			}
		}
		if idle {
			return errors.New("both sides wait")
		}
	}
	return nil
}

// TestECH makes connections with Encrypted Client Hello, where the shares are in
// two hellos, without and with a HelloRetryRequest.
func TestECH(t *testing.T) {
	needsOverlay(t)
	set(t, preset.All())
	key := must(ecdh.X25519().GenerateKey(rand.Reader))
	config := echConfig(key.PublicKey().Bytes())
	for _, id := range []pqkx.NamedGroup{pqkx.X25519MLKEM768, pqkx.X25519Kyber768Draft00} {
		e := pair(t)
		e.client.EncryptedClientHelloConfigList = append(binary.BigEndian.AppendUint16(nil, uint16(len(config))), config...)
		e.client.MinVersion, e.server.MinVersion = tls.VersionTLS13, tls.VersionTLS13
		e.server.EncryptedClientHelloKeys = []tls.EncryptedClientHelloKey{{Config: config, PrivateKey: key.Bytes()}}
		e.server.CurvePreferences = curves(id)
		state, _ := handshake(t, e)
		if !state.ECHAccepted || state.CurveID != tls.CurveID(id) {
			t.Errorf("ECH accepted %v, group %v", state.ECHAccepted, state.CurveID)
		}
	}
}

// echConfig returns an ECHConfig (RFC 9849, section 4) for an X25519 key with
// HKDF-SHA256 and AES-128-GCM.
func echConfig(key []byte) []byte {
	const name = "public.example"
	body := []byte{1, 0, 0x20, 0, byte(len(key))} // config_id, kem_id, length
	body = append(body, key...)
	body = append(body, 0, 4, 0, 1, 0, 1, 32, byte(len(name))) // cipher_suites, maximum_name_length
	body = append(body, name...)
	body = append(body, 0, 0) // extensions
	return append([]byte{0xfe, 0x0d, 0, byte(len(body))}, body...)
}

// TestFIPS runs itself in a process in FIPS 140-3 mode, where crypto/tls keeps
// its own groups.
func TestFIPS(t *testing.T) {
	needsOverlay(t)
	if !fips140.Enabled() {
		for _, mode := range []string{"on", "only"} {
			cmd := exec.Command(must(os.Executable()), "-test.run=^TestFIPS$", "-test.v")
			cmd.Env = append(os.Environ(), "GODEBUG=fips140="+mode, "PQKX_TEST_FIPS="+mode)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("fips140=%s: %v\n%s", mode, err, out)
			}
		}
		return
	}
	var made, answered int
	counting := bent{Group: hybrid.StandardX25519MLKEM768(), made: &made, answered: &answered}
	p := must(pqkx.New(counting, hybrid.StandardSecP256r1MLKEM768()))
	set(t, p)
	made = 0
	e := pair(t)
	if state, _ := handshake(t, e); state.CurveID != tls.X25519MLKEM768 || made+answered != 0 {
		t.Errorf("got %v, with %d uses of the provider", state.CurveID, made+answered)
	}
	e.client.CurvePreferences = curves(pqkx.Secp384r1)
	if state, _ := handshake(t, e); state.CurveID != tls.CurveP384 {
		t.Errorf("got %v, want crypto/tls's own P-384", state.CurveID)
	}
	set(t, must(p.WithPolicy(pqkx.Require)))
	if c, _ := attempt(t, e); c.err == nil {
		t.Error("require: no error for a classical group")
	}
}

func TestHTTP(t *testing.T) {
	needsOverlay(t)
	set(t, preset.All())
	for _, id := range []pqkx.NamedGroup{pqkx.X25519MLKEM768, pqkx.X25519Kyber768Draft00} {
		for _, proto := range []string{"HTTP/1.1", "HTTP/2.0"} {
			s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				fmt.Fprint(w, r.Proto, " ", r.TLS.CurveID)
			}))
			s.EnableHTTP2 = proto == "HTTP/2.0"
			s.TLS = &tls.Config{CurvePreferences: curves(id)}
			s.StartTLS()
			r, err := s.Client().Get(s.URL)
			if err != nil {
				t.Fatal(err)
			}
			body := must(io.ReadAll(r.Body))
			r.Body.Close()
			s.Close()
			if want := proto + " " + id.String(); string(body) != want || r.TLS.CurveID != tls.CurveID(id) {
				t.Errorf("server says %q, client %v; want %q", body, r.TLS.CurveID, want)
			}
		}
	}
}

// TestOtherHost connects crypto/tls and our own stack, both ways.
func TestOtherHost(t *testing.T) {
	needsOverlay(t)
	set(t, preset.All())
	c := peers.NewCredentials(t)
	for _, g := range preset.All().Groups() {
		only := must(pqkx.New(g))
		t.Run(g.ID().String(), func(t *testing.T) {
			across(t, func(conn net.Conn) handshaker {
				return tls.Client(conn, &tls.Config{RootCAs: c.Roots, ServerName: "localhost"})
			}, func(conn net.Conn) handshaker {
				return tls13.Server(conn, &tls13.Config{Provider: only, Certificates: []tls.Certificate{c.Certificate}})
			})
			across(t, func(conn net.Conn) handshaker {
				return tls13.Client(conn, &tls13.Config{Provider: only, RootCAs: c.Roots, ServerName: "localhost"})
			}, func(conn net.Conn) handshaker {
				return tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{c.Certificate}})
			})
		})
	}
}

type handshaker interface {
	net.Conn
	Handshake() error
}

func across(t *testing.T, client, server func(net.Conn) handshaker) {
	t.Helper()
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	defer l.Close()
	failed := make(chan error, 1)
	go func() {
		conn, err := l.Accept()
		if err == nil {
			err = echo(server(conn), true)
		}
		failed <- err
	}()
	err := echo(client(must(net.Dial("tcp", l.Addr().String()))), false)
	if err := errors.Join(err, <-failed); err != nil {
		t.Error(err)
	}
}

func echo(c handshaker, server bool) error {
	defer c.Close()
	c.SetDeadline(time.Now().Add(peers.Limit))
	if err := c.Handshake(); err != nil {
		return err
	}
	b := []byte("ping")
	if !server {
		if _, err := c.Write(b); err != nil {
			return err
		}
	}
	if _, err := io.ReadFull(c, b); err != nil {
		return err
	}
	if server {
		_, err := c.Write(b)
		return err
	}
	return nil
}
