package peers_test

import (
	"crypto/tls"
	"slices"
	"strings"
	"testing"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/internal/peers"
)

// nodeGroups are the groups of Node 26 that we have as well.
var nodeGroups = []pqkx.NamedGroup{
	pqkx.X25519MLKEM768,
	pqkx.SecP256r1MLKEM768,
	pqkx.SecP384r1MLKEM1024,
	pqkx.MLKEM512,
	pqkx.MLKEM768,
	pqkx.MLKEM1024,
	pqkx.X25519,
	pqkx.Secp256r1,
	pqkx.Secp384r1,
	pqkx.Secp521r1,
}

func TestNodeClient(t *testing.T) {
	c := peers.NewCredentials(t)
	for _, id := range nodeGroups {
		t.Run(id.String(), func(t *testing.T) {
			eachStack(t, []pqkx.NamedGroup{id}, func(t *testing.T, s stack) {
				server := serve(t, s, end{credentials: c, groups: []pqkx.NamedGroup{id}})
				visit, err := peers.Node.Post(t, server.url("/echo"), echoBody, c, id)
				if err != nil {
					t.Fatal(err)
				}
				checkEcho(t, visit.Body)
				checkNode(t, visit, server.state(t), state{group: id})
			})
		})
	}
}

// TestNodeClientRetry has Node list two groups, of which it sends a share for
// the first alone, while the server wants the second.
func TestNodeClientRetry(t *testing.T) {
	c := peers.NewCredentials(t)
	for _, id := range nodeGroups {
		if id == pqkx.X25519 {
			continue
		}
		t.Run(id.String(), func(t *testing.T) {
			eachStack(t, []pqkx.NamedGroup{id}, func(t *testing.T, s stack) {
				server := serve(t, s, end{credentials: c, groups: []pqkx.NamedGroup{id}})
				visit, err := peers.Node.Get(t, server.url("/retry"), c, pqkx.X25519, id)
				if err != nil {
					t.Fatal(err)
				}
				if !strings.Contains(visit.Body, "answers /retry") {
					t.Errorf("body = %q", visit.Body)
				}
				checkNode(t, visit, server.state(t), state{group: id, retry: true})
			})
		})
	}
}

// TestNodeClientUpgrade has Node send a classical share although it knows a
// post-quantum group: a server that knows both asks for the latter.
func TestNodeClientUpgrade(t *testing.T) {
	c := peers.NewCredentials(t)
	both := []pqkx.NamedGroup{pqkx.X25519, pqkx.X25519MLKEM768}
	eachStack(t, both, func(t *testing.T, s stack) {
		server := serve(t, s, end{credentials: c, groups: both})
		visit, err := peers.Node.Get(t, server.url("/"), c, both...)
		if err != nil {
			t.Fatal(err)
		}
		checkNode(t, visit, server.state(t), state{group: pqkx.X25519MLKEM768, retry: true})
	})
}

// checkNode compares what Node and the server say with what is wanted, and
// Node's offer, where the server tells it.
func checkNode(t *testing.T, visit *peers.Visit, got, want state) {
	t.Helper()
	if !peers.SameGroup(visit.Group, want.group) {
		t.Errorf("Node says group %q, want %v", visit.Group, want.group)
	}
	if visit.Version != "TLSv1.3" || visit.Status != 200 {
		t.Errorf("Node says %s, status %d", visit.Version, visit.Status)
	}
	if suite := tls.CipherSuiteName(got.suite); visit.Cipher != suite {
		t.Errorf("Node says %s, the server %s", visit.Cipher, suite)
	}
	if visit.Exporter != got.exporter {
		t.Errorf("Node exports %s, the server %s", visit.Exporter, got.exporter)
	}
	checkState(t, got, want)
	if got.offered != nil && !slices.Contains(got.offered, want.group) {
		t.Errorf("offered groups %v do not have %v", got.offered, want.group)
	}
	if got.shares != nil && slices.Contains(got.shares, want.group) == want.retry {
		t.Errorf("offered shares %v, want retry %v", got.shares, want.retry)
	}
}

// checkState compares a stack's account with what is wanted.
func checkState(t *testing.T, got, want state) {
	t.Helper()
	if got.group != want.group || got.retry != want.retry {
		t.Errorf("group %v, retry %v; want %v, %v", got.group, got.retry, want.group, want.retry)
	}
	if got.alpn != "http/1.1" {
		t.Errorf("ALPN %q", got.alpn)
	}
}

func TestNodeServer(t *testing.T) {
	c := peers.NewCredentials(t)
	for _, id := range nodeGroups {
		t.Run(id.String(), func(t *testing.T) {
			server := peers.Node.Serve(t, c, id)
			eachStack(t, []pqkx.NamedGroup{id}, func(t *testing.T, s stack) {
				e := end{credentials: c, groups: []pqkx.NamedGroup{id}}
				answer, got := fetch(t, s, e, server.URL("/echo"), echoBody)
				checkEcho(t, answer)
				checkState(t, got, state{group: id})
			})
		})
	}
}

// TestNodeServerRetry has our client list a group for which it sends no share,
// the only one that the server accepts.
func TestNodeServerRetry(t *testing.T) {
	c := peers.NewCredentials(t)
	for _, id := range nodeGroups {
		if id == pqkx.X25519 || id == pqkx.X25519MLKEM768 {
			continue
		}
		t.Run(id.String(), func(t *testing.T) {
			server := peers.Node.Serve(t, c, id)
			offer := []pqkx.NamedGroup{pqkx.X25519MLKEM768, pqkx.X25519, id}
			eachStack(t, offer, func(t *testing.T, s stack) {
				answer, got := fetch(t, s, end{credentials: c, groups: offer}, server.URL("/retry"), "")
				if answer != "Node answers /retry\n" {
					t.Errorf("body = %q", answer)
				}
				checkState(t, got, state{group: id, retry: true})
			})
		})
	}
}
