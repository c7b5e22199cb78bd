package grouptest

import (
	"bytes"
	"slices"

	"github.com/pqkx/pqkx"
)

const canary = 0xC9

// lend returns a copy of b that has spare capacity full of canaries, and a
// function that reports whether all of it is as it was.
func lend(b []byte) (lent []byte, intact func() bool) {
	whole := slices.Concat(b, bytes.Repeat([]byte{canary}, 64))
	before := bytes.Clone(whole)
	return whole[:len(b)], func() bool { return bytes.Equal(whole, before) }
}

// checkCallersSlices wants shares that are given to a group left alone, in
// their length and beyond it, and not kept.
func checkCallersSlices(g pqkx.Group, f *flight, fail failFunc) {
	for name, share := range map[string][]byte{"good": f.client, "short": f.client[1:], "bad": flipped(f.client)} {
		lent, intact := lend(share)
		secret, server, _ := g.Encapsulate(lent)
		if !intact() {
			fail("Encapsulate writes to the %s client share or beyond it", name)
		}
		kept := slices.Concat(secret, server)
		scribble(lent)
		if !bytes.Equal(kept, slices.Concat(secret, server)) {
			fail("a result of Encapsulate aliases the client share")
		}
	}
	for name, share := range map[string][]byte{"good": f.server, "short": f.server[1:], "bad": flipped(f.server)} {
		lent, intact := lend(share)
		secret, _ := f.ks.Decapsulate(lent)
		if !intact() {
			fail("Decapsulate writes to the %s server share or beyond it", name)
		}
		kept := bytes.Clone(secret)
		scribble(lent)
		if !bytes.Equal(kept, secret) {
			fail("the result of Decapsulate aliases the server share")
		}
	}
}

// flipped returns a copy with the first and the last bits turned.
func flipped(b []byte) []byte {
	c := bytes.Clone(b)
	c[0] ^= 0x80
	c[len(c)-1] ^= 0x01
	return c
}

func scribble(b []byte) {
	for i := range b {
		b[i] ^= 0xFF
	}
}

// checkResults wants results that are the caller's own: none is a part of
// another one, or of what the group or the share works with.
func checkResults(g pqkx.Group, f *flight, fail failFunc) {
	server, want := bytes.Clone(f.server), bytes.Clone(f.secret)
	scribble(f.secret[:cap(f.secret)])
	if !bytes.Equal(f.server, server) {
		fail("the secret and the server share of Encapsulate are one slice")
	}
	scribble(f.server[:cap(f.server)])
	secret, err := f.ks.Decapsulate(server)
	if err != nil || !bytes.Equal(secret, want) {
		fail("after writes to the results of Encapsulate, Decapsulate gives %x, error %v, want %x", secret, err, want)
		return
	}
	scribble(secret)
	if again, err := f.ks.Decapsulate(server); err != nil || !bytes.Equal(again, want) {
		fail("after writes to its result, Decapsulate gives %x, error %v, want %x", again, err, want)
	}
	if next, err := fly(g); err != nil {
		fail("%v", err)
	} else if again, err := next.ks.Decapsulate(next.server); err != nil || !bytes.Equal(again, next.secret) {
		fail("after writes to results, the next exchange fails: %v", err)
	}
	shares := f.ks.Bytes()
	_ = append(shares[:len(shares):len(shares)], canary)
	if !bytes.Equal(f.client, f.ks.Bytes()) {
		fail("KeyShare.Bytes changed after the exchange")
	}
}
