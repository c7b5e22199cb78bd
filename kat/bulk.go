package kat

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/sha3"
	"fmt"
	"hash"
	"strings"
)

// A Bulk is many exchanges whose inputs come from a generator and whose results
// go into one hash.
type Bulk struct {
	Count int
	hash  bulkHash
}

type bulkHash func(ctx context.Context, k KEM, c *Case, progress func(int)) ([]byte, error)

// progressStep is how many exchanges go by between two calls of progress.
const progressStep = 64

// each calls f Count times, unless ctx ends.
func (b *Bulk) each(ctx context.Context, progress func(int), f func(i int) error) error {
	for i := range b.Count {
		if i%progressStep == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			progress(min(progressStep, b.Count-i))
		}
		if err := f(i); err != nil {
			return err
		}
	}
	return nil
}

// accumulate is the procedure of C2SP CCTV, ML-KEM, "Accumulated pq-crystals
// vectors": inputs from SHAKE128 of nothing, results into another SHAKE128.
func accumulate(ctx context.Context, k KEM, c *Case, progress func(int)) ([]byte, error) {
	sizes := kems[c.Algorithm]
	in, out := sha3.NewSHAKE128(), sha3.NewSHAKE128()
	seed, m, ct := make([]byte, sizes.seed), make([]byte, sizes.m), make([]byte, sizes.ct)
	err := c.Bulk.each(ctx, progress, func(i int) error {
		for _, b := range [][]byte{seed, m, ct} {
			in.Read(b)
		}
		ek, dk, err := k.KeyGen(seed)
		if err != nil {
			return err
		}
		if dk == nil {
			return fmt.Errorf("a decapsulation key in expanded form is %w", ErrUnsupported)
		}
		sent, ss, err := k.Encapsulate(ek, m)
		if err != nil {
			return err
		}
		if received, err := k.DecapsulateSeed(seed, sent); err != nil || !bytes.Equal(received, ss) {
			return wrongErrorf("exchange %d: decapsulation gives %x, error %v, encapsulation gave %x", i, received, err, ss)
		}
		rejected, err := k.DecapsulateSeed(seed, ct)
		if err != nil {
			return err
		}
		for _, b := range [][]byte{ek, dk, sent, ss, rejected} {
			out.Write(b)
		}
		return nil
	})
	digest := make([]byte, 32)
	out.Read(digest)
	return digest, err
}

// hashRSP hashes NIST's response file as liboqs, PQClean and pq-crystals lay it
// out: no header line and no blank line at the end.
func hashRSP(ctx context.Context, k KEM, c *Case, progress func(int)) ([]byte, error) {
	w := lastNewline{h: sha256.New()}
	seeds := newSeeds()
	err := c.Bulk.each(ctx, progress, func(i int) error {
		return writeRecord(&w, k, c.Algorithm, i, seeds.draw(drbgSeedSize))
	})
	return w.h.Sum(nil), err
}

// lastNewline holds back a blank line until more is written.
type lastNewline struct {
	h    hash.Hash
	held bool
}

func (w *lastNewline) Write(b []byte) (int, error) {
	if w.held {
		w.h.Write([]byte("\n"))
	}
	rest, held := bytes.CutSuffix(b, []byte("\n\n"))
	w.held = held
	w.h.Write(rest)
	if held {
		w.h.Write([]byte("\n"))
	}
	return len(b), nil
}

// isKyber reports whether an algorithm is of round 3, whose NIST files draw d
// and z apart.
func isKyber(algorithm string) bool { return strings.HasPrefix(algorithm, "Kyber") }
