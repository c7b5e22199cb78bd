package peers_test

import (
	"slices"
	"testing"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/internal/peers"
)

// denoGroups are the groups of Deno, in its order. As a client it sends a share
// for the first alone.
var denoGroups = []pqkx.NamedGroup{
	pqkx.X25519,
	pqkx.Secp256r1,
	pqkx.Secp384r1,
	pqkx.X25519MLKEM768,
}

func TestDenoClient(t *testing.T) {
	c := peers.NewCredentials(t)
	tests := []struct {
		name   string
		server []pqkx.NamedGroup
		want   state
	}{
		{"post-quantum by retry", []pqkx.NamedGroup{pqkx.X25519MLKEM768, pqkx.X25519}, state{group: pqkx.X25519MLKEM768, retry: true}},
		{"post-quantum alone", []pqkx.NamedGroup{pqkx.X25519MLKEM768}, state{group: pqkx.X25519MLKEM768, retry: true}},
		{"classical", []pqkx.NamedGroup{pqkx.Secp256r1, pqkx.X25519}, state{group: pqkx.X25519}},
		{"P-256 by retry", []pqkx.NamedGroup{pqkx.Secp256r1}, state{group: pqkx.Secp256r1, retry: true}},
		{"P-384 by retry", []pqkx.NamedGroup{pqkx.Secp384r1}, state{group: pqkx.Secp384r1, retry: true}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			eachStack(t, test.server, func(t *testing.T, s stack) {
				server := serve(t, s, end{credentials: c, groups: test.server})
				visit, err := peers.Deno.Post(t, server.url("/echo"), echoBody, c)
				if err != nil {
					t.Fatal(err)
				}
				checkEcho(t, visit.Body)
				got := server.state(t)
				checkState(t, got, test.want)
				if got.offered != nil && !slices.Equal(got.offered, denoGroups) {
					t.Errorf("offered groups %v, want %v", got.offered, denoGroups)
				}
				if got.shares != nil && !slices.Equal(got.shares, denoGroups[:1]) {
					t.Errorf("offered shares %v, want %v", got.shares, denoGroups[:1])
				}
			})
		})
	}
}

func TestDenoServer(t *testing.T) {
	c := peers.NewCredentials(t)
	server := peers.Deno.Serve(t, c)
	tests := []struct {
		name   string
		client []pqkx.NamedGroup
		want   state
	}{
		{"post-quantum", []pqkx.NamedGroup{pqkx.X25519MLKEM768}, state{group: pqkx.X25519MLKEM768}},
		{"post-quantum and classical", []pqkx.NamedGroup{pqkx.X25519MLKEM768, pqkx.X25519}, state{group: pqkx.X25519MLKEM768}},
		{"X25519", []pqkx.NamedGroup{pqkx.X25519}, state{group: pqkx.X25519}},
		{"P-256", []pqkx.NamedGroup{pqkx.Secp256r1}, state{group: pqkx.Secp256r1}},
		{"P-384", []pqkx.NamedGroup{pqkx.Secp384r1}, state{group: pqkx.Secp384r1}},
		{"P-256 by retry", []pqkx.NamedGroup{pqkx.SecP384r1MLKEM1024, pqkx.Secp256r1}, state{group: pqkx.Secp256r1, retry: true}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			eachStack(t, test.client, func(t *testing.T, s stack) {
				e := end{credentials: c, groups: test.client}
				answer, got := fetch(t, s, e, server.URL("/echo"), echoBody)
				checkEcho(t, answer)
				checkState(t, got, test.want)
			})
		})
	}
}

// TestDenoServerRetry has our client send a share for a group that Deno lacks,
// and list X25519MLKEM768 after it.
func TestDenoServerRetry(t *testing.T) {
	c := peers.NewCredentials(t)
	server := peers.Deno.Serve(t, c)
	e := end{credentials: c, groups: []pqkx.NamedGroup{pqkx.MLKEM1024, pqkx.X25519MLKEM768}}
	answer, got := fetch(t, ours{}, e, server.URL("/retry"), "")
	if answer != "Deno answers /retry\n" {
		t.Errorf("body = %q", answer)
	}
	checkState(t, got, state{group: pqkx.X25519MLKEM768, retry: true})
}
