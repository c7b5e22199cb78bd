package peers_test

import (
	"context"
	"crypto/fips140"
	"crypto/tls"
	"io"
	"net"
	"slices"
	"testing"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/internal/peers"
	"github.com/pqkx/pqkx/preset"
	"github.com/pqkx/pqkx/tls13"
)

// A stack is an implementation of TLS that runs in this process: ours, which
// the tests are about, or Go's crypto/tls, by which the drivers of the peers
// prove themselves, and which is a peer of ours as well.
type stack interface {
	String() string
	listen(*testing.T, end) net.Listener
	dial(ctx context.Context, t *testing.T, e end, addr string) (net.Conn, error)
	state(net.Conn) state
}

// An end configures one end of a connection.
type end struct {
	credentials *peers.Credentials
	groups      []pqkx.NamedGroup // in order of preference
	suites      []uint16          // nil for the stack's own; crypto/tls has no choice
	keyLog      io.Writer
}

// A state is what a stack says was negotiated.
type state struct {
	group pqkx.NamedGroup
	suite uint16
	alpn  string
	retry bool // HelloRetryRequest

	// The client's offer, nil where the stack does not tell.
	offered, shares []pqkx.NamedGroup
}

var alpn = []string{"http/1.1"}

// stdlibGroups are the groups of Go's crypto/tls that are on by default.
var stdlibGroups = []pqkx.NamedGroup{
	pqkx.X25519MLKEM768,
	pqkx.SecP256r1MLKEM768,
	pqkx.SecP384r1MLKEM1024,
	pqkx.X25519,
	pqkx.Secp256r1,
	pqkx.Secp384r1,
	pqkx.Secp521r1,
}

// stdlib is Go's crypto/tls. It orders groups in its own way, and sends shares
// for the first hybrid and for X25519.
type stdlib struct{}

func (stdlib) String() string { return "crypto-tls" }

func (stdlib) config(e end) *tls.Config {
	var groups []tls.CurveID
	for _, id := range e.groups {
		groups = append(groups, tls.CurveID(id))
	}
	return &tls.Config{
		Certificates:     []tls.Certificate{e.credentials.Certificate},
		RootCAs:          e.credentials.Roots,
		ServerName:       "localhost",
		NextProtos:       alpn,
		MinVersion:       tls.VersionTLS13,
		CurvePreferences: groups,
		KeyLogWriter:     e.keyLog,
	}
}

func (s stdlib) listen(t *testing.T, e end) net.Listener {
	t.Helper()
	l, err := tls.Listen("tcp4", "127.0.0.1:0", s.config(e))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (s stdlib) dial(ctx context.Context, _ *testing.T, e end, addr string) (net.Conn, error) {
	return (&tls.Dialer{Config: s.config(e)}).DialContext(ctx, "tcp", addr)
}

func (stdlib) state(c net.Conn) state {
	s := c.(*tls.Conn).ConnectionState()
	return state{
		group: pqkx.NamedGroup(s.CurveID),
		suite: s.CipherSuite,
		alpn:  s.NegotiatedProtocol,
		retry: s.HelloRetryRequest,
	}
}

// ours is the tls13 package.
type ours struct{}

func (ours) String() string { return "tls13" }

func (ours) config(t *testing.T, e end) *tls13.Config {
	t.Helper()
	return &tls13.Config{
		Provider:     provider(t, e.groups...),
		Certificates: []tls.Certificate{e.credentials.Certificate},
		RootCAs:      e.credentials.Roots,
		ServerName:   "localhost",
		NextProtos:   alpn,
		CipherSuites: e.suites,
		KeyLogWriter: e.keyLog,
	}
}

func (o ours) listen(t *testing.T, e end) net.Listener {
	t.Helper()
	l, err := tls13.Listen("tcp4", "127.0.0.1:0", o.config(t, e))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (o ours) dial(ctx context.Context, t *testing.T, e end, addr string) (net.Conn, error) {
	return (&tls13.Dialer{Config: o.config(t, e)}).DialContext(ctx, "tcp", addr)
}

func (ours) state(c net.Conn) state {
	s := c.(*tls13.Conn).ConnectionState()
	return state{
		group:   s.Group,
		suite:   s.CipherSuite,
		alpn:    s.NegotiatedProtocol,
		retry:   s.HelloRetryRequest,
		offered: s.OfferedGroups,
		shares:  s.OfferedShares,
	}
}

// provider returns the groups of this module with these code points.
func provider(t *testing.T, ids ...pqkx.NamedGroup) *pqkx.Provider {
	t.Helper()
	all := preset.All()
	var groups []pqkx.Group
	for _, id := range ids {
		g, ok := all.Group(id)
		if !ok {
			t.Fatalf("preset.All has no %v", id)
		}
		groups = append(groups, g)
	}
	p, err := pqkx.New(groups...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestMain runs nothing under GODEBUG=fips140=only. Our peers do not keep to
// approved algorithms, and what we may still negotiate then is in the tests of
// preset and tls13.
func TestMain(m *testing.M) {
	if fips140.Enforced() {
		println("peers: not under GODEBUG=fips140=only")
		return
	}
	m.Run()
}

// eachStack runs a test on crypto/tls, if it has the groups, and on tls13.
func eachStack(t *testing.T, groups []pqkx.NamedGroup, test func(*testing.T, stack)) {
	t.Helper()
	if !slices.ContainsFunc(groups, func(id pqkx.NamedGroup) bool { return !slices.Contains(stdlibGroups, id) }) {
		t.Run(stdlib{}.String(), func(t *testing.T) { test(t, stdlib{}) })
	}
	t.Run(ours{}.String(), func(t *testing.T) { test(t, ours{}) })
}
