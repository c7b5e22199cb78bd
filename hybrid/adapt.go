package hybrid

import (
	"fmt"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/internal/derand"
)

// adapt makes a part of any group: one from outside this module is called by
// its public interface and its results are copied.
func adapt(g pqkx.Group) derand.Group {
	if d, ok := g.(derand.Group); ok {
		return d
	}
	return adapted{g}
}

type adapted struct{ pqkx.Group }

func (a adapted) SeedSizes() (_, _ int) { return 0, 0 }

func (a adapted) KeyShareInto(share []byte, _ derand.Seed) (pqkx.KeyShare, error) {
	ks, err := a.KeyShare()
	if err != nil {
		return nil, err
	}
	if err := fill(a.Group, share, ks.Bytes()); err != nil {
		ks.Destroy()
		return nil, err
	}
	return ks, nil
}

func (a adapted) EncapsulateInto(sharedSecret, serverShare, clientShare []byte, _ derand.Seed) error {
	ss, share, err := a.Encapsulate(clientShare)
	if err != nil {
		return err
	}
	defer clear(ss)
	if err := fill(a.Group, sharedSecret, ss); err != nil {
		return err
	}
	return fill(a.Group, serverShare, share)
}

// fill copies what a part returned, after a check that it keeps to its Sizes.
func fill(g pqkx.Group, dst, src []byte) error {
	if len(src) != len(dst) {
		return fmt.Errorf("hybrid: part %v returned %d bytes, its Sizes promise %d", g.ID(), len(src), len(dst))
	}
	copy(dst, src)
	return nil
}
