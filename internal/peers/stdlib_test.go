package peers_test

import (
	"strings"
	"testing"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/internal/peers"
)

// pairs are the stacks of this process with each other: client, server.
var pairs = [][2]stack{
	{ours{}, ours{}},
	{ours{}, stdlib{}},
	{stdlib{}, ours{}},
}

func TestCryptoTLS(t *testing.T) {
	c := peers.NewCredentials(t)
	for _, id := range stdlibGroups {
		t.Run(id.String(), func(t *testing.T) {
			e := end{credentials: c, groups: []pqkx.NamedGroup{id}}
			exchange(t, e, e, state{group: id})
		})
	}
}

func TestCryptoTLSRetry(t *testing.T) {
	c := peers.NewCredentials(t)
	for _, id := range stdlibGroups {
		if id == pqkx.X25519 || id == pqkx.X25519MLKEM768 {
			continue
		}
		t.Run(id.String(), func(t *testing.T) {
			client := end{credentials: c, groups: []pqkx.NamedGroup{pqkx.X25519MLKEM768, pqkx.X25519, id}}
			server := end{credentials: c, groups: []pqkx.NamedGroup{id}}
			exchange(t, client, server, state{group: id, retry: true})
		})
	}
}

// exchange makes a request over each pair of stacks, and checks that both ends
// say what is wanted.
func exchange(t *testing.T, client, server end, want state) {
	t.Helper()
	needApproved(t, client.groups)
	for _, pair := range pairs {
		t.Run(pair[0].String()+" to "+pair[1].String(), func(t *testing.T) {
			origin := serve(t, pair[1], server)
			answer, got := fetch(t, pair[0], client, origin.url("/echo"), echoBody)
			checkEcho(t, answer)
			checkState(t, got, want)
			other := origin.state(t)
			checkState(t, other, want)
			if got.exporter != other.exporter {
				t.Errorf("the client exports %s, the server %s", got.exporter, other.exporter)
			}
		})
	}
}

// TestNothingInCommon checks that the two stacks refuse each other as they
// should, so that the tests above cannot pass by a group of the stacks' own
// choice.
func TestNothingInCommon(t *testing.T) {
	c := peers.NewCredentials(t)
	for _, pair := range pairs {
		t.Run(pair[0].String()+" to "+pair[1].String(), func(t *testing.T) {
			origin := serve(t, pair[1], end{credentials: c, groups: []pqkx.NamedGroup{pqkx.X25519}})
			client := end{credentials: c, groups: []pqkx.NamedGroup{pqkx.X25519MLKEM768}}
			_, got, err := tryFetch(t.Context(), t, pair[0], client, origin.url("/"), "")
			if err == nil {
				t.Fatalf("handshake succeeded: %+v", got)
			}
			text := strings.ReplaceAll(err.Error(), "_", " ")
			if !strings.Contains(text, "handshake failure") {
				t.Errorf("err = %v, want the alert handshake_failure", err)
			}
		})
	}
}
