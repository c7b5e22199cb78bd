package grouptest

import (
	"bytes"
	"errors"

	"github.com/pqkx/pqkx"
)

// checkComponent examines the classical half that a hybrid offers by itself
// (RFC 9954, section 3.2).
func checkComponent(g pqkx.Group, f *flight, fail failFunc) {
	h, ok := f.ks.(pqkx.HybridKeyShare)
	if !ok {
		return // not a hybrid, or one with nothing to offer by itself
	}
	c := h.Component()
	cg := c.Group()
	if cg.ID() == g.ID() || cg.ID() == 0 {
		fail("Component is of group %v: want a group of its own", cg.ID())
	}
	if pqkx.IsPostQuantum(cg) {
		fail("Component %v is post-quantum, want the classical half", cg.ID())
	}
	if !bytes.Equal(c.Bytes(), h.Component().Bytes()) || len(c.Bytes()) != cg.Sizes().ClientShare {
		fail("Component's share is not one share of %d bytes", cg.Sizes().ClientShare)
		return
	}
	if !bytes.Contains(f.client, c.Bytes()) {
		fail("Component's share is not part of the hybrid's")
	}
	_ = append(c.Bytes(), canary)
	if !bytes.Equal(f.ks.Bytes(), f.client) {
		fail("an append to the Component's share writes to the hybrid's")
	}
	completes(cg, c, fail)
	if secret, err := h.Decapsulate(f.server); err != nil || !bytes.Equal(secret, f.secret) {
		fail("the hybrid does not complete after its Component did: %v", err)
	}
	h.Destroy()
	if _, err := c.Decapsulate(make([]byte, cg.Sizes().ServerShare)); !errors.Is(err, pqkx.ErrDestroyed) {
		fail("Component after Destroy of the hybrid: error %v, want pqkx.ErrDestroyed", err)
	}
}

// completes runs the exchange of a component by itself.
func completes(g pqkx.Group, ks pqkx.KeyShare, fail failFunc) {
	want, server, err := g.Encapsulate(ks.Bytes())
	if err != nil {
		fail("Component's group refuses the Component's share: %v", err)
		return
	}
	if secret, err := ks.Decapsulate(server); err != nil || !bytes.Equal(secret, want) {
		fail("Component does not complete by itself: got secret %x, error %v, want %x", secret, err, want)
	}
}

// checkOrder wants the component's share, answer and secret where the wire
// order of the parts puts them. A hybrid that does more than to put secrets
// side by side has a secret of other length, and is left alone.
func checkOrder(g pqkx.Group, f *flight, fail failFunc) {
	h, ok := f.ks.(pqkx.HybridKeyShare)
	if !ok {
		return
	}
	c := h.Component()
	for _, p := range layout(g, f.ks) {
		if p.id != c.Group().ID() || p.id == 0 {
			continue
		}
		if !bytes.Equal(p.client(f.client), c.Bytes()) {
			fail("%v is not at offset %d of the client share", p.id, p.offset.ClientShare)
		}
		secret, err := c.Decapsulate(p.server(f.server))
		if err != nil || !bytes.Equal(secret, p.secret(f.secret)) {
			fail("%v is not at offset %d of the server share and %d of the secret (error %v)",
				p.id, p.offset.ServerShare, p.offset.SharedSecret, err)
		}
	}
}
