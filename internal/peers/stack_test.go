package peers_test

import (
	"context"
	"crypto/fips140"
	"crypto/tls"
	"encoding/hex"
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
	dialer(*testing.T, end) dialer
	state(net.Conn) state
}

// A dialer connects and completes the handshake.
type dialer interface {
	DialContext(ctx context.Context, network, addr string) (net.Conn, error)
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

	exporter string // as in peers.Visit

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

func (s stdlib) dialer(_ *testing.T, e end) dialer {
	return &tls.Dialer{Config: s.config(e)}
}

func (stdlib) state(c net.Conn) state {
	s := c.(*tls.Conn).ConnectionState()
	return state{
		group: pqkx.NamedGroup(s.CurveID),
		suite: s.CipherSuite,
		alpn:  s.NegotiatedProtocol,
		retry: s.HelloRetryRequest,

		exporter: export(&s),
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

func (o ours) dialer(t *testing.T, e end) dialer {
	t.Helper()
	return &tls13.Dialer{Config: o.config(t, e)}
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

		exporter: export(&s),
	}
}

func export(s interface {
	ExportKeyingMaterial(label string, context []byte, length int) ([]byte, error)
}) string {
	material, err := s.ExportKeyingMaterial(peers.ExporterLabel, nil, 32)
	if err != nil {
		return err.Error()
	}
	return hex.EncodeToString(material)
}

// provider returns the groups of this module with these code points.
func provider(t *testing.T, ids ...pqkx.NamedGroup) *pqkx.Provider {
	t.Helper()
	needApproved(t, ids)
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

// needApproved skips a test of groups that are not approved, in a process under
// GODEBUG=fips140=only: there is nothing to negotiate them with.
func needApproved(t *testing.T, groups []pqkx.NamedGroup) {
	t.Helper()
	if !fips140.Enforced() {
		return
	}
	approved := preset.FIPS().SupportedGroups()
	for _, id := range groups {
		if !slices.Contains(approved, id) {
			t.Skipf("%v is not approved, and GODEBUG has fips140=only", id)
		}
	}
}

// eachStack runs a test on crypto/tls, if it has the groups, and on tls13.
func eachStack(t *testing.T, groups []pqkx.NamedGroup, test func(*testing.T, stack)) {
	t.Helper()
	needApproved(t, groups)
	if !slices.ContainsFunc(groups, func(id pqkx.NamedGroup) bool { return !slices.Contains(stdlibGroups, id) }) {
		t.Run(stdlib{}.String(), func(t *testing.T) { test(t, stdlib{}) })
	}
	t.Run(ours{}.String(), func(t *testing.T) { test(t, ours{}) })
}
