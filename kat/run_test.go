package kat

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pqkx/pqkx"
)

// A bentKEM is a KEM with a method replaced.
type bentKEM struct {
	KEM
	keyGen      func(seed []byte) (ek, dk []byte, err error)
	encapsulate func(ek, m []byte) (ct, ss []byte, err error)
	decapsulate func(key, ct []byte) (ss []byte, err error)
}

func (b bentKEM) KeyGen(seed []byte) (ek, dk []byte, err error) {
	if b.keyGen != nil {
		return b.keyGen(seed)
	}
	return b.KEM.KeyGen(seed)
}

func (b bentKEM) Encapsulate(ek, m []byte) (ct, ss []byte, err error) {
	if b.encapsulate != nil {
		return b.encapsulate(ek, m)
	}
	return b.KEM.Encapsulate(ek, m)
}

func (b bentKEM) Decapsulate(dk, ct []byte) ([]byte, error) {
	if b.decapsulate != nil {
		return b.decapsulate(dk, ct)
	}
	return b.KEM.Decapsulate(dk, ct)
}

func (b bentKEM) DecapsulateSeed(seed, ct []byte) ([]byte, error) {
	if b.decapsulate != nil {
		return b.decapsulate(seed, ct)
	}
	return b.KEM.DecapsulateSeed(seed, ct)
}

// bentImplementation has one KEM, and groups of ours.
type bentImplementation struct{ kem KEM }

func (bentImplementation) Name() string                         { return "bent" }
func (b bentImplementation) KEM(string) KEM                     { return b.kem }
func (bentImplementation) Exchange(id pqkx.NamedGroup) Exchange { return Ours().Exchange(id) }

// TestWrongImplementations has implementations that must not pass.
func TestWrongImplementations(t *testing.T) {
	x := newExchange(t, "ML-KEM-512", 1)
	good := Ours().KEM("ML-KEM-512")
	flip := func(b []byte) []byte { b[0] ^= 1; return b }
	kat := &Case{Algorithm: "ML-KEM-512", In: Values{Seed: x.seed, M: x.m}, Want: Values{EK: x.ek, DK: x.dk, CT: x.ct, SS: x.ss}}
	invalid := &Case{Algorithm: "ML-KEM-512", In: Values{EK: unreduced(x.ek), M: x.m}, Expect: Invalid, Fault: ContentFault}
	faultless := &Case{Algorithm: "ML-KEM-512", In: Values{EK: x.ek, M: x.m}, Expect: Invalid}
	for _, test := range []struct {
		name, want, field string
		c                 *Case
		kem               KEM
	}{
		{"another ek", "differs", EK, kat, bentKEM{KEM: good, keyGen: func(seed []byte) ([]byte, []byte, error) {
			ek, dk, err := good.KeyGen(seed)
			ek[len(ek)-1] ^= 1
			return ek, dk, err
		}, encapsulate: func(_, m []byte) ([]byte, []byte, error) { return good.Encapsulate(x.ek, m) }}},
		{"another secret", "differs", SS, kat, bentKEM{KEM: good,
			encapsulate: func(ek, m []byte) ([]byte, []byte, error) {
				ct, ss, err := good.Encapsulate(ek, m)
				return ct, flip(ss), err
			},
			decapsulate: func(seed, ct []byte) ([]byte, error) {
				ss, err := good.DecapsulateSeed(seed, ct)
				return flip(ss), err
			}}},
		{"decapsulation disagrees", "encapsulation gave", "", kat, bentKEM{KEM: good,
			decapsulate: func(seed, ct []byte) ([]byte, error) {
				ss, err := good.DecapsulateSeed(seed, ct)
				return flip(ss), err
			}}},
		{"a refusal", "refused: no", "", kat, bentKEM{KEM: good, encapsulate: func(_, _ []byte) ([]byte, []byte, error) { return nil, nil, errors.New("no") }}},
		{"a panic", "panics: oh", "", kat, bentKEM{KEM: good, keyGen: func([]byte) ([]byte, []byte, error) { panic("oh") }}},
		{"what is good is refused", "nothing is wrong with its inputs", "", faultless, bentKEM{KEM: good, encapsulate: func(_, _ []byte) ([]byte, []byte, error) { return nil, nil, errors.New("no") }}},
		{"an unreduced key is taken", "accepted", "", invalid, bentKEM{KEM: good, encapsulate: func(_, m []byte) ([]byte, []byte, error) { return good.Encapsulate(x.ek, m) }}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := Runner{Implementation: bentImplementation{test.kem}}.Run(context.Background(), test.c)
			if r.Status != Failed || !strings.Contains(r.Reason, test.want) || r.Field != test.field {
				t.Errorf("%v: %s, field %q; want a failure: %s, field %q", r.Status, r.Reason, r.Field, test.want, test.field)
			}
		})
	}
}

// TestCases has cases by themselves, and what becomes of them.
func TestCases(t *testing.T) {
	x := newExchange(t, "ML-KEM-512", 1)
	a, p := newAgreement(t, pqkx.X25519), newAgreement(t, pqkx.Secp256r1)
	const alg = "ML-KEM-512"
	for _, test := range []struct {
		name   string
		c      Case
		status Status
		want   string
	}{
		{"a good key", Case{Algorithm: alg, In: Values{EK: x.ek}}, Passed, ""},
		{"a bad key", Case{Algorithm: alg, In: Values{EK: unreduced(x.ek)}, Expect: Invalid, Fault: ContentFault}, Passed, ""},
		{"a bad key that ought to be good", Case{Algorithm: alg, In: Values{EK: unreduced(x.ek)}}, Failed, "refused"},
		{"a good key that ought to be bad", Case{Algorithm: alg, In: Values{EK: x.ek}, Expect: Invalid}, Failed, "accepted, although"},
		{"refused, but for its length", Case{Algorithm: alg, In: Values{EK: short(x.ek)}, Expect: Invalid, Fault: ContentFault}, Failed, "refused, but for ek of 799 bytes"},
		{"refused, and not for its length", Case{Algorithm: alg, In: Values{EK: unreduced(x.ek)}, Expect: Invalid, Fault: LengthFault}, Failed, "refused, but for ek with a coefficient that is not below q"},
		{"two faults where one is told", Case{Algorithm: alg, In: Values{DK: unreduced(x.dk), CT: short(x.ct)}, Expect: Invalid, Fault: LengthFault, FaultIn: CT}, Failed, "refused, but for dk with a coefficient"},
		{"a fault in another value", Case{Algorithm: alg, In: Values{EK: x.ek, M: short(x.m)}, Expect: Invalid, Fault: LengthFault, FaultIn: EK}, Failed, "refused, but for m of 31 bytes instead of 32, and the vector is about a wrong length in ek"},
		{"a wrong hash", Case{Algorithm: alg, In: Values{DK: slices.Concat(x.dk[:1632-64], x.dk[:64]), CT: x.ct}, Expect: Invalid, Fault: ContentFault, FaultIn: DK}, Passed, ""},
		{"a wrong hash, and the length in question", Case{Algorithm: alg, In: Values{DK: slices.Concat(x.dk[:1632-64], x.dk[:64]), CT: short(x.ct)}, Expect: Invalid, Fault: LengthFault, FaultIn: CT}, Failed, "hash that is not of the ek"},
		{"a point not on the curve", Case{Algorithm: "secp256r1", In: Values{ClientSeed: p.private, Server: slices.Concat(p.peer[:64], []byte{^p.peer[64]})}, Expect: Invalid, Fault: ContentFault, FaultIn: Server}, Passed, ""},
		{"a short point instead", Case{Algorithm: "secp256r1", In: Values{ClientSeed: p.private, Server: short(p.peer)}, Expect: Invalid, Fault: ContentFault, FaultIn: Server}, Failed, "refused, but for server_share of 64 bytes"},
		{"acceptable, refused for its length", Case{Algorithm: "x25519", In: Values{ClientSeed: a.private, Server: short(a.peer)}, Want: Values{SS: a.ss}, Expect: Acceptable, Fault: ContentFault}, Failed, "refused, but for server_share of 31 bytes"},
		{"a short key", Case{Algorithm: alg, In: Values{EK: short(x.ek)}, Expect: Invalid, Fault: LengthFault}, Passed, ""},
		{"policy, accepted", Case{Algorithm: alg, In: Values{DK: unreduced(x.dk), CT: x.ct}, Expect: Invalid, Policy: "p"}, Policy, "accepted: p"},
		{"acceptable, refused", Case{Algorithm: "x25519", In: Values{ClientSeed: a.private, Server: make([]byte, 32)}, Want: Values{SS: make([]byte, 32)}, Expect: Acceptable, Policy: "p"}, Policy, "refused: p"},
		{"acceptable, accepted", Case{Algorithm: "x25519", In: Values{ClientSeed: a.private, Server: a.peer}, Want: Values{SS: a.ss}, Expect: Acceptable}, Policy, "accepted"},
		{"acceptable, but wrong", Case{Algorithm: "x25519", In: Values{ClientSeed: a.private, Server: a.peer}, Want: Values{SS: a.private}, Expect: Acceptable}, Failed, "differs"},
		{"acceptable, but of the wrong length", Case{Algorithm: "x25519", In: Values{ClientSeed: a.private, Server: make([]byte, 32)}, Want: Values{SS: a.private[1:]}, Expect: Acceptable}, Failed, "ss of 31 bytes"},
		{"nothing expected", Case{Algorithm: alg, In: Values{Seed: x.seed}}, Failed, "no expected result"},
		{"nothing given", Case{Algorithm: alg, Want: Values{EK: x.ek}}, Failed, "nothing is given"},
		{"nothing to compute it from", Case{Algorithm: alg, In: Values{Seed: x.seed}, Want: Values{CT: x.ct}}, Failed, "ct is expected, but"},
		{"no use for it", Case{Algorithm: alg, In: Values{Seed: x.seed, Client: x.ek}, Want: Values{EK: x.ek}}, Failed, "no use for"},
		{"no key", Case{Algorithm: alg, In: Values{CT: x.ct}, Want: Values{SS: x.ss}}, Failed, "no key to decapsulate"},
		{"no key to encapsulate to", Case{Algorithm: alg, In: Values{M: x.m}, Want: Values{SS: x.ss}}, Failed, "no key to encapsulate"},
		{"halves of two keys", Case{Algorithm: alg, In: Values{DK: append(newExchange(t, alg, 2).dk[:768:768], x.dk[768:]...), CT: x.other}, Want: Values{SS: x.rejected}}, Failed, "dk does not decapsulate"},
		{"unknown algorithm", Case{Algorithm: "ROT13", In: Values{Seed: x.seed}, Want: Values{EK: x.ek}}, Failed, "not known"},
		{"unknown group", Case{Algorithm: "0xFE7A", In: Values{ClientSeed: x.seed}, Want: Values{Client: x.ek}}, Skipped, "not offered"},
		{"a useless private key", Case{Algorithm: "secp256r1", In: Values{ClientSeed: make([]byte, 32), Server: a.peer}, Expect: Invalid}, Failed, "client_seed is refused"},
		{"one side alone", Case{Algorithm: "x25519", In: Values{ClientSeed: a.private}, Expect: Invalid}, Failed, "neither a share"},
		{"no client share", Case{Algorithm: "x25519", In: Values{ServerSeed: a.private}, Want: Values{SS: a.ss}}, Failed, "no client share"},
		{"unknown hash", Case{Algorithm: "x25519", Hash: "MD5", In: Values{ClientSeed: a.private, Server: a.peer, HelloHash: a.ss}, Want: Values{SS: a.ss}}, Failed, "not one of TLS 1.3"},
		{"skipped", Case{Algorithm: alg, Skip: "s"}, Skipped, "s"},
		{"broken", Case{Algorithm: alg, Skip: "s", Broken: "b"}, Failed, "contradicts itself: b"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := Runner{Implementation: Ours()}.Run(context.Background(), &test.c)
			if r.Status != test.status || !strings.Contains(r.Reason, test.want) || test.want == "" && r.Reason != "" {
				t.Errorf("%v: %q, want %v: %q", r.Status, r.Reason, test.status, test.want)
			}
		})
	}
}

// TestUnseen checks what becomes of values that an implementation does not show.
func TestUnseen(t *testing.T) {
	x := newExchange(t, "ML-KEM-768", 1)
	run := func(c *Case) Result { return Runner{Implementation: Standard()}.Run(context.Background(), c) }
	r := run(&Case{Algorithm: "ML-KEM-768", In: Values{Seed: x.seed}, Want: Values{EK: x.ek, DK: x.dk}})
	if r.Status != Passed || fmt.Sprint(r.Unseen) != "[dk]" {
		t.Errorf("ek and dk: %v %s, unseen %v", r.Status, r.Reason, r.Unseen)
	}
	if r := run(&Case{Algorithm: "ML-KEM-768", In: Values{Seed: x.seed}, Want: Values{DK: x.dk}}); r.Status != Skipped {
		t.Errorf("dk alone: %v %s", r.Status, r.Reason)
	}
	if r := run(&Case{Algorithm: "ML-KEM-768", In: Values{DK: x.dk, CT: x.ct}, Want: Values{SS: x.ss}}); r.Status != Skipped {
		t.Errorf("expanded dk: %v %s", r.Status, r.Reason)
	}
	if r := run(&Case{Algorithm: "ML-KEM-512", In: Values{DK: x.dk, CT: x.ct}, Expect: Invalid}); r.Status != Skipped {
		t.Errorf("an algorithm that it does not have, invalid: %v %s", r.Status, r.Reason)
	}
}

// TestInterrupted wants a bulk case to end with its context.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	done := 0
	runner := Runner{Implementation: Ours(), Progress: func(n int) {
		if done += n; done > 100 {
			cancel()
		}
	}}
	c := &Case{Algorithm: "ML-KEM-512", Bulk: &Bulk{Count: 100_000, hash: accumulate}, Want: Values{FileHash: make([]byte, 32)}}
	if r := runner.Run(ctx, c); r.Status != Skipped || done > 1000 {
		t.Errorf("%v %s after %d exchanges", r.Status, r.Reason, done)
	}
}

func TestStrings(t *testing.T) {
	for _, test := range []struct{ got, want fmt.Stringer }{
		{Passed, text1("passed")}, {Failed, text1("failed")}, {Skipped, text1("skipped")}, {Policy, text1("policy")}, {Status(9), text1("Status(9)")},
		{Valid, text1("valid")}, {Invalid, text1("invalid")}, {Acceptable, text1("acceptable")}, {Expect(9), text1("Expect(9)")},
		{LengthFault, text1("a wrong length")}, {AnyFault, text1("any fault")},
		{&Case{Group: "g", ID: "1"}, text1("g 1")}, {&Case{ID: "1"}, text1("1")},
	} {
		if test.got.String() != test.want.String() {
			t.Errorf("%q, want %q", test.got, test.want)
		}
	}
}

type text1 string

func (s text1) String() string { return string(s) }
