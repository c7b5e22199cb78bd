package grouptest_test

import (
	"crypto/sha256"
	"errors"
	"testing"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/grouptest"
	"github.com/pqkx/pqkx/hybrid"
	"github.com/pqkx/pqkx/kyber"
	"github.com/pqkx/pqkx/mlkem"
	"github.com/pqkx/pqkx/nist"
	"github.com/pqkx/pqkx/preset"
	"github.com/pqkx/pqkx/x25519"
)

func TestGroups(t *testing.T) {
	for _, g := range preset.All().Groups() {
		t.Run(g.ID().String(), func(t *testing.T) { grouptest.Run(t, g) })
	}
}

func TestFIPSGroups(t *testing.T) {
	for _, g := range preset.FIPS().Groups() {
		t.Run(g.ID().String(), func(t *testing.T) { grouptest.Run(t, g) })
	}
}

// TestParts runs what is in no preset by itself.
func TestParts(t *testing.T) {
	t.Run("Kyber768", func(t *testing.T) { grouptest.Run(t, kyber.Kyber768()) })
	t.Run("StandardX25519", func(t *testing.T) { grouptest.Run(t, x25519.Standard()) })
	t.Run("StandardMLKEM768", func(t *testing.T) { grouptest.Run(t, mlkem.StandardMLKEM768()) })
	t.Run("StandardMLKEM1024", func(t *testing.T) { grouptest.Run(t, mlkem.StandardMLKEM1024()) })
}

// foreign hides everything but the public interface, as a group from another
// module would.
type foreign struct{ pqkx.Group }

func (foreign) PostQuantum() bool { return true }

// combined is a third party's hybrid that knows nothing of package hybrid: it
// has a code point of its own and hashes the secrets of its parts together.
type combined struct{ pqkx.Group }

const private pqkx.NamedGroup = 0xFE7A

func (combined) ID() pqkx.NamedGroup { return private }

func (g combined) Sizes() pqkx.Sizes {
	s := g.Group.Sizes()
	s.SharedSecret = sha256.Size
	return s
}

func (g combined) KeyShare() (pqkx.KeyShare, error) {
	ks, err := g.Group.KeyShare()
	return combinedShare{ks, g}, err
}

func (g combined) Encapsulate(clientShare []byte) (sharedSecret, serverShare []byte, err error) {
	ss, share, err := g.Group.Encapsulate(clientShare)
	if err != nil {
		return nil, nil, g.rename(err)
	}
	h := sha256.Sum256(ss)
	return h[:], share, nil
}

func (g combined) rename(err error) error {
	if errors.Is(err, pqkx.ErrKeyShare) {
		return &pqkx.KeyShareError{Group: private}
	}
	return err
}

type combinedShare struct {
	pqkx.KeyShare
	group combined
}

func (ks combinedShare) Group() pqkx.Group { return ks.group }

func (ks combinedShare) Decapsulate(serverShare []byte) ([]byte, error) {
	ss, err := ks.KeyShare.Decapsulate(serverShare)
	if err != nil {
		return nil, ks.group.rename(err)
	}
	h := sha256.Sum256(ss)
	return h[:], nil
}

func TestThirdParty(t *testing.T) {
	own := func(parts ...pqkx.Group) pqkx.Group {
		g, err := hybrid.New(private, parts...)
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	for name, g := range map[string]pqkx.Group{
		"P521 first":         own(nist.P521(), mlkem.MLKEM512()),
		"MLKEM512 first":     own(mlkem.MLKEM512(), nist.P521()),
		"X25519 first":       own(x25519.Group(), mlkem.MLKEM1024()),
		"MLKEM1024 first":    own(mlkem.MLKEM1024(), x25519.Group()),
		"foreign part first": own(foreign{mlkem.MLKEM768()}, x25519.Group()),
		"foreign part last":  own(x25519.Group(), foreign{mlkem.MLKEM768()}),
		"two of ML-KEM":      own(mlkem.MLKEM512(), mlkem.MLKEM768()),
		"three parts":        own(x25519.Group(), mlkem.MLKEM768(), nist.P256()),
		"foreign":            foreign{mlkem.MLKEM512()},
		"combined":           combined{hybrid.X25519MLKEM768()},
		"combined classical": combined{nist.P521()},
	} {
		t.Run(name, func(t *testing.T) { grouptest.Run(t, g) })
	}
}
