package derand_test

import (
	"testing"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/internal/derand"
	"github.com/pqkx/pqkx/internal/secret"
	"github.com/pqkx/pqkx/x25519"
)

// A watched group notes whether it runs inside secret.Do.
type watched struct {
	derand.Group
	inside *[]bool
}

func (g watched) KeyShareInto(share []byte, seed derand.Seed) (pqkx.KeyShare, error) {
	*g.inside = append(*g.inside, secret.Enabled())
	ks, err := g.Group.KeyShareInto(share, seed)
	return watchedShare{ks.(derand.KeyShare), g.inside}, err
}

func (g watched) EncapsulateInto(sharedSecret, serverShare, clientShare []byte, seed derand.Seed) error {
	*g.inside = append(*g.inside, secret.Enabled())
	return g.Group.EncapsulateInto(sharedSecret, serverShare, clientShare, seed)
}

type watchedShare struct {
	derand.KeyShare
	inside *[]bool
}

func (s watchedShare) DecapsulateInto(sharedSecret, serverShare []byte) error {
	*s.inside = append(*s.inside, secret.Enabled())
	return s.KeyShare.DecapsulateInto(sharedSecret, serverShare)
}

// TestInsideSecret checks that all work on secrets is done inside secret.Do
// where the program is built for that, and that a group works there.
func TestInsideSecret(t *testing.T) {
	var inside []bool
	g := watched{x25519.Group().(derand.Group), &inside}
	ks, err := derand.Fresh(g)
	if err != nil {
		t.Fatal(err)
	}
	ss, share, err := derand.EncapsulateFresh(g, ks.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	got, err := derand.Decapsulate(ks.(derand.KeyShare), share)
	if err != nil || string(got) != string(ss) {
		t.Fatalf("%x, want %x; %v", got, ss, err)
	}
	for i, in := range inside {
		if in != secret.Experiment {
			t.Errorf("step %d: inside is %v, want %v", i, in, secret.Experiment)
		}
	}
	if len(inside) != 3 || secret.Enabled() {
		t.Errorf("%d steps, and outside is %v", len(inside), secret.Enabled())
	}
}
