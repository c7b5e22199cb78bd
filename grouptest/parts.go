package grouptest

import (
	"slices"

	"github.com/pqkx/pqkx"
)

// refused wants value in place of a part to be refused as a bad share, in the
// client share and in the server share.
func (f *flight) refused(g pqkx.Group, p part, value []byte, what string, fail failFunc) {
	f.refusedByServer(g, p, value, what, fail)
	if why := refusal(g, f.ks.Decapsulate, p.inServer(f.server, value)); why != "" {
		fail("server share with %s: %s", what, why)
	}
}

func (f *flight) refusedByServer(g pqkx.Group, p part, value []byte, what string, fail failFunc) {
	if why := refusal(g, answering(g), p.inClient(f.client, value)); why != "" {
		fail("client share with %s: %s", what, why)
	}
}

// overParts calls check for the parts of g that are of one of the groups.
func overParts(g pqkx.Group, f *flight, check func(part), ids ...pqkx.NamedGroup) {
	for _, p := range layout(g, f.ks) {
		if slices.Contains(ids, p.id) {
			check(p)
		}
	}
}
