package kat

import (
	"bytes"
	"context"
	"crypto/fips140"
	"crypto/sha3"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/pqkx/pqkx"
)

// A Runner judges an implementation.
type Runner struct {
	Implementation Implementation

	// Progress, if set, is told now and then that n more exchanges are done.
	Progress func(n int)
}

// Run judges the implementation by one case. A panic of the implementation is
// a failure. Known answers need randomness that is given, which
// GODEBUG=fips140=only forbids: it is not enforced here.
func (r Runner) Run(ctx context.Context, c *Case) (result Result) {
	result.Case = c
	switch {
	case c.Broken != "":
		result.Status, result.Reason = Failed, "the file contradicts itself: "+c.Broken
		return result
	case c.Skip != "":
		result.Status, result.Reason = Skipped, c.Skip
		return result
	}
	defer func() {
		if p := recover(); p != nil {
			result = Result{Case: c, Status: Failed, Reason: fmt.Sprintf("the implementation panics: %v", p)}
		}
	}()
	e := evaluation{Case: c, out: make(Values)}
	var err error
	fips140.WithoutEnforcement(func() {
		err = e.run(ctx, r)
		e.judge(&result, err)
	})
	return result
}

// Weight returns how many exchanges a case is worth, for progress.
func (c *Case) Weight() int {
	if c.Bulk != nil {
		return c.Bulk.Count
	}
	return 1
}

// An evaluation computes what can be computed from a case.
type evaluation struct {
	*Case
	out    Values
	unseen []string
}

// errFailure is a failure whatever the case expects.
type errFailure struct{ reason string }

func (e errFailure) Error() string { return e.reason }

// caseErrorf is for a case that is not complete or contradicts itself.
func caseErrorf(format string, args ...any) error {
	return errFailure{"not understood: " + fmt.Sprintf(format, args...)}
}

// wrongErrorf is for an implementation that contradicts itself.
func wrongErrorf(format string, args ...any) error { return errFailure{fmt.Sprintf(format, args...)} }

func (e *evaluation) run(ctx context.Context, r Runner) error {
	id, isGroup := groupByName(e.Algorithm)
	_, isKEM := kems[e.Algorithm]
	var x Exchange
	var k KEM
	switch {
	case isGroup:
		x = r.Implementation.Exchange(id)
	case isKEM:
		k = kemOf(r.Implementation, e.Algorithm)
	default:
		return caseErrorf("algorithm %q is not known", e.Algorithm)
	}
	if x == nil && k == nil {
		return fmt.Errorf("%s is %w %s", e.Algorithm, ErrUnsupported, r.Implementation.Name())
	}
	switch {
	case e.Bulk != nil:
		return e.bulk(ctx, r, k)
	case isKEM:
		return e.kem(k)
	case e.In[PostQuantumSS] != nil:
		return e.combine(r.Implementation, id)
	}
	return e.exchange(x)
}

// require checks the names of the values that are given: an unknown one would
// be passed over in silence.
func (e *evaluation) require(known ...string) error {
	for name := range e.In {
		if !slices.Contains(known, name) {
			return caseErrorf("%s is given, which this case has no use for", name)
		}
	}
	if len(e.In) == 0 {
		return caseErrorf("nothing is given")
	}
	if e.Expect == Valid && len(e.Want) == 0 && !e.keyCheck() {
		return caseErrorf("no expected result")
	}
	lengths := e.lengths()
	for _, name := range []string{SS, OtherSS} { // which are never digested
		if b, ok := e.Want[name]; ok && lengths != nil && len(b) != lengths[name] {
			return caseErrorf("%s of %d bytes, want %d", name, len(b), lengths[name])
		}
	}
	return nil
}

// keyCheck reports whether the case gives one key alone, and asks whether it
// is good.
func (e *evaluation) keyCheck() bool {
	return len(e.In) == 1 && (e.In[EK] != nil || e.In[DK] != nil)
}

// kem runs every operation that the given values allow.
func (e *evaluation) kem(k KEM) (err error) {
	if err := e.require(Seed, EK, DK, M, CT, OtherCT); err != nil {
		return err
	}
	ek := e.In[EK]
	if seed, ok := e.In[Seed]; ok {
		if e.out[EK], e.out[DK], err = k.KeyGen(seed); err != nil {
			return err
		}
		e.out[Seed] = seed
		if ek == nil {
			ek = e.out[EK]
		}
	}
	if m, ok := e.In[M]; ok {
		if ek == nil {
			return caseErrorf("m is given, but no key to encapsulate to")
		}
		if err := e.encapsulate(k, ek, m); err != nil {
			return err
		}
	}
	for ct, ss := range map[string]string{CT: SS, OtherCT: OtherSS} {
		if ct, ok := e.In[ct]; ok {
			if e.out[ss], err = e.decapsulate(k, ct); err != nil {
				return err
			}
		}
	}
	if e.keyCheck() {
		return e.checkKey(k)
	}
	return nil
}

// encapsulate encapsulates and, with a private key, decapsulates again.
func (e *evaluation) encapsulate(k KEM, ek, m []byte) (err error) {
	if e.out[CT], e.out[SS], err = k.Encapsulate(ek, m); err != nil {
		return err
	}
	if e.In[Seed] == nil && e.In[DK] == nil || e.In[CT] != nil {
		return nil
	}
	ss, err := e.decapsulate(k, e.out[CT])
	switch {
	case errors.Is(err, ErrUnsupported):
		e.unseen = append(e.unseen, DK)
	case err != nil:
		return err
	case !bytes.Equal(ss, e.out[SS]):
		return wrongErrorf("decapsulation of the implementation's own ciphertext gives %x, encapsulation gave %x", ss, e.out[SS])
	}
	return nil
}

func (e *evaluation) decapsulate(k KEM, ct []byte) ([]byte, error) {
	if dk, ok := e.In[DK]; ok {
		ss, err := k.Decapsulate(dk, ct)
		if err == nil && e.Expect == Valid {
			err = e.consistent(k, dk)
		}
		return ss, err
	}
	if seed, ok := e.In[Seed]; ok {
		return k.DecapsulateSeed(seed, ct)
	}
	return nil, caseErrorf("a ciphertext is given, but no key to decapsulate it with")
}

// consistent wants the two halves of an expanded key to belong together. A
// ciphertext that is rejected would not show that they do not: its secret comes
// from z alone.
func (e *evaluation) consistent(k KEM, dk []byte) error {
	sizes := kems[e.Algorithm]
	ek := ekIn(dk)
	if ek == nil || len(dk) != sizes.dk {
		return nil
	}
	ct, want, err := k.Encapsulate(ek, make([]byte, sizes.m))
	if err != nil {
		return caseErrorf("the ek in dk is refused: %v", err)
	}
	if ss, err := k.Decapsulate(dk, ct); err != nil || !bytes.Equal(ss, want) {
		return caseErrorf("dk does not decapsulate what is encapsulated to the ek in it")
	}
	return nil
}

// checkKey puts a key to use, which is where it is checked.
func (e *evaluation) checkKey(k KEM) (err error) {
	sizes := kems[e.Algorithm]
	if ek, ok := e.In[EK]; ok {
		_, _, err = k.Encapsulate(ek, make([]byte, sizes.m))
	} else {
		_, err = k.Decapsulate(e.In[DK], make([]byte, sizes.ct))
	}
	return err
}

// exchange runs the sides of a TLS group that the given values allow.
func (e *evaluation) exchange(x Exchange) (err error) {
	if err := e.require(ClientSeed, ServerSeed, Client, Server, HelloHash, FinishedHash); err != nil {
		return err
	}
	client, server := e.In[Client], e.In[Server]
	if seed, ok := e.In[ClientSeed]; ok {
		if e.out[Client], err = x.ClientShare(seed); err != nil {
			return caseOrRefusal("client_seed", err)
		}
		if client == nil {
			client = e.out[Client]
		}
	}
	ran := false
	if seed, ok := e.In[ServerSeed]; ok {
		if client == nil {
			return caseErrorf("server_seed is given, but no client share to answer")
		}
		if e.out[Server], e.out[SS], err = x.Server(seed, client); err != nil {
			return err
		}
		if server == nil {
			server = e.out[Server]
		}
		ran = true
	}
	if seed, ok := e.In[ClientSeed]; ok && server != nil {
		ss, err := x.Client(seed, server)
		if err != nil {
			return err
		}
		if ran && e.In[Server] == nil && !bytes.Equal(ss, e.out[SS]) {
			return wrongErrorf("the implementation's client has the secret %x, its server %x", ss, e.out[SS])
		}
		e.out[SS] = ss
		ran = true
	}
	if !ran && e.Expect != Valid {
		return caseErrorf("neither a share to complete nor one to answer")
	}
	return e.schedule()
}

// caseOrRefusal tells apart a seed that cannot be one from a refusal of the
// peer's share: a private key that is not usable says nothing about the peer.
func caseOrRefusal(what string, err error) error {
	if errors.Is(err, ErrUnsupported) || errors.Is(err, pqkx.ErrKeyShare) {
		return err
	}
	return caseErrorf("%s is refused: %v", what, err)
}

// combine runs the elliptic curve of a hybrid and puts its secret beside a
// given post-quantum one.
func (e *evaluation) combine(impl Implementation, id pqkx.NamedGroup) error {
	if err := e.require(PostQuantumSS, ClientSeed, ServerSeed, HelloHash, FinishedHash); err != nil {
		return err
	}
	for _, p := range groups[id] {
		ss := e.In[PostQuantumSS]
		if p.kem == "" {
			x := impl.Exchange(p.curve)
			if x == nil {
				return fmt.Errorf("%v is %w %s", p.curve, ErrUnsupported, impl.Name())
			}
			half := evaluation{Case: &Case{In: Values{ClientSeed: e.In[ClientSeed], ServerSeed: e.In[ServerSeed]}, Want: Values{SS: nil}}, out: make(Values)}
			if err := half.exchange(x); err != nil {
				return err
			}
			ss = half.out[SS]
			e.out[ClassicalSS] = ss
		}
		e.out[SS] = slices.Concat(e.out[SS], ss)
	}
	return e.schedule()
}

// schedule derives the secrets of the TLS key schedule, where a transcript is
// given.
func (e *evaluation) schedule() error {
	if e.In[HelloHash] == nil {
		return nil
	}
	secrets, err := TrafficSecrets(e.Hash, e.out[SS], e.In[HelloHash], e.In[FinishedHash])
	if err != nil {
		return caseErrorf("%v", err)
	}
	maps.Copy(e.out, secrets)
	return nil
}

func (e *evaluation) bulk(ctx context.Context, r Runner, k KEM) (err error) {
	if k == nil {
		return caseErrorf("%s is not a KEM", e.Algorithm)
	}
	progress := r.Progress
	if progress == nil {
		progress = func(int) {}
	}
	e.out[FileHash], err = e.Bulk.hash(ctx, k, e.Case, progress)
	return err
}

// judge compares what was computed with what is expected.
func (e *evaluation) judge(r *Result, err error) {
	r.Unseen = e.unseen
	var failure errFailure
	switch {
	case errors.As(err, &failure):
		r.Status, r.Reason = Failed, failure.reason
		return
	case errors.Is(err, ErrUnsupported), errors.Is(err, context.Canceled):
		r.Status, r.Reason = Skipped, err.Error()
		return
	}
	switch e.Expect {
	case Invalid:
		e.judgeInvalid(r, err)
	case Acceptable:
		e.judgeAcceptable(r, err)
	default:
		if err != nil {
			r.Status, r.Reason = Failed, "refused: "+err.Error()
			return
		}
		e.compare(r, e.Want)
	}
}

func (e *evaluation) judgeInvalid(r *Result, err error) {
	switch {
	case err == nil && e.Policy != "":
		r.Status, r.Reason = Policy, "accepted: "+e.Policy
	case err == nil:
		r.Status, r.Reason = Failed, "accepted, although the vector is invalid"
	default:
		if reason := e.wrongCause(); reason != "" {
			r.Status, r.Reason = Failed, reason
			return
		}
		want := maps.Clone(e.Want) // as far as it was computed before the refusal
		maps.DeleteFunc(want, func(name string, _ []byte) bool { return e.out[name] == nil })
		e.compare(r, want)
	}
}

// judgeAcceptable lets an implementation refuse what it likes, as far as the
// vector is what it says to be.
func (e *evaluation) judgeAcceptable(r *Result, err error) {
	r.Status, r.Reason = Policy, "accepted"
	if err != nil {
		r.Reason = "refused"
		if reason := e.wrongCause(); reason != "" && len(e.defects()) > 0 {
			r.Status, r.Reason = Failed, reason
			return
		}
		if !e.zeroOfLowOrder() {
			r.Status, r.Reason = Failed, "refused, as a point of low order, but the secret of one is zero, and "+SS+" is not"
			return
		}
	} else if !e.compare(r, e.Want) {
		return
	}
	if e.Policy != "" {
		r.Reason += ": " + e.Policy
	}
}

// zeroOfLowOrder reports whether the expected secret is zero if the share is a
// point of low order of Curve25519 alone.
func (e *evaluation) zeroOfLowOrder() bool {
	id, _ := groupByName(e.Algorithm)
	ss, ok := e.Want[SS]
	return id != pqkx.X25519 || !ok || len(e.defects()) == 0 || len(bytes.Trim(ss, "\x00")) == 0
}

// lengths returns what is known of the lengths of fields, nil if nothing is.
func (c *Case) lengths() map[string]int {
	if s, ok := kems[c.Algorithm]; ok {
		return map[string]int{Seed: s.seed, EK: s.ek, DK: s.dk, M: s.m, CT: s.ct, OtherCT: s.ct, SS: 32, OtherSS: 32}
	}
	id, _ := groupByName(c.Algorithm)
	parts := groups[id]
	if parts == nil {
		return nil
	}
	return map[string]int{
		ClientSeed: sum(parts, clientSeedSize), ServerSeed: sum(parts, serverSeedSize),
		Client: sum(parts, clientSize), Server: sum(parts, serverSize),
		SS: sum(parts, func(p groupPart) int { return p.sharedSecret }),
	}
}

// compare sets the result of a case that was computed in full. It reports
// whether every value is the one that is wanted.
func (e *evaluation) compare(r *Result, want Values) bool {
	compared := 0
	for _, name := range slices.Sorted(maps.Keys(want)) {
		got, ok := e.out[name]
		switch {
		case !ok:
			r.Status, r.Reason = Failed, "not understood: "+name+" is expected, but nothing is given to compute it from"
			return false
		case got == nil:
			r.Unseen = append(r.Unseen, name)
			continue
		}
		if name != SS && name != OtherSS {
			got = e.Digest.sum(got)
		}
		if !bytes.Equal(got, want[name]) {
			r.Status, r.Reason = Failed, "differs"
			r.Field, r.Want, r.Got = name, want[name], got
			if e.Digest != Plain && name != SS && name != OtherSS {
				r.Field += " (" + string(e.Digest) + ")"
			}
			return false
		}
		compared++
	}
	if compared == 0 && len(want) > 0 {
		r.Status, r.Reason = Skipped, "nothing of it is shown by the implementation"
	}
	return true
}

// A Digest is a hash that stands for a long value in a vector file. Shared
// secrets are never digested.
type Digest string

const (
	Plain       Digest = ""
	SHA3_256    Digest = "SHA3-256"
	SHAKE256_16 Digest = "SHAKE256, 16 bytes"
)

func (d Digest) sum(b []byte) []byte {
	switch d {
	case SHA3_256:
		h := sha3.Sum256(b)
		return h[:]
	case SHAKE256_16:
		return sha3.SumSHAKE256(b, 16)
	}
	return b
}
