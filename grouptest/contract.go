package grouptest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/pqkx/pqkx"
)

// checkDescription wants sizes that fit a TLS key_share entry, that are those of
// the specification where the code point is registered, and that do not change.
func checkDescription(g pqkx.Group, fail failFunc) {
	id, s, fips := g.ID(), g.Sizes(), g.FIPS()
	if s.ClientShare < 1 || s.ServerShare < 1 || s.SharedSecret < 1 {
		fail("Sizes: %+v: nothing may be empty", s)
	}
	if s.ClientShare > 0xFFFF || s.ServerShare > 0xFFFF {
		fail("Sizes: %+v: a key_exchange has at most 65535 bytes (RFC 8446, section 4.2.8)", s)
	}
	if want, ok := registered(g.ID()); ok && s != want {
		fail("Sizes: %+v, but %v has %+v", s, g.ID(), want)
	}
	if g.ID() != id || g.Sizes() != s || g.FIPS() != fips {
		fail("ID, Sizes or FIPS changes from call to call")
	}
}

// registered returns the sizes of a group that grouptest knows by its code point.
func registered(id pqkx.NamedGroup) (sum pqkx.Sizes, ok bool) {
	if s, ok := primitives[id]; ok {
		return s, true
	}
	for _, p := range hybrids[id] {
		sum = minus(sum, minus(pqkx.Sizes{}, primitives[p]))
	}
	return sum, sum != pqkx.Sizes{}
}

// checkAgreement runs the exchange several times.
func checkAgreement(g pqkx.Group, fail failFunc) {
	for range 4 {
		f, err := fly(g)
		if err != nil {
			fail("%v", err)
			return
		}
		if got := f.ks.Group(); got.ID() != g.ID() || got.Sizes() != g.Sizes() {
			fail("KeyShare.Group is %v with %+v, want %v with %+v", got.ID(), got.Sizes(), g.ID(), g.Sizes())
		}
		if !bytes.Equal(f.client, f.ks.Bytes()) {
			fail("KeyShare.Bytes changed after a call of Encapsulate")
		}
		secret, err := f.ks.Decapsulate(f.server)
		if err != nil {
			fail("Decapsulate of a good server share: %v", err)
			return
		}
		if !bytes.Equal(secret, f.secret) {
			fail("client and server disagree:\nclient %x\nserver %x", secret, f.secret)
		}
		if allZero(secret) {
			fail("the shared secret is all zeros")
		}
	}
}

func allZero(b []byte) bool { return len(bytes.Trim(b, "\x00")) == 0 }

// checkFresh wants all parts of two client shares, and of two answers to one
// share, to differ.
func checkFresh(g pqkx.Group, a *flight, fail failFunc) {
	b, err := fly(g)
	if err != nil {
		fail("%v", err)
		return
	}
	secret, server, err := g.Encapsulate(a.client)
	if err != nil || len(server) != len(a.server) {
		fail("second Encapsulate of one client share: %d bytes, error %v", len(server), err)
		return
	}
	for _, p := range layout(g, a.ks) {
		if bytes.Equal(p.client(a.client), p.client(b.client)) {
			fail("two client shares are equal%s", p)
		}
		if bytes.Equal(p.server(a.server), p.server(server)) {
			fail("two server shares are equal%s", p)
		}
	}
	if bytes.Equal(a.secret, secret) {
		fail("two answers to one client share have the same shared secret")
	}
}

// String says which part it is, for messages.
func (p part) String() string {
	if p.id == 0 {
		return ""
	}
	return fmt.Sprintf(" in the part %v at offset %d of the client share, %d of the server share",
		p.id, p.offset.ClientShare, p.offset.ServerShare)
}

// checkClientShareLength gives the server every length up to two bytes more
// than the right one. The short ones are cut from a good share and leave it in
// the slice's capacity, where it must not be found.
func checkClientShareLength(g pqkx.Group, f *flight, fail failFunc) {
	badLengths(g, f.client, g.Sizes().ClientShare, fail, "Encapsulate", answering(g))
}

// answering is Encapsulate with its results in one.
func answering(g pqkx.Group) func([]byte) ([]byte, error) {
	return func(clientShare []byte) ([]byte, error) {
		secret, server, err := g.Encapsulate(clientShare)
		return slices.Concat(secret, server), err
	}
}

// checkServerShareLength does the same to the client.
func checkServerShareLength(g pqkx.Group, f *flight, fail failFunc) {
	badLengths(g, f.server, g.Sizes().ServerShare, fail, "Decapsulate", f.ks.Decapsulate)
	if secret, err := f.ks.Decapsulate(f.server); err != nil || !bytes.Equal(secret, f.secret) {
		fail("Decapsulate of a good share fails after bad ones: %v", err)
	}
}

// badLengths calls f with every wrong length and reports the first fault.
func badLengths(g pqkx.Group, good []byte, size int, fail failFunc, name string, f func([]byte) ([]byte, error)) {
	long := slices.Concat(good, make([]byte, 2))
	for n := range size + 3 {
		if n == size {
			continue
		}
		if why := refusal(g, f, long[:n]); why != "" {
			fail("%s of %d bytes, want %d: %s", name, n, size, why)
			return
		}
	}
	if why := refusal(g, f, nil); why != "" {
		fail("%s of a nil slice: %s", name, why)
	}
}

// refusal calls f with a bad share. It returns what is wrong with the outcome,
// or nothing.
func refusal(g pqkx.Group, f func([]byte) ([]byte, error), share []byte) string {
	out, err := f(share)
	if err == nil {
		return "no error, want one that wraps pqkx.ErrKeyShare"
	}
	if len(out) > 0 {
		return fmt.Sprintf("a result of %d bytes beside the error %v", len(out), err)
	}
	return wrapping(g, err)
}

// wrapping returns what is wrong with the error for a bad share.
func wrapping(g pqkx.Group, err error) string {
	var e *pqkx.KeyShareError
	switch {
	case !errors.Is(err, pqkx.ErrKeyShare):
		return fmt.Sprintf("error %v does not wrap pqkx.ErrKeyShare", err)
	case errors.Is(err, pqkx.ErrDestroyed):
		return fmt.Sprintf("error %v wraps pqkx.ErrDestroyed as well", err)
	case errors.As(err, &e) && e.Group != g.ID():
		return fmt.Sprintf("KeyShareError names the group %v, want %v", e.Group, g.ID())
	}
	return ""
}

// checkGarbage gives both sides shares of the right length and senseless
// content. They are refused as a bad share or answered; no other error.
func checkGarbage(g pqkx.Group, f *flight, fail failFunc) {
	for _, fill := range []byte{0x00, 0x01, 0x04, 0x7F, 0xA5, 0xFF} {
		client := bytes.Repeat([]byte{fill}, g.Sizes().ClientShare)
		if _, _, err := g.Encapsulate(client); err != nil {
			if why := wrapping(g, err); why != "" {
				fail("Encapsulate of a share filled with %#02x: %s", fill, why)
			}
		}
		server := bytes.Repeat([]byte{fill}, g.Sizes().ServerShare)
		secret, err := f.ks.Decapsulate(server)
		if err != nil {
			if why := wrapping(g, err); why != "" {
				fail("Decapsulate of a share filled with %#02x: %s", fill, why)
			}
		} else if bytes.Equal(secret, f.secret) {
			fail("Decapsulate of a share filled with %#02x gives the secret of a good one", fill)
		}
	}
}

// checkReuse decapsulates two answers to one share, and one answer twice: a
// hybrid's key is used for its component's share as well.
func checkReuse(g pqkx.Group, f *flight, fail failFunc) {
	second, server, err := g.Encapsulate(f.client)
	if err != nil {
		fail("second Encapsulate of one client share: %v", err)
		return
	}
	for _, answer := range []struct{ server, secret []byte }{{f.server, f.secret}, {server, second}, {f.server, f.secret}} {
		secret, err := f.ks.Decapsulate(answer.server)
		if err != nil || !bytes.Equal(secret, answer.secret) {
			fail("one share, several answers: got secret %x, error %v, want secret %x", secret, err, answer.secret)
		}
	}
}

// checkDestroy wants pqkx.ErrDestroyed from a destroyed share whatever the
// server share, and no effect on another share of the group.
func checkDestroy(g pqkx.Group, f *flight, fail failFunc) {
	other, err := fly(g)
	if err != nil {
		fail("%v", err)
		return
	}
	f.ks.Destroy()
	f.ks.Destroy() // twice is once
	for name, server := range map[string][]byte{"good": f.server, "short": f.server[1:], "empty": nil} {
		secret, err := f.ks.Decapsulate(server)
		if !errors.Is(err, pqkx.ErrDestroyed) || errors.Is(err, pqkx.ErrKeyShare) {
			fail("Decapsulate of a %s server share after Destroy: error %v, want pqkx.ErrDestroyed", name, err)
		}
		if len(secret) > 0 {
			fail("Decapsulate after Destroy returns a secret")
		}
	}
	if secret, err := other.ks.Decapsulate(other.server); err != nil || !bytes.Equal(secret, other.secret) {
		fail("Destroy of one share breaks another one: %v", err)
	}
}

// checkConcurrency uses one group from several goroutines at once. The race
// detector sees more than the comparisons do.
func checkConcurrency(g pqkx.Group, common *flight, fail failFunc) {
	const workers = 8
	flights := make([]*flight, workers)
	answers := make([]struct{ secret, server []byte }, workers)
	errs := make([]error, 2*workers)
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() {
			if flights[i], errs[i] = fly(g); errs[i] == nil {
				answers[i].secret, answers[i].server, errs[workers+i] = g.Encapsulate(common.client)
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		fail("from %d goroutines: %v", workers, err)
		return
	}
	for i, f := range flights {
		own, err := f.ks.Decapsulate(f.server)
		shared, err2 := common.ks.Decapsulate(answers[i].server)
		if err != nil || err2 != nil || !bytes.Equal(own, f.secret) || !bytes.Equal(shared, answers[i].secret) {
			fail("from %d goroutines: client and server disagree (errors %v, %v)", workers, err, err2)
		}
	}
}
