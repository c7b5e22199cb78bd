package grouptest

import (
	"bytes"

	"github.com/pqkx/pqkx"
)

// primitives are the sizes of the parts that grouptest knows (RFC 8446,
// sections 4.2.8.2 and 7.4.2; FIPS 203, table 3). Kyber has ML-KEM's.
var primitives = map[pqkx.NamedGroup]pqkx.Sizes{
	pqkx.X25519:    {ClientShare: 32, ServerShare: 32, SharedSecret: 32},
	pqkx.Secp256r1: {ClientShare: 65, ServerShare: 65, SharedSecret: 32},
	pqkx.Secp384r1: {ClientShare: 97, ServerShare: 97, SharedSecret: 48},
	pqkx.Secp521r1: {ClientShare: 133, ServerShare: 133, SharedSecret: 66},
	pqkx.MLKEM512:  {ClientShare: 800, ServerShare: 768, SharedSecret: 32},
	pqkx.MLKEM768:  {ClientShare: 1184, ServerShare: 1088, SharedSecret: 32},
	pqkx.MLKEM1024: {ClientShare: 1568, ServerShare: 1568, SharedSecret: 32},
}

// hybrids are the parts in wire order of the registered hybrids (RFC 10024,
// sections 4.1 to 4.3; draft-tls-westerbaan-xyber768d00;
// draft-kwiatkowski-tls-ecdhe-kyber).
var hybrids = map[pqkx.NamedGroup][]pqkx.NamedGroup{
	pqkx.X25519MLKEM768:           {pqkx.MLKEM768, pqkx.X25519},
	pqkx.SecP256r1MLKEM768:        {pqkx.Secp256r1, pqkx.MLKEM768},
	pqkx.SecP384r1MLKEM1024:       {pqkx.Secp384r1, pqkx.MLKEM1024},
	pqkx.X25519Kyber768Draft00:    {pqkx.X25519, pqkx.MLKEM768},
	pqkx.SecP256r1Kyber768Draft00: {pqkx.Secp256r1, pqkx.MLKEM768},
}

// A part is a stretch of a group's shares and secret.
type part struct {
	id     pqkx.NamedGroup // a primitive, or zero if unknown
	sizes  pqkx.Sizes
	offset pqkx.Sizes // of the part in the share or secret
}

func (p part) client(share []byte) []byte { return share[p.offset.ClientShare:][:p.sizes.ClientShare] }
func (p part) server(share []byte) []byte { return share[p.offset.ServerShare:][:p.sizes.ServerShare] }
func (p part) secret(ss []byte) []byte    { return ss[p.offset.SharedSecret:][:p.sizes.SharedSecret] }

// inClient returns a copy of a client share with value in place of the part.
func (p part) inClient(share, value []byte) []byte {
	c := bytes.Clone(share)
	copy(p.client(c), value)
	return c
}

// inServer does the same to a server share.
func (p part) inServer(share, value []byte) []byte {
	c := bytes.Clone(share)
	copy(p.server(c), value)
	return c
}

// layout returns the parts of g in wire order: one, if g says nothing of parts.
func layout(g pqkx.Group, ks pqkx.KeyShare) []part {
	if _, ok := primitives[g.ID()]; ok {
		return arrange(g, g.ID())
	}
	if ids, ok := hybrids[g.ID()]; ok {
		return arrange(g, ids...)
	}
	if h, ok := ks.(pqkx.HybridKeyShare); ok {
		return around(g, h)
	}
	return arrange(g, kemOfSizes(g, g.Sizes()))
}

// around lays out a hybrid by where its component's share stands in its own.
func around(g pqkx.Group, ks pqkx.HybridKeyShare) []part {
	c := ks.Component()
	id, s, all := c.Group().ID(), c.Group().Sizes(), g.Sizes()
	rest := kemOfSizes(g, pqkx.Sizes{
		ClientShare:  all.ClientShare - s.ClientShare,
		ServerShare:  all.ServerShare - s.ServerShare,
		SharedSecret: all.SharedSecret - s.SharedSecret,
	})
	switch _, known := primitives[id]; {
	case !known:
		return arrange(g, 0)
	case bytes.HasPrefix(ks.Bytes(), c.Bytes()):
		return arrange(g, id, rest)
	case bytes.HasSuffix(ks.Bytes(), c.Bytes()):
		return arrange(g, rest, id)
	}
	return arrange(g, 0)
}

// kemOfSizes returns the ML-KEM of these sizes, zero if there is none.
func kemOfSizes(g pqkx.Group, s pqkx.Sizes) pqkx.NamedGroup {
	if !pqkx.IsPostQuantum(g) {
		return 0
	}
	for _, id := range []pqkx.NamedGroup{pqkx.MLKEM512, pqkx.MLKEM768, pqkx.MLKEM1024} {
		if primitives[id] == s {
			return id
		}
	}
	return 0
}

// arrange puts parts one after the other. At most one may be unknown (zero): it
// has the room that the others leave. The result is one unknown part where
// they do not fit into g's sizes.
func arrange(g pqkx.Group, ids ...pqkx.NamedGroup) []part {
	free := g.Sizes()
	unknown := 0
	for _, id := range ids {
		free = minus(free, primitives[id])
		if id == 0 {
			unknown++
		}
	}
	fits := free == pqkx.Sizes{} || unknown == 1 && free.ClientShare >= 0 && free.ServerShare >= 0 && free.SharedSecret >= 0
	if !fits {
		return []part{{sizes: g.Sizes()}}
	}
	var parts []part
	var at pqkx.Sizes
	for _, id := range ids {
		s := primitives[id]
		if id == 0 {
			s = free
		}
		parts = append(parts, part{id, s, at})
		at = minus(at, minus(pqkx.Sizes{}, s))
	}
	return parts
}

func minus(a, b pqkx.Sizes) pqkx.Sizes {
	return pqkx.Sizes{
		ClientShare:  a.ClientShare - b.ClientShare,
		ServerShare:  a.ServerShare - b.ServerShare,
		SharedSecret: a.SharedSecret - b.SharedSecret,
	}
}
