// Package interop_test has programs of other people, with not a line of theirs
// changed, negotiate our groups under the overlay. It is a module of its own, so
// that what they need is no dependency of ours; scripts/test-overlay runs it.
package interop_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"testing"

	"github.com/quic-go/quic-go/http3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/peer"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/host/cryptotls"
	"github.com/pqkx/pqkx/hybrid"
	"github.com/pqkx/pqkx/internal/peers"
	"github.com/pqkx/pqkx/x25519"
)

func TestMain(m *testing.M) {
	if ok, reason := cryptotls.Available(); !ok {
		fmt.Fprintln(os.Stderr, reason)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// groups are negotiated with every program: one that crypto/tls has itself, and
// one that it has never heard of.
var groups = []func() pqkx.Group{hybrid.X25519MLKEM768, hybrid.X25519Kyber768Draft00}

// A counting group counts the shares and the answers that it makes.
type counting struct {
	pqkx.Group
	made, answered *atomic.Int32
}

func (c counting) PostQuantum() bool { return pqkx.IsPostQuantum(c.Group) }

func (c counting) KeyShare() (pqkx.KeyShare, error) {
	c.made.Add(1)
	return c.Group.KeyShare()
}

func (c counting) Encapsulate(clientShare []byte) (sharedSecret, serverShare []byte, err error) {
	c.answered.Add(1)
	return c.Group.Encapsulate(clientShare)
}

// use puts the group into use, with X25519 beside it, until the test ends, and
// then checks that client and server got theirs from it.
func use(t *testing.T, g pqkx.Group) {
	t.Helper()
	c := counting{g, new(atomic.Int32), new(atomic.Int32)}
	p, err := pqkx.New(c, x25519.Group())
	if err != nil {
		t.Fatal(err)
	}
	if err := cryptotls.Use(p); err != nil {
		t.Fatal(err)
	}
	before := c.made.Load() // Use tries it
	t.Cleanup(func() {
		if err := cryptotls.Use(nil); err != nil {
			t.Error(err)
		}
		if c.made.Load() == before || c.answered.Load() == 0 {
			t.Errorf("%d client shares and %d server shares by the provider", c.made.Load()-before, c.answered.Load())
		}
	})
}

func serverConfig(c *peers.Credentials) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{c.Certificate}}
}

func clientConfig(c *peers.Credentials) *tls.Config {
	return &tls.Config{RootCAs: c.Roots, ServerName: "localhost"}
}

// TestHTTP3 makes a request by HTTP/3, over quic-go.
func TestHTTP3(t *testing.T) {
	for _, group := range groups {
		g := group()
		t.Run(g.ID().String(), func(t *testing.T) {
			use(t, g)
			c := peers.NewCredentials(t)
			conn, err := net.ListenPacket("udp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			server := &http3.Server{
				TLSConfig: http3.ConfigureTLSConfig(serverConfig(c)),
				Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					fmt.Fprint(w, r.Proto, " ", r.TLS.CurveID)
				}),
			}
			go server.Serve(conn)
			defer conn.Close()
			defer server.Close()

			transport := &http3.Transport{TLSClientConfig: clientConfig(c)}
			defer transport.Close()
			client := &http.Client{Transport: transport, Timeout: peers.Limit}
			r, err := client.Get("https://" + conn.LocalAddr().String() + "/")
			if err != nil {
				t.Fatal(err)
			}
			defer r.Body.Close()
			body, err := io.ReadAll(r.Body)
			if want := "HTTP/3.0 " + g.ID().String(); err != nil || string(body) != want {
				t.Errorf("server says %q, %v; want %q", body, err, want)
			}
			if r.TLS == nil || r.TLS.CurveID != tls.CurveID(g.ID()) {
				t.Errorf("client has %+v", r.TLS)
			}
		})
	}
}

// TestGRPC makes a call by gRPC.
func TestGRPC(t *testing.T) {
	for _, group := range groups {
		g := group()
		t.Run(g.ID().String(), func(t *testing.T) {
			use(t, g)
			c := peers.NewCredentials(t)
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			server := grpc.NewServer(grpc.Creds(credentials.NewTLS(serverConfig(c))))
			grpc_health_v1.RegisterHealthServer(server, health.NewServer())
			go server.Serve(l)
			defer server.Stop()

			conn, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(credentials.NewTLS(clientConfig(c))))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			ctx, cancel := context.WithTimeout(t.Context(), peers.Limit)
			defer cancel()
			var p peer.Peer
			answer, err := grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{}, grpc.Peer(&p))
			if err != nil || answer.Status != grpc_health_v1.HealthCheckResponse_SERVING {
				t.Fatalf("answer %v, %v", answer, err)
			}
			info, ok := p.AuthInfo.(credentials.TLSInfo)
			if !ok || info.State.CurveID != tls.CurveID(g.ID()) {
				t.Errorf("connection has %+v", p.AuthInfo)
			}
		})
	}
}
