// Package grouptest checks that a group keeps the contract of [pqkx.Group]. It
// is for whoever writes one:
//
//	func TestGroup(t *testing.T) { grouptest.Run(t, mygroup.New()) }
//
// It knows a group by the public interface alone. What it says of itself
// decides how far the checks go: every group is checked for agreement, lengths,
// errors, fresh randomness, the caller's slices, destroyed shares and
// concurrency (run the test with -race). Where a share contains a part that
// grouptest knows, that part is given the bad values that its specification
// names: X25519, a NIST curve, ML-KEM.
//
// A part is known by the group's code point, by the code point of
// [pqkx.HybridKeyShare].Component, or, for ML-KEM and Kyber, by being post-quantum
// and having the sizes. A hybrid that is not one of RFC 10024 is taken to hold its
// parts in the same order in both shares.
package grouptest

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/pqkx/pqkx"
)

// Run checks g and reports each way in which it breaks the contract, in one
// subtest per subject.
func Run(t *testing.T, g pqkx.Group) {
	t.Helper()
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) { c.run(g, t.Errorf) })
	}
}

// A check examines one subject. It calls fail for every fault that it finds.
type check struct {
	name string
	run  func(g pqkx.Group, fail failFunc)
}

type failFunc func(format string, args ...any)

var checks = []check{
	{"Description", checkDescription},
	{"Agreement", checkAgreement},
	{"Fresh", inFlight(checkFresh)},
	{"ClientShareLength", inFlight(checkClientShareLength)},
	{"ServerShareLength", inFlight(checkServerShareLength)},
	{"Garbage", inFlight(checkGarbage)},
	{"Reuse", inFlight(checkReuse)},
	{"Destroy", inFlight(checkDestroy)},
	{"CallersSlices", inFlight(checkCallersSlices)},
	{"Results", inFlight(checkResults)},
	{"Concurrency", inFlight(checkConcurrency)},
	{"Component", inFlight(checkComponent)},
	{"Order", inFlight(checkOrder)},
	{"X25519", inFlight(checkX25519)},
	{"NISTCurve", inFlight(checkNISTCurve)},
	{"MLKEM", inFlight(checkMLKEM)},
}

// inFlight makes a check of one that starts with a key exchange.
func inFlight(run func(g pqkx.Group, f *flight, fail failFunc)) func(pqkx.Group, failFunc) {
	return func(g pqkx.Group, fail failFunc) {
		f, err := fly(g)
		if err != nil {
			fail("%v", err)
			return
		}
		run(g, f, fail)
	}
}

// A flight is one key exchange that went well.
type flight struct {
	ks             pqkx.KeyShare
	client, server []byte // the shares, copied
	secret         []byte // as the server has it
}

// fly makes a client share and answers it. It fails where a length is not what
// g's Sizes promises.
func fly(g pqkx.Group) (*flight, error) {
	ks, err := g.KeyShare()
	if err != nil {
		return nil, fmt.Errorf("no key share: %w", err)
	}
	f := &flight{ks: ks, client: bytes.Clone(ks.Bytes())}
	f.secret, f.server, err = g.Encapsulate(bytes.Clone(f.client))
	if err != nil {
		return nil, fmt.Errorf("good client share: Encapsulate: %w", err)
	}
	got := pqkx.Sizes{ClientShare: len(f.client), ServerShare: len(f.server), SharedSecret: len(f.secret)}
	if got != g.Sizes() {
		return nil, fmt.Errorf("lengths are %+v, Sizes promises %+v", got, g.Sizes())
	}
	return f, nil
}
