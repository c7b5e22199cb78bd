package tls13

import (
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"slices"

	"github.com/pqkx/pqkx"
)

// A grease is what a client puts into its hellos so that servers meet values
// that they do not know (RFC 8701), and extensions in an order that they did
// not meet before. A second hello has the same.
type grease struct {
	suite, version uint16
	group          pqkx.NamedGroup
	first, last    uint16            // extensions around the others
	rank           map[uint16]uint64 // of the others
}

func newGrease() *grease {
	var random [5]byte
	rand.Read(random[:]) // never fails: see its documentation
	random[4] = random[3] + 1 + random[4]%15
	return &grease{
		suite:   greaseValue(random[0]),
		version: greaseValue(random[1]),
		group:   pqkx.NamedGroup(greaseValue(random[2])),
		first:   greaseValue(random[3]),
		last:    greaseValue(random[4]), // another one: no extension may stand twice
		rank:    make(map[uint16]uint64),
	}
}

// greaseValue returns one of the 16 reserved values 0x0A0A, 0x1A1A, ... 0xFAFA.
func greaseValue(random byte) uint16 {
	return uint16(random%16)*0x1010 + 0x0a0a
}

// apply puts the values in front of a first hello's lists.
func (g *grease) apply(h *clientHello) {
	h.grease = g
	h.cipherSuites = slices.Concat([]uint16{g.suite}, h.cipherSuites)
	h.versions = slices.Concat([]uint16{g.version}, h.versions)
	h.groups = slices.Concat([]pqkx.NamedGroup{g.group}, h.groups)
	h.shares = slices.Concat([]keyShareEntry{{g.group, []byte{0}}}, h.shares)
}

// arrange brings extensions into the random order and adds two: an empty one and
// one with content, since a server may fail at either.
func (g *grease) arrange(list []extension) []extension {
	for _, e := range list {
		if _, ok := g.rank[e.id]; !ok {
			var random [8]byte
			rand.Read(random[:])
			g.rank[e.id] = binary.BigEndian.Uint64(random[:])
		}
	}
	slices.SortFunc(list, func(a, b extension) int { return cmp.Compare(g.rank[a.id], g.rank[b.id]) })
	return slices.Concat([]extension{{g.first, nil}}, list, []extension{{g.last, []byte{0}}})
}
