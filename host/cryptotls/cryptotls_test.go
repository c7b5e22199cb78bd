package cryptotls

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/hybrid"
	"github.com/pqkx/pqkx/nist"
	"github.com/pqkx/pqkx/preset"
	"github.com/pqkx/pqkx/x25519"
)

// TestGroups negotiates every group by CurvePreferences, without and with a
// HelloRetryRequest.
func TestGroups(t *testing.T) {
	needsOverlay(t)
	set(t, preset.All())
	for _, g := range preset.All().Groups() {
		id := tls.CurveID(g.ID())
		t.Run(g.ID().String(), func(t *testing.T) {
			e := pair(t)
			e.client.CurvePreferences = []tls.CurveID{id}
			state, _ := handshake(t, e)
			if state.CurveID != id || state.HelloRetryRequest {
				t.Errorf("got %v, HelloRetryRequest %v", state.CurveID, state.HelloRetryRequest)
			}
			if !strings.EqualFold(strings.Replace(id.String(), "CurveP", "secp", 1), g.ID().String()) &&
				!strings.HasPrefix(id.String(), "CurveP") {
				t.Errorf("String returns %q, want %q", id, g.ID())
			}

			e = pair(t)
			e.server.CurvePreferences = []tls.CurveID{id}
			state, _ = handshake(t, e)
			offered := id == tls.X25519MLKEM768 || id == tls.X25519
			if state.CurveID != id || state.HelloRetryRequest == offered {
				t.Errorf("server's choice: got %v, HelloRetryRequest %v", state.CurveID, state.HelloRetryRequest)
			}
		})
	}
}

// offerOf returns what a client with the configuration sends to a server.
func offerOf(t *testing.T, e *ends) (supported []tls.CurveID) {
	t.Helper()
	e.server.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		supported = hello.SupportedCurves
		return nil, nil
	}
	handshake(t, e)
	return supported
}

func TestOrder(t *testing.T) {
	needsOverlay(t)
	set(t, must(pqkx.New(x25519.Group(), hybrid.X25519Kyber768Draft00(), nist.P384(), hybrid.X25519MLKEM768())))
	e := pair(t)
	want := curves(pqkx.X25519, pqkx.X25519Kyber768Draft00, pqkx.Secp384r1, pqkx.X25519MLKEM768)
	if got := offerOf(t, e); !slices.Equal(got, want) {
		t.Errorf("client offers %v, want %v", got, want)
	}
	if state, _ := handshake(t, e); state.CurveID != tls.CurveID(pqkx.X25519Kyber768Draft00) || state.HelloRetryRequest {
		t.Errorf("got %v, HelloRetryRequest %v; want the first post-quantum group at once", state.CurveID, state.HelloRetryRequest)
	}
	// CurvePreferences filters, and does not order.
	e.client.CurvePreferences = curves(pqkx.X25519MLKEM768, pqkx.Secp256r1, pqkx.Secp384r1, 0x1234)
	if got, want := offerOf(t, e), curves(pqkx.Secp384r1, pqkx.X25519MLKEM768); !slices.Equal(got, want) {
		t.Errorf("client offers %v, want %v", got, want)
	}
	// Nothing left is an error, as it is in crypto/tls.
	e.client.CurvePreferences = curves(pqkx.Secp521r1)
	if c, _ := attempt(t, e); c.err == nil {
		t.Error("no error without a group")
	}
}

func TestGODEBUG(t *testing.T) {
	needsOverlay(t)
	set(t, must(pqkx.New(hybrid.SecP256r1MLKEM768(), hybrid.X25519MLKEM768(), hybrid.X25519Kyber768Draft00(), x25519.Group())))
	for setting, want := range map[string][]tls.CurveID{
		"tlsmlkem=0":     curves(pqkx.X25519Kyber768Draft00, pqkx.X25519),
		"tlssecpmlkem=0": curves(pqkx.X25519MLKEM768, pqkx.X25519Kyber768Draft00, pqkx.X25519),
	} {
		t.Setenv("GODEBUG", setting)
		if got := offerOf(t, pair(t)); !slices.Equal(got, want) {
			t.Errorf("%s: client offers %v, want %v", setting, got, want)
		}
	}
}

// TestGODEBUGAsStock compares what settings and CurvePreferences leave of
// crypto/tls's own groups with what they leave of the same by a provider. Which
// of the two wins depends on the release of Go.
func TestGODEBUGAsStock(t *testing.T) {
	needsOverlay(t)
	own := must(pqkx.New(hybrid.X25519MLKEM768(), hybrid.SecP256r1MLKEM768(), hybrid.SecP384r1MLKEM1024(),
		x25519.Group(), nist.P256(), nist.P384(), nist.P521()))
	for _, setting := range []string{"", "tlsmlkem=0", "tlssecpmlkem=0"} {
		for _, preferences := range [][]tls.CurveID{
			nil,
			curves(pqkx.X25519, pqkx.X25519MLKEM768),
			curves(pqkx.Secp256r1, pqkx.SecP256r1MLKEM768, pqkx.SecP384r1MLKEM1024),
		} {
			t.Setenv("GODEBUG", setting)
			e := pair(t)
			e.client.CurvePreferences = preferences
			set(t, nil)
			want := offerOf(t, e)
			set(t, own)
			if got := offerOf(t, e); !slices.Equal(got, want) {
				t.Errorf("%q, %v: client offers %v, crypto/tls by itself %v", setting, preferences, got, want)
			}
		}
	}
}

func TestImpose(t *testing.T) {
	needsOverlay(t)
	e := pair(t)
	e.server.CurvePreferences = curves(pqkx.X25519)
	p := must(pqkx.New(hybrid.X25519Kyber768Draft00(), x25519.Group()))
	set(t, p)
	if state, _ := handshake(t, e); state.CurveID != tls.X25519 || state.HelloRetryRequest {
		t.Errorf("used: got %v, HelloRetryRequest %v", state.CurveID, state.HelloRetryRequest)
	}
	if err := Impose(p); err != nil {
		t.Fatal(err)
	}
	if state, _ := handshake(t, e); state.CurveID != tls.CurveID(pqkx.X25519Kyber768Draft00) {
		t.Errorf("imposed: got %v", state.CurveID)
	}
	set(t, nil)
	if state, _ := handshake(t, e); state.CurveID != tls.X25519 {
		t.Errorf("taken back: got %v", state.CurveID)
	}
}

// TestBackend checks that a group of crypto/tls's own is made by the provider.
func TestBackend(t *testing.T) {
	needsOverlay(t)
	var made, answered int
	set(t, must(pqkx.New(bent{Group: hybrid.X25519MLKEM768(), made: &made, answered: &answered})))
	made = 0 // Use tries it
	e := pair(t)
	handshake(t, e)
	if made != 1 || answered != 1 {
		t.Errorf("%d shares and %d answers by the provider, want one each", made, answered)
	}
	set(t, nil)
	handshake(t, e)
	if made != 1 || answered != 1 {
		t.Error("the provider was asked after it was taken back")
	}
}

func TestPolicies(t *testing.T) {
	needsOverlay(t)
	groups := []pqkx.Group{x25519.Group(), hybrid.SecP256r1MLKEM768(), hybrid.X25519MLKEM768(), nist.P256()}
	with := func(policy pqkx.Policy) *pqkx.Provider { return must(must(pqkx.New(groups...)).WithPolicy(policy)) }
	classical := curves(pqkx.X25519)

	set(t, with(pqkx.Require))
	if got, want := offerOf(t, pair(t)), curves(pqkx.SecP256r1MLKEM768, pqkx.X25519MLKEM768); !slices.Equal(got, want) {
		t.Errorf("require: client offers %v, want %v", got, want)
	}
	e := pair(t)
	e.server.CurvePreferences = classical
	if c, s := attempt(t, e); c.err == nil || s.err == nil {
		t.Errorf("require: client %v, server %v; want errors", c.err, s.err)
	}

	set(t, with(pqkx.Upgrade))
	if state, _ := handshake(t, pair(t)); state.CurveID != tls.SecP256r1MLKEM768 || !state.HelloRetryRequest {
		t.Errorf("upgrade: got %v, HelloRetryRequest %v", state.CurveID, state.HelloRetryRequest)
	}
	e = pair(t)
	e.server.CurvePreferences = classical
	if state, _ := handshake(t, e); state.CurveID != tls.X25519 || state.HelloRetryRequest {
		t.Errorf("upgrade, classical server: got %v, HelloRetryRequest %v", state.CurveID, state.HelloRetryRequest)
	}
}

func TestShares(t *testing.T) {
	needsOverlay(t)
	p := must(preset.Default().WithShares(pqkx.Secp256r1, pqkx.Secp384r1))
	set(t, p)
	for _, test := range []struct {
		server, client []tls.CurveID
		retry          bool
	}{
		{curves(pqkx.Secp256r1), nil, false},
		{curves(pqkx.Secp384r1), nil, false},
		{curves(pqkx.X25519), nil, true},
		{curves(pqkx.X25519MLKEM768), nil, true},
		{curves(pqkx.Secp384r1), curves(pqkx.Secp384r1, pqkx.X25519), false},
		{curves(pqkx.X25519), curves(pqkx.Secp521r1, pqkx.X25519), false}, // none of the fixed ones is enabled
	} {
		e := pair(t)
		e.server.CurvePreferences, e.client.CurvePreferences = test.server, test.client
		if state, _ := handshake(t, e); state.CurveID != test.server[0] || state.HelloRetryRequest != test.retry {
			t.Errorf("%v: got %v, HelloRetryRequest %v", test, state.CurveID, state.HelloRetryRequest)
		}
	}
	if err := Use(must(p.WithShares())); err == nil {
		t.Error("a provider without shares: no error")
	}
	// What was in use before is so still.
	e := pair(t)
	e.server.CurvePreferences = curves(pqkx.Secp384r1)
	if state, _ := handshake(t, e); state.HelloRetryRequest {
		t.Error("an error changed what is in use")
	}
}

func TestResumption(t *testing.T) {
	needsOverlay(t)
	set(t, preset.All())
	e := pair(t)
	e.client.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	e.client.CurvePreferences = curves(pqkx.X25519Kyber768Draft00, pqkx.MLKEM768)
	for i, test := range []struct {
		server  pqkx.NamedGroup
		retry   bool
		resumed bool
	}{
		{pqkx.X25519Kyber768Draft00, true, false},
		{pqkx.X25519Kyber768Draft00, true, true},
		{pqkx.MLKEM768, false, true}, // the key exchange of a resumption is its own
	} {
		e.server.CurvePreferences = curves(test.server)
		c, s := handshake(t, e)
		if c.DidResume != test.resumed || s.DidResume != test.resumed || c.CurveID != tls.CurveID(test.server) || c.HelloRetryRequest != test.retry {
			t.Errorf("connection %d: resumed %v and %v, group %v, HelloRetryRequest %v", i, c.DidResume, s.DidResume, c.CurveID, c.HelloRetryRequest)
		}
	}
}

// TestErrors checks the alert, and that the cause is not lost.
func TestErrors(t *testing.T) {
	needsOverlay(t)
	broken := errors.New("broken")
	fails := func() error { return broken }
	short := func(share []byte) []byte { return share[1:] }
	for _, test := range []struct {
		name           string
		client, server bent
		cause          error
		alert          string // that the client is sent, or
		sent           byte   // that the client sends
	}{
		{"client's share", bent{client: short}, bent{}, pqkx.ErrKeyShare, "illegal parameter", 0},
		{"server's share", bent{}, bent{answer: short}, pqkx.ErrKeyShare, "", 47},
		{"broken server", bent{}, bent{encapsulate: fails}, broken, "internal error", 0},
		{"broken client", bent{decapsulate: fails}, bent{}, broken, "", 80},
	} {
		t.Run(test.name, func(t *testing.T) {
			// One process has one provider: the sides differ by the group.
			b := test.client
			b.answer, b.encapsulate = test.server.answer, test.server.encapsulate
			b.Group = hybrid.X25519MLKEM768()
			set(t, must(pqkx.New(b)))
			e := pair(t)
			c, s := attempt(t, e)
			if test.alert != "" {
				if !errors.Is(s.err, test.cause) {
					t.Errorf("server's error %v, want one that wraps %v", s.err, test.cause)
				}
				if c.err == nil || !strings.Contains(c.err.Error(), test.alert) {
					t.Errorf("client's error %v, want the alert %s", c.err, test.alert)
				}
				return
			}
			if !errors.Is(c.err, test.cause) {
				t.Errorf("client's error %v, want one that wraps %v", c.err, test.cause)
			}
			// The client has no keys yet, so its alert is in the clear, which
			// crypto/tls's server does not expect any more.
			if want := []byte{21, 3, 3, 0, 2, 2, test.sent}; !bytes.HasSuffix(e.sent, want) {
				t.Errorf("client's last bytes are %x, want the record %x", e.sent[len(e.sent)-7:], want)
			}
		})
	}
}

func TestNoShare(t *testing.T) {
	needsOverlay(t)
	no := errors.New("no entropy")
	healthy := true
	g := failing{hybrid.X25519MLKEM768(), func() error {
		if healthy {
			return nil
		}
		return no
	}}
	set(t, must(pqkx.New(g)))
	healthy = false
	if c, _ := attempt(t, pair(t)); !errors.Is(c.err, no) {
		t.Errorf("handshake: %v, want the group's error", c.err)
	}
	if err := Use(must(pqkx.New(g))); !errors.Is(err, no) {
		t.Errorf("Use: %v, want the group's error", err)
	}
}

// A failing group makes no share where its function has an error.
type failing struct {
	pqkx.Group
	failure func() error
}

func (f failing) KeyShare() (pqkx.KeyShare, error) {
	if err := f.failure(); err != nil {
		return nil, err
	}
	return f.Group.KeyShare()
}

// TestDestroyed checks that a finished client keeps no private key.
func TestDestroyed(t *testing.T) {
	needsOverlay(t)
	var ended []pqkx.NamedGroup
	note := func(id pqkx.NamedGroup, _ pqkx.KeyShare) { ended = append(ended, id) }
	p := must(pqkx.New(bent{Group: hybrid.X25519MLKEM768(), destroyed: note}, bent{Group: nist.P256(), destroyed: note}))
	set(t, must(p.WithShares(pqkx.X25519MLKEM768, pqkx.Secp256r1)))
	ended = nil
	handshake(t, pair(t))
	if !slices.Equal(ended, []pqkx.NamedGroup{pqkx.X25519MLKEM768, pqkx.Secp256r1}) {
		t.Errorf("destroyed: %v, want both", ended)
	}
}

func TestTLS12(t *testing.T) {
	needsOverlay(t)
	set(t, preset.All())
	e := pair(t)
	e.client.MaxVersion = tls.VersionTLS12
	want := curves(pqkx.X25519, pqkx.Secp256r1, pqkx.Secp384r1, pqkx.Secp521r1)
	if got := offerOf(t, e); !slices.Equal(got, want) {
		t.Errorf("client offers %v, want %v", got, want)
	}
	if state, _ := handshake(t, e); state.Version != tls.VersionTLS12 || state.CurveID != tls.X25519 {
		t.Errorf("version %x, group %v", state.Version, state.CurveID)
	}
	e = pair(t)
	e.server.MaxVersion = tls.VersionTLS12
	if state, _ := handshake(t, e); state.Version != tls.VersionTLS12 || state.CurveID != tls.X25519 {
		t.Errorf("version %x, group %v", state.Version, state.CurveID)
	}
}

// TestUseAtAnyTime changes the provider while connections are made: all succeed,
// whatever was in use when they began.
func TestUseAtAnyTime(t *testing.T) {
	needsOverlay(t)
	providers := []*pqkx.Provider{
		nil,
		preset.All(),
		must(pqkx.New(hybrid.X25519Kyber768Draft00(), x25519.Group())),
		must(must(pqkx.New(nist.P521(), x25519.Group(), hybrid.SecP384r1MLKEM1024())).WithPolicy(pqkx.Upgrade)),
	}
	var wg sync.WaitGroup
	e := pair(t)
	e.client.ClientSessionCache = tls.NewLRUClientSessionCache(8)
	stop := make(chan struct{})
	wg.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				if err := Use(providers[i%len(providers)]); err != nil {
					t.Error(err)
					return
				}
			}
		}
	})
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			for range 50 {
				if c, s := attempt(t, e); c.err != nil || s.err != nil {
					t.Errorf("client %v, server %v", c.err, s.err)
				}
			}
		})
	}
	clients.Wait()
	close(stop)
	wg.Wait()
}

// TestUseInBetween replaces the provider when a client has listed its groups and
// not yet made its shares, which is when it reads its random.
func TestUseInBetween(t *testing.T) {
	needsOverlay(t)
	both := must(pqkx.New(hybrid.X25519MLKEM768(), x25519.Group()))
	for _, test := range []struct{ before, after *pqkx.Provider }{
		{nil, both},
		{both, nil},
		{both, must(pqkx.New(hybrid.X25519MLKEM768(), nist.P384()))},
		{both, must(both.WithPolicy(pqkx.Require))},
		{must(pqkx.New(x25519.Group(), nist.P256())), both},
		{must(pqkx.New(hybrid.X25519Kyber768Draft00(), x25519.Group())), must(pqkx.New(x25519.Group()))},
	} {
		set(t, test.before)
		e := pair(t)
		e.client.Rand = onceBefore(rand.Reader, func() { set(t, test.after) })
		if state, _ := handshake(t, e); state.HelloRetryRequest {
			t.Errorf("from %v to %v: a HelloRetryRequest", test.before, test.after)
		}
	}
}

// onceBefore returns a reader that calls f before it is first read.
func onceBefore(r io.Reader, f func()) io.Reader {
	var once sync.Once
	return readerFunc(func(b []byte) (int, error) {
		once.Do(f)
		return r.Read(b)
	})
}

type readerFunc func(b []byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }
