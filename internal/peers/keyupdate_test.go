package peers_test

import (
	"strings"
	"testing"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/internal/peers"
	"github.com/pqkx/pqkx/tls13"
)

// TestKeyUpdateServers has our client change the keys of both directions
// between two requests, twice.
func TestKeyUpdateServers(t *testing.T) {
	c := peers.NewCredentials(t)
	e := end{credentials: c, groups: []pqkx.NamedGroup{pqkx.X25519MLKEM768}}
	servers := []struct {
		name  string
		start func(*testing.T) string
	}{
		{"Node", func(t *testing.T) string { return peers.Node.Serve(t, c, e.groups...).URL("") }},
		{"Deno", func(t *testing.T) string { return peers.Deno.Serve(t, c).URL("") }},
		{"crypto-tls", func(t *testing.T) string { return serve(t, stdlib{}, e).url("") }},
		{"tls13", func(t *testing.T) string { return serve(t, ours{}, e).url("") }},
	}
	for _, server := range servers {
		t.Run(server.name, func(t *testing.T) {
			client := connect(t, ours{}, e, server.start(t))
			for range 3 {
				checkEcho(t, client.post(t, "/echo", echoBody))
				if err := client.conn.(*tls13.Conn).KeyUpdate(true); err != nil {
					t.Fatal(err)
				}
			}
			if page := client.get(t, "/last"); !strings.Contains(page, "answers /last") {
				t.Errorf("page = %q", page)
			}
		})
	}
}

// TestKeyUpdateClients has our server change the keys of both directions before
// it answers.
func TestKeyUpdateClients(t *testing.T) {
	c := peers.NewCredentials(t)
	groups := []pqkx.NamedGroup{pqkx.X25519MLKEM768}
	server := serve(t, ours{}, end{credentials: c, groups: groups})
	url := server.url("/rekey")

	t.Run("Node", func(t *testing.T) {
		visit, err := peers.Node.Post(t, url, echoBody, c, groups...)
		if err != nil {
			t.Fatal(err)
		}
		checkEcho(t, visit.Body)
	})
	t.Run("Deno", func(t *testing.T) {
		visit, err := peers.Deno.Post(t, url, echoBody, c)
		if err != nil {
			t.Fatal(err)
		}
		checkEcho(t, visit.Body)
	})
	t.Run("Chromium", func(t *testing.T) {
		browser := peers.Chromium.Start(t)
		if _, err := browser.Get(url); err != nil {
			t.Fatal(err)
		}
		checkEcho(t, post(t, browser, "/rekey")) // on the same connection
	})
	t.Run("crypto-tls", func(t *testing.T) {
		client := connect(t, stdlib{}, end{credentials: c, groups: groups}, url)
		for range 3 {
			checkEcho(t, client.post(t, "/rekey", echoBody))
		}
	})
}
