package preset_test

import (
	"bytes"
	"crypto/fips140"
	"errors"
	"testing"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/hybrid"
	"github.com/pqkx/pqkx/internal/derand"
	"github.com/pqkx/pqkx/mlkem"
	"github.com/pqkx/pqkx/preset"
	"github.com/pqkx/pqkx/x25519"
)

// fuzzed are all groups on all their backends.
func fuzzed() []pqkx.Group {
	groups := preset.All().Groups()
	if fips140.Enforced() {
		return groups
	}
	return append(groups, hybrid.StandardX25519MLKEM768(), hybrid.StandardSecP256r1MLKEM768(),
		hybrid.StandardSecP384r1MLKEM1024(), mlkem.StandardMLKEM768(), mlkem.StandardMLKEM1024(), x25519.Standard())
}

// bent is the good share with bend added at an offset by exclusive or, or bend
// itself if whole is set.
func bent(good, bend []byte, offset uint16, whole bool) []byte {
	if whole {
		return bytes.Clone(bend)
	}
	share := bytes.Clone(good)
	for i, b := range bend {
		share[(int(offset)+i)%len(share)] ^= b
	}
	return share
}

func addShares(f *testing.F) {
	for i := range fuzzed() {
		f.Add(byte(i), []byte("seed"), []byte{}, uint16(0), false)
		f.Add(byte(i), []byte("seed"), []byte{1}, uint16(0), false)
		f.Add(byte(i), []byte("seed"), []byte{0x80}, uint16(31), false)
		f.Add(byte(i), []byte("seed"), []byte{0xff, 0xff, 0xff}, uint16(65), false)
		f.Add(byte(i), []byte("seed"), []byte{}, uint16(0), true)
		f.Add(byte(i), []byte("seed"), make([]byte, 32), uint16(0), true)
		f.Add(byte(i), []byte("seed"), make([]byte, fuzzed()[i].Sizes().ClientShare), uint16(0), true)
	}
}

// FuzzEncapsulate answers any client share on every group and backend, and
// compares secret and answer with other people's code.
func FuzzEncapsulate(f *testing.F) {
	addShares(f)
	groups := fuzzed()
	f.Fuzz(func(t *testing.T, index byte, from, bend []byte, offset uint16, whole bool) {
		g := groups[int(index)%len(groups)]
		parts := references[g.ID()]
		keySeed, seed := seedFor(parts, true, from), seedFor(parts, false, from)
		ks, err := derand.NewKeyShare(g, keySeed)
		if err != nil {
			t.Fatal(err)
		}
		var public []byte
		for rest, i := keySeed, 0; i < len(parts); i++ {
			public = append(public, parts[i].public(rest[:parts[i].keySeed])...)
			rest = rest[parts[i].keySeed:]
		}
		if !bytes.Equal(ks.Bytes(), public) {
			t.Fatalf("%v: the key share differs from the reference", g.ID())
		}
		share := bent(ks.Bytes(), bend, offset, whole)
		before := bytes.Clone(share)
		secret, answer, err := derand.Encapsulate(g, share, seed)
		if !bytes.Equal(share, before) {
			t.Errorf("%v: Encapsulate wrote to the client share", g.ID())
		}
		if _, _, fresh := g.Encapsulate(share); (fresh == nil) != (err == nil) {
			t.Errorf("%v: seeded: %v, fresh: %v", g.ID(), err, fresh)
		}
		compare(t, g, false, seed, share, secret, answer, err)
	})
}

// FuzzDecapsulate finishes with any server share on every group and backend.
func FuzzDecapsulate(f *testing.F) {
	addShares(f)
	groups := fuzzed()
	f.Fuzz(func(t *testing.T, index byte, from, bend []byte, offset uint16, whole bool) {
		g := groups[int(index)%len(groups)]
		parts := references[g.ID()]
		keySeed := seedFor(parts, true, from)
		ks, err := derand.NewKeyShare(g, keySeed)
		if err != nil {
			t.Fatal(err)
		}
		good, answer, err := derand.Encapsulate(g, ks.Bytes(), seedFor(parts, false, from))
		if err != nil {
			t.Fatal(err)
		}
		if secret, err := ks.Decapsulate(answer); err != nil || !bytes.Equal(secret, good) {
			t.Fatalf("%v: the two sides do not agree: %v", g.ID(), err)
		}
		share := bent(answer, bend, offset, whole)
		before := bytes.Clone(share)
		secret, err := ks.Decapsulate(share)
		if !bytes.Equal(share, before) {
			t.Errorf("%v: Decapsulate wrote to the server share", g.ID())
		}
		compare(t, g, true, keySeed, share, secret, nil, err)
		if hybrid, ok := ks.(pqkx.HybridKeyShare); ok {
			checkComponent(t, hybrid.Component(), parts, keySeed, answer, func(share []byte) []byte { return bent(share, bend, offset, whole) })
		}
		ks.Destroy()
		if _, err := ks.Decapsulate(share); !errors.Is(err, pqkx.ErrDestroyed) {
			t.Errorf("%v: Decapsulate after Destroy: %v", g.ID(), err)
		}
	})
}

// checkComponent finishes with the classical half of a hybrid alone. The seed and
// the answer are the whole hybrid's.
func checkComponent(t *testing.T, ks pqkx.KeyShare, parts []reference, seed, answer []byte, bend func([]byte) []byte) {
	t.Helper()
	for _, r := range parts {
		if r.isEC {
			seed, answer = seed[:r.keySeed], answer[:r.server]
			break
		}
		seed, answer = seed[r.keySeed:], answer[r.server:]
	}
	if public := references[ks.Group().ID()][0].public(seed); !bytes.Equal(ks.Bytes(), public) {
		t.Fatalf("%v: the component's key share differs from the reference", ks.Group().ID())
	}
	share := bend(answer)
	secret, err := ks.Decapsulate(share)
	compare(t, ks.Group(), true, seed, share, secret, nil, err)
}

// compare compares what a group made of a share with what the references do.
func compare(t *testing.T, g pqkx.Group, client bool, seed, share, secret, answer []byte, err error) {
	t.Helper()
	want := g.Sizes().ClientShare
	if client {
		want = g.Sizes().ServerShare
	}
	if err != nil && (!errors.Is(err, pqkx.ErrKeyShare) || secret != nil || answer != nil) {
		t.Fatalf("%v: %v, with %d and %d bytes", g.ID(), err, len(secret), len(answer))
	}
	if len(share) != want {
		var bad *pqkx.KeyShareError
		if !errors.As(err, &bad) || bad.Cause != pqkx.CauseLength {
			t.Fatalf("%v: share of %d bytes, not %d: %v", g.ID(), len(share), want, err)
		}
		return
	}
	wantSecret, wantAnswer, ok, refErr := runReference(references[g.ID()], client, seed, share)
	switch {
	case refErr != nil:
		t.Fatalf("%v: %v", g.ID(), refErr)
	case ok != (err == nil):
		t.Fatalf("%v: %v, but the reference accepts it: %v", g.ID(), err, ok)
	case !ok:
		return
	case !bytes.Equal(secret, wantSecret):
		t.Fatalf("%v: secret %x, want %x", g.ID(), secret, wantSecret)
	case !client && !bytes.Equal(answer, wantAnswer):
		t.Fatalf("%v: the answer differs from the reference", g.ID())
	}
}

// TestEveryGroupHasAReference and one of each of its sizes.
func TestEveryGroupHasAReference(t *testing.T) {
	for _, g := range fuzzed() {
		parts := references[g.ID()]
		client, server := 0, 0
		for _, r := range parts {
			client, server = client+r.client, server+r.server
		}
		if s := g.Sizes(); len(parts) == 0 || s.ClientShare != client || s.ServerShare != server {
			t.Errorf("%v: sizes %+v, of the reference %d and %d", g.ID(), s, client, server)
		}
	}
}
