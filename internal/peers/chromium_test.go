package peers_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/internal/peers"
)

// all are our groups in an order that a general server would have.
var all = []pqkx.NamedGroup{
	pqkx.X25519MLKEM768,
	pqkx.SecP256r1MLKEM768,
	pqkx.SecP384r1MLKEM1024,
	pqkx.X25519,
	pqkx.Secp256r1,
	pqkx.Secp384r1,
	pqkx.Secp521r1,
	pqkx.MLKEM768,
	pqkx.MLKEM1024,
	pqkx.MLKEM512,
	pqkx.X25519Kyber768Draft00,
	pqkx.SecP256r1Kyber768Draft00,
}

// A browserTest is a visit by a browser to a server with the groups given.
type browserTest struct {
	name   string
	server []pqkx.NamedGroup
	want   state
}

func TestChromium(t *testing.T) {
	browse(t, peers.Chromium, pqkx.X25519MLKEM768, []browserTest{
		{"every group", all, state{group: pqkx.X25519MLKEM768}},
		{"post-quantum", []pqkx.NamedGroup{pqkx.X25519MLKEM768}, state{group: pqkx.X25519MLKEM768}},
		{"classical", []pqkx.NamedGroup{pqkx.X25519}, state{group: pqkx.X25519}},
		{"P-256 by retry", []pqkx.NamedGroup{pqkx.Secp256r1}, state{group: pqkx.Secp256r1, retry: true}},
		{"P-384 by retry", []pqkx.NamedGroup{pqkx.Secp384r1}, state{group: pqkx.Secp384r1, retry: true}},
	})
}

func TestChromium130(t *testing.T) {
	browse(t, peers.Chromium130, pqkx.X25519Kyber768Draft00, []browserTest{
		{"every group", all, state{group: pqkx.X25519Kyber768Draft00}},
		{"Kyber", []pqkx.NamedGroup{pqkx.X25519Kyber768Draft00}, state{group: pqkx.X25519Kyber768Draft00}},
		{"no Kyber", []pqkx.NamedGroup{pqkx.X25519MLKEM768, pqkx.X25519}, state{group: pqkx.X25519}},
		{"P-256 by retry", []pqkx.NamedGroup{pqkx.Secp256r1}, state{group: pqkx.Secp256r1, retry: true}},
	})
}

// browse runs the tests with one browser, whose post-quantum group is own.
func browse(t *testing.T, peer peers.ChromiumPeer, own pqkx.NamedGroup, tests []browserTest) {
	c := peers.NewCredentials(t)
	browser := peer.Start(t)
	t.Log(browser.Product)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			eachStack(t, test.server, func(t *testing.T, s stack) {
				server := serve(t, s, end{credentials: c, groups: test.server})
				visit, err := browser.Get(server.url("/page"))
				if err != nil {
					t.Fatal(err)
				}
				checkBrowser(t, visit, s, test.want)
				got := server.state(t)
				checkState(t, got, test.want)
				if got.offered != nil && !slices.Contains(got.offered, own) {
					t.Errorf("offered groups %v do not have %v", got.offered, own)
				}
				if got.shares != nil && !slices.Contains(got.shares, own) {
					t.Errorf("offered shares %v do not have %v", got.shares, own)
				}
				checkEcho(t, post(t, browser, "/echo"))
			})
		})
	}
}

func checkBrowser(t *testing.T, visit *peers.Visit, s stack, want state) {
	t.Helper()
	if !peers.SameGroup(visit.Group, want.group) {
		t.Errorf("the browser says group %q, want %v", visit.Group, want.group)
	}
	if visit.Version != "TLS 1.3" || visit.Status != 200 {
		t.Errorf("the browser says %s, status %d", visit.Version, visit.Status)
	}
	if want := s.String() + " answers /page"; visit.Body != want {
		t.Errorf("page = %q, want %q", visit.Body, want)
	}
}

// post has the page that a browser shows send a POST to its server, and returns
// the answer.
func post(t *testing.T, browser *peers.Browser, path string) string {
	t.Helper()
	answer, err := browser.Evaluate(fmt.Sprintf(
		`fetch(%q, {method: "POST", body: %q}).then(answer => answer.text())`, path, echoBody))
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// TestChromiumRefused checks that a browser's failure is seen as one: the
// server has no group that the browser knows.
func TestChromiumRefused(t *testing.T) {
	c := peers.NewCredentials(t)
	browser := peers.Chromium.Start(t)
	server := serve(t, ours{}, end{credentials: c, groups: []pqkx.NamedGroup{pqkx.X25519Kyber768Draft00}})
	if visit, err := browser.Get(server.url("/")); err == nil {
		t.Errorf("the browser got through: %+v", visit)
	} else if !strings.Contains(err.Error(), "net::ERR_SSL") {
		t.Errorf("err = %v, want one of net::ERR_SSL", err)
	}
}

// TestEsbuild is of Go 1.23 as a server of the draft: with Chromium 130, which
// proves both drivers, and with our client.
func TestEsbuild(t *testing.T) {
	c := peers.NewCredentials(t)
	const page = "<!doctype html><title>esbuild</title><p>esbuild answers</p>"
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "index.html"), []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "large"), []byte(echoBody), 0o600); err != nil {
		t.Fatal(err)
	}
	server := peers.Esbuild.Serve(t, c, dir)

	t.Run("Chromium 130", func(t *testing.T) {
		visit, err := peers.Chromium130.Start(t).Get(server.URL("/"))
		if err != nil {
			t.Fatal(err)
		}
		if visit.Group != "X25519Kyber768Draft00" || visit.Body != "esbuild answers" {
			t.Errorf("visit = %+v", visit)
		}
	})

	kyber, ecdh := pqkx.X25519Kyber768Draft00, pqkx.X25519
	tests := []struct {
		name   string
		client []pqkx.NamedGroup
		want   state
	}{
		{"Kyber", []pqkx.NamedGroup{kyber}, state{group: kyber}},
		{"Kyber and X25519", []pqkx.NamedGroup{kyber, ecdh}, state{group: kyber}},
		{"Kyber by retry", []pqkx.NamedGroup{pqkx.X25519MLKEM768, kyber}, state{group: kyber, retry: true}},
		{"X25519", []pqkx.NamedGroup{ecdh}, state{group: ecdh}},
		{"P-256", []pqkx.NamedGroup{pqkx.Secp256r1}, state{group: pqkx.Secp256r1}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			eachStack(t, test.client, func(t *testing.T, s stack) {
				e := end{credentials: c, groups: test.client}
				answer, got := fetch(t, s, e, server.URL("/large"), "")
				checkEcho(t, answer)
				checkState(t, got, test.want)
			})
		})
	}
}
