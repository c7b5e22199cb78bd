package tls13_test

import (
	"bytes"
	"context"
	"crypto/fips140"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/preset"
	"github.com/pqkx/pqkx/tls13"
)

func provider(t testing.TB, ids ...pqkx.NamedGroup) *pqkx.Provider {
	t.Helper()
	var groups []pqkx.Group
	for _, id := range ids {
		g, ok := preset.All().Group(id)
		if !ok {
			t.Skipf("group %v is not approved for GODEBUG=fips140=only", id)
		}
		groups = append(groups, g)
	}
	return must(pqkx.New(groups...))
}

func TestEveryGroup(t *testing.T) {
	for _, g := range preset.All().Groups() {
		t.Run(g.ID().String(), func(t *testing.T) {
			clientConfig, serverConfig := configs()
			clientConfig.Provider = provider(t, g.ID())
			client, server := connect(t, clientConfig, serverConfig)
			for side, conn := range map[string]*tls13.Conn{"client": client, "server": server} {
				state := conn.ConnectionState()
				if state.Group != g.ID() || state.PostQuantum != pqkx.IsPostQuantum(g) || state.HelloRetryRequest || !state.HandshakeComplete {
					t.Errorf("%s: state %+v", side, state)
				}
				if diff := cmp.Diff([]pqkx.NamedGroup{g.ID()}, state.OfferedShares); diff != "" {
					t.Errorf("%s: offered shares (-want +got):\n%s", side, diff)
				}
			}
			exchange(t, client, server, []byte("from the client"))
			exchange(t, server, client, bytes.Repeat([]byte("from the server"), 10000))
			exchange(t, client, server, bytes.Repeat([]byte("from the client"), 10000))
		})
	}
}

func TestRetryForEveryGroup(t *testing.T) {
	for _, g := range preset.All().Groups() {
		t.Run(g.ID().String(), func(t *testing.T) {
			clientConfig, serverConfig := configs()
			clientConfig.Provider = must(preset.All().WithShares())
			serverConfig.Provider = provider(t, g.ID())
			client, server := connect(t, clientConfig, serverConfig)
			for side, conn := range map[string]*tls13.Conn{"client": client, "server": server} {
				state := conn.ConnectionState()
				if state.Group != g.ID() || !state.HelloRetryRequest || len(state.OfferedShares) != 0 {
					t.Errorf("%s: state %+v", side, state)
				}
			}
			exchange(t, client, server, []byte("from the client"))
			exchange(t, server, client, []byte("from the server"))
		})
	}
}

func TestSuitesAndCertificates(t *testing.T) {
	suites := []uint16{tls13.TLS_AES_128_GCM_SHA256, tls13.TLS_AES_256_GCM_SHA384, tls13.TLS_CHACHA20_POLY1305_SHA256}
	for _, suite := range suites {
		if fips140.Enforced() && suite == tls13.TLS_CHACHA20_POLY1305_SHA256 {
			continue
		}
		for name, key := range keys {
			t.Run(tls.CipherSuiteName(suite)+"/"+name, func(t *testing.T) {
				clientConfig, serverConfig := configs()
				clientConfig.CipherSuites = []uint16{suite}
				serverConfig.Certificates = []tls.Certificate{root().leaf(key(), serverName)}
				client, server := connect(t, clientConfig, serverConfig)
				state := client.ConnectionState()
				if state.CipherSuite != suite || len(state.VerifiedChains) != 1 || len(state.PeerCertificates) != 1 {
					t.Errorf("state %+v", state)
				}
				exchange(t, client, server, []byte("data"))
			})
		}
	}
}

// TestAgainstCryptoTLS is a first foreign peer; package peers has the others.
func TestAgainstCryptoTLS(t *testing.T) {
	clientConfig, serverConfig := configs()
	clientConfig.NextProtos, serverConfig.NextProtos = []string{"b", "a"}, []string{"a", "b"}
	goServer := &tls.Config{Certificates: serverConfig.Certificates, NextProtos: []string{"b"}}
	goClient := &tls.Config{RootCAs: clientConfig.RootCAs, ServerName: serverName, NextProtos: []string{"b"}}
	check := func(t *testing.T, ours *tls13.Conn, theirs *tls.Conn) {
		done := make(chan error, 1)
		go func() { done <- theirs.Handshake() }()
		if err := ours.Handshake(); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		state := ours.ConnectionState()
		if got := theirs.ConnectionState(); uint16(got.CurveID) != uint16(state.Group) ||
			got.NegotiatedProtocol != "b" || state.NegotiatedProtocol != "b" || got.HelloRetryRequest != state.HelloRetryRequest {
			t.Errorf("they have %v %q, we have %v %q", got.CurveID, got.NegotiatedProtocol, state.Group, state.NegotiatedProtocol)
		}
		ekm := must(state.ExportKeyingMaterial("label", []byte("context"), 40))
		theirState := theirs.ConnectionState()
		if want := must(theirState.ExportKeyingMaterial("label", []byte("context"), 40)); !bytes.Equal(ekm, want) {
			t.Errorf("exported %x, want %x", ekm, want)
		}
		go io.Copy(theirs, theirs)
		data := bytes.Repeat([]byte("there and back again"), 5000)
		go func() {
			ours.Write(data[:100])
			ours.KeyUpdate(true)
			ours.Write(data[100:])
		}()
		got := make([]byte, len(data))
		if _, err := io.ReadFull(ours, got); err != nil || !bytes.Equal(got, data) {
			t.Errorf("echo: %v", err)
		}
	}
	t.Run("server", func(t *testing.T) {
		c, s := tcpPair(t)
		check(t, tls13.Client(c, clientConfig), tls.Server(s, goServer))
	})
	t.Run("client", func(t *testing.T) {
		c, s := tcpPair(t)
		check(t, tls13.Server(s, serverConfig), tls.Client(c, goClient))
	})
	t.Run("server/retry", func(t *testing.T) {
		c, s := tcpPair(t)
		retrying := *clientConfig
		retrying.Provider = must(preset.Default().WithShares())
		check(t, tls13.Client(c, &retrying), tls.Server(s, goServer))
	})
	t.Run("client/retry", func(t *testing.T) {
		c, s := tcpPair(t)
		retrying := *serverConfig
		retrying.Provider = provider(t, pqkx.Secp384r1)
		check(t, tls13.Server(s, &retrying), tls.Client(c, goClient))
	})
}

func TestHTTP(t *testing.T) {
	clientConfig, serverConfig := configs()
	clientConfig.ServerName = "" // by the address
	l := must(tls13.Listen("tcp", "127.0.0.1:0", serverConfig))
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(w, r.Body)
	})}
	go srv.Serve(l)
	defer srv.Close()
	transport := &http.Transport{DialTLSContext: (&tls13.Dialer{Config: clientConfig}).DialContext}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: 20 * time.Second}
	body := bytes.Repeat([]byte("body"), 100000)
	for range 2 { // the second request reuses the connection
		resp, err := client.Post("https://"+l.Addr().String(), "text/plain", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || !bytes.Equal(got, body) {
			t.Errorf("got %d bytes and %v, want the body back", len(got), err)
		}
	}
}

func TestPolicy(t *testing.T) {
	classical := []pqkx.NamedGroup{pqkx.Secp256r1, pqkx.Secp384r1}
	pq := pqkx.SecP256r1MLKEM768
	for _, test := range []struct {
		name           string
		client, server []pqkx.NamedGroup
		clientPolicy   pqkx.Policy
		serverPolicy   pqkx.Policy
		group          pqkx.NamedGroup // zero for a refusal
		shares         []pqkx.NamedGroup
		retry          bool
	}{
		{"prefer", []pqkx.NamedGroup{pq, pqkx.Secp256r1}, []pqkx.NamedGroup{pqkx.Secp256r1, pq}, pqkx.Prefer, pqkx.Prefer,
			pq, []pqkx.NamedGroup{pq, pqkx.Secp256r1}, false},
		{"prefer, classical first", []pqkx.NamedGroup{pqkx.Secp256r1, pq}, []pqkx.NamedGroup{pq}, pqkx.Prefer, pqkx.Prefer,
			pq, []pqkx.NamedGroup{pqkx.Secp256r1, pq}, false},
		{"prefer, old server", []pqkx.NamedGroup{pq, pqkx.Secp256r1}, classical, pqkx.Prefer, pqkx.Prefer,
			pqkx.Secp256r1, []pqkx.NamedGroup{pq, pqkx.Secp256r1}, false},
		{"upgrade", []pqkx.NamedGroup{pq, pqkx.Secp256r1}, []pqkx.NamedGroup{pqkx.Secp256r1, pq}, pqkx.Upgrade, pqkx.Prefer,
			pq, []pqkx.NamedGroup{pqkx.Secp256r1}, true},
		{"upgrade, old server", []pqkx.NamedGroup{pq, pqkx.Secp256r1}, classical, pqkx.Upgrade, pqkx.Prefer,
			pqkx.Secp256r1, []pqkx.NamedGroup{pqkx.Secp256r1}, false},
		{"require", []pqkx.NamedGroup{pqkx.Secp256r1, pq}, []pqkx.NamedGroup{pqkx.Secp256r1, pq}, pqkx.Require, pqkx.Require,
			pq, []pqkx.NamedGroup{pq}, false},
		{"client requires, old server", []pqkx.NamedGroup{pq, pqkx.Secp256r1}, classical, pqkx.Require, pqkx.Prefer,
			0, []pqkx.NamedGroup{pq}, false},
		{"server requires, old client", classical, []pqkx.NamedGroup{pq, pqkx.Secp256r1}, pqkx.Prefer, pqkx.Require,
			0, []pqkx.NamedGroup{pqkx.Secp256r1}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			clientConfig, serverConfig := configs()
			clientConfig.Provider = must(provider(t, test.client...).WithPolicy(test.clientPolicy))
			serverConfig.Provider = must(provider(t, test.server...).WithPolicy(test.serverPolicy))
			client, server := pair(t, clientConfig, serverConfig)
			clientErr, serverErr := handshake(client, server)
			if test.group == 0 {
				if test.clientPolicy == pqkx.Require && !errors.Is(clientErr, pqkx.ErrClassical) {
					t.Errorf("client: got %v, want ErrClassical", clientErr)
				}
				if test.serverPolicy == pqkx.Require && !errors.Is(serverErr, pqkx.ErrClassical) {
					t.Errorf("server: got %v, want ErrClassical", serverErr)
				}
				if clientErr == nil || serverErr == nil {
					t.Errorf("handshake: client: %v, server: %v, want two errors", clientErr, serverErr)
				}
			} else if clientErr != nil || serverErr != nil {
				t.Fatalf("handshake: client: %v, server: %v", clientErr, serverErr)
			}
			state := server.ConnectionState()
			if diff := cmp.Diff(test.shares, state.OfferedShares); diff != "" {
				t.Errorf("offered shares (-want +got):\n%s", diff)
			}
			if state.Group != test.group || state.HelloRetryRequest != test.retry {
				t.Errorf("group %v, retry %v, want %v, %v", state.Group, state.HelloRetryRequest, test.group, test.retry)
			}
		})
	}
}

func TestHints(t *testing.T) {
	clientConfig, serverConfig := configs()
	clientConfig.Provider = provider(t, pqkx.SecP256r1MLKEM768, pqkx.SecP384r1MLKEM1024, pqkx.Secp256r1, pqkx.Secp384r1)
	clientConfig.Hints = tls13.NewHintCache(1)
	run := func(want, shares []pqkx.NamedGroup, retry bool) {
		t.Helper()
		serverConfig.Provider = provider(t, want...)
		client, _ := connect(t, clientConfig, serverConfig)
		state := client.ConnectionState()
		if state.Group != want[0] || state.HelloRetryRequest != retry || !slices.Equal(state.OfferedShares, shares) {
			t.Errorf("got %v, retry %v, shares %v, want %v, %v, %v",
				state.Group, state.HelloRetryRequest, state.OfferedShares, want[0], retry, shares)
		}
	}
	const pq, pq2, ec, ec2 = pqkx.SecP256r1MLKEM768, pqkx.SecP384r1MLKEM1024, pqkx.Secp256r1, pqkx.Secp384r1
	type list = []pqkx.NamedGroup
	run(list{pq2}, list{pq, ec}, true)
	run(list{pq2}, list{pq2, ec2}, false) // the hint saved a round trip
	run(list{ec2}, list{pq2, ec2}, false)
	run(list{ec2}, list{pq, ec2}, false) // a classical hint leaves the post-quantum share alone
	run(list{pq, ec}, list{pq, ec2}, false)
	clientConfig.ServerName = "other.test" // takes the one place in the cache
	serverConfig.Certificates = []tls.Certificate{root().leaf(keys["P-256"](), "other.test", serverName)}
	run(list{ec2}, list{pq, ec}, true)
	clientConfig.ServerName = serverName
	run(list{pq}, list{pq, ec}, false)
}

func TestKeyUpdates(t *testing.T) {
	clientConfig, serverConfig := configs()
	client, server := connect(t, clientConfig, serverConfig)
	for i := range 100 { // far more than may come in a row
		from, to := client, server
		if i%3 == 0 {
			from, to = server, client
		}
		if err := from.KeyUpdate(i%2 == 0); err != nil {
			t.Fatal(err)
		}
		exchange(t, from, to, fmt.Appendf(nil, "message %d", i))
		exchange(t, to, from, fmt.Appendf(nil, "answer %d", i))
	}
}

func TestClose(t *testing.T) {
	clientConfig, serverConfig := configs()
	client, server := connect(t, clientConfig, serverConfig)
	if err := client.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := server.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("Read after the peer's close_notify: %v, want EOF", err)
	}
	exchange(t, server, client, []byte("the other direction is open"))
	if _, err := client.Write([]byte("x")); err == nil {
		t.Error("Write after CloseWrite succeeded")
	}
	client.NetConn().Close()
	client, server = connect(t, clientConfig, serverConfig)
	client.NetConn().Close()
	if _, err := server.Read(make([]byte, 1)); err != io.ErrUnexpectedEOF {
		t.Errorf("Read after a truncation: %v, want ErrUnexpectedEOF", err)
	}
	if err := server.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := server.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("second Close: %v, want net.ErrClosed", err)
	}
}

func TestDeadlineAndContext(t *testing.T) {
	clientConfig, serverConfig := configs()
	client, server := connect(t, clientConfig, serverConfig)
	client.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	var timeout net.Error
	if _, err := client.Read(make([]byte, 1)); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("Read past the deadline: %v, want a time-out", err)
	}
	client.SetReadDeadline(time.Now().Add(10 * time.Second))
	exchange(t, server, client, []byte("a time-out is not the end"))

	c, _ := tcpPair(t)
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(20*time.Millisecond, cancel)
	if err := tls13.Client(c, clientConfig).HandshakeContext(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("HandshakeContext: %v, want context.Canceled", err)
	}
	_, s := tcpPair(t)
	serverConfig.HandshakeTimeout = 20 * time.Millisecond
	if err := tls13.Server(s, serverConfig).Handshake(); err == nil || errors.As(err, &timeout) {
		t.Errorf("Handshake with a silent client: %v, want the time-out of the Config", err)
	}
}

func TestVerification(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(client, server *tls13.Config)
		alert  tls13.Alert
	}{
		{"unknown root", func(c, _ *tls13.Config) { c.RootCAs = x509.NewCertPool() }, tls13.AlertUnknownCA},
		{"other name", func(c, _ *tls13.Config) { c.ServerName = "other.test" }, tls13.AlertBadCertificate},
		{"expired", func(c, _ *tls13.Config) {
			c.Time = func() time.Time { return time.Now().Add(100 * 24 * time.Hour) }
		}, tls13.AlertCertificateExpired},
		{"VerifyConnection", func(c, _ *tls13.Config) {
			c.VerifyConnection = func(tls13.ConnectionState) error { return errors.New("no") }
		}, tls13.AlertBadCertificate},
		{"no protocol in common", func(c, s *tls13.Config) {
			c.NextProtos, s.NextProtos = []string{"a"}, []string{"b"}
		}, tls13.AlertNoApplicationProtocol},
		{"no suite in common", func(c, s *tls13.Config) {
			c.CipherSuites, s.CipherSuites = []uint16{tls13.TLS_AES_128_GCM_SHA256}, []uint16{tls13.TLS_AES_256_GCM_SHA384}
		}, tls13.AlertHandshakeFailure},
		{"no scheme in common", func(c, _ *tls13.Config) {
			c.SignatureSchemes = []tls.SignatureScheme{tls.Ed25519}
		}, tls13.AlertHandshakeFailure},
	} {
		t.Run(test.name, func(t *testing.T) {
			clientConfig, serverConfig := configs()
			test.change(clientConfig, serverConfig)
			client, server := pair(t, clientConfig, serverConfig)
			clientErr, serverErr := handshake(client, server)
			if serverErr == nil {
				t.Fatal("server: no error")
			}
			for side, err := range map[string]error{"client": clientErr, "server": serverErr} {
				var ours *tls13.AlertError
				var theirs *tls13.PeerAlertError
				switch {
				case errors.As(err, &ours) && ours.Alert == test.alert:
				case errors.As(err, &theirs) && theirs.Alert == test.alert:
				default:
					t.Errorf("%s: %v, want alert %v", side, err, test.alert)
				}
			}
		})
	}
}
