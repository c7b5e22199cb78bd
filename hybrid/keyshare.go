package hybrid

import (
	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/internal/derand"
)

type keyShare struct {
	group     *group
	parts     []pqkx.KeyShare // in wire order
	share     []byte          // the parts' shares are slices of it
	destroyed bool
}

func (ks *keyShare) Group() pqkx.Group { return ks.group }
func (ks *keyShare) Bytes() []byte     { return ks.share }

func (ks *keyShare) Decapsulate(serverShare []byte) ([]byte, error) {
	return derand.Decapsulate(ks, serverShare)
}

// DecapsulateInto runs every part, as EncapsulateInto does.
func (ks *keyShare) DecapsulateInto(sharedSecret, serverShare []byte) error {
	if ks.destroyed {
		return pqkx.ErrDestroyed
	}
	if len(serverShare) != ks.group.sizes.ServerShare {
		return ks.group.bad(pqkx.CauseLength)
	}
	var failed error
	for i, p := range ks.parts {
		s := ks.group.parts[i].Sizes()
		err := decapsulateInto(p, cut(&sharedSecret, s.SharedSecret), cut(&serverShare, s.ServerShare))
		failed = ks.group.join(failed, err)
	}
	return failed
}

func decapsulateInto(ks pqkx.KeyShare, sharedSecret, serverShare []byte) error {
	if d, ok := ks.(derand.KeyShare); ok {
		return d.DecapsulateInto(sharedSecret, serverShare)
	}
	ss, err := ks.Decapsulate(serverShare)
	if err != nil {
		return err
	}
	defer clear(ss)
	return fill(ks.Group(), sharedSecret, ss)
}

func (ks *keyShare) Destroy() {
	for _, p := range ks.parts {
		if p != nil {
			p.Destroy()
		}
	}
	ks.destroyed = true
}

// A hybridKeyShare is the share of a hybrid with a part to offer by itself.
type hybridKeyShare struct{ *keyShare }

func (ks hybridKeyShare) Component() pqkx.KeyShare { return ks.parts[ks.group.component] }
