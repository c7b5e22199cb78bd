// Package tls_test is crypto/tls's, with this file added: it hands a provider to
// the package before its tests run.
package tls_test

import (
	"crypto/ecdh"
	"crypto/fips140"
	"crypto/rand"
	"errors"
	"go/version"
	"io"
	"os"
	"runtime"
	"slices"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/host/cryptotls"
	"github.com/pqkx/pqkx/hybrid"
	"github.com/pqkx/pqkx/mlkem"
	"github.com/pqkx/pqkx/preset"
)

func init() {
	p := preset.Default()
	switch os.Getenv("PQKX_GOSUITE") {
	case "":
		return
	case "replay":
		if !fips140.Enforced() {
			p = replaying()
		}
	}
	if err := cryptotls.Use(p); err != nil {
		panic(err)
	}
}

// replaying returns a provider for the tests that replay recorded handshakes:
// its classical groups draw what crypto/tls draws in those tests, and so send
// what was recorded.
func replaying() *pqkx.Provider {
	p, err := pqkx.New(
		replayedHybrid{hybrid.StandardX25519MLKEM768()},
		hybrid.StandardSecP256r1MLKEM768(),
		hybrid.StandardSecP384r1MLKEM1024(),
		replayedX25519,
		replayed{pqkx.Secp256r1, ecdh.P256(), pqkx.Sizes{ClientShare: 65, ServerShare: 65, SharedSecret: 32}},
		replayed{pqkx.Secp384r1, ecdh.P384(), pqkx.Sizes{ClientShare: 97, ServerShare: 97, SharedSecret: 48}},
		replayed{pqkx.Secp521r1, ecdh.P521(), pqkx.Sizes{ClientShare: 133, ServerShare: 133, SharedSecret: 66}},
	)
	if err != nil {
		panic(err)
	}
	return p
}

var replayedX25519 = replayed{pqkx.X25519, ecdh.X25519(), pqkx.Sizes{ClientShare: 32, ServerShare: 32, SharedSecret: 32}}

type replayed struct {
	id    pqkx.NamedGroup
	curve ecdh.Curve
	sizes pqkx.Sizes
}

func (g replayed) ID() pqkx.NamedGroup { return g.id }
func (g replayed) Sizes() pqkx.Sizes   { return g.sizes }
func (g replayed) FIPS() bool          { return false }

func (g replayed) KeyShare() (pqkx.KeyShare, error) {
	key, err := g.curve.GenerateKey(source())
	if err != nil {
		return nil, err
	}
	return &replayedShare{g, key}, nil
}

func (g replayed) Encapsulate(clientShare []byte) (sharedSecret, serverShare []byte, err error) {
	key, err := g.curve.GenerateKey(source())
	if err != nil {
		return nil, nil, err
	}
	sharedSecret, err = g.agree(key, clientShare)
	return sharedSecret, key.PublicKey().Bytes(), err
}

func (g replayed) agree(key *ecdh.PrivateKey, share []byte) ([]byte, error) {
	peer, err := g.curve.NewPublicKey(share)
	if err != nil {
		return nil, errors.Join(pqkx.ErrKeyShare, err)
	}
	ss, err := key.ECDH(peer)
	if err != nil {
		return nil, errors.Join(pqkx.ErrKeyShare, err)
	}
	return ss, nil
}

type replayedShare struct {
	group replayed
	key   *ecdh.PrivateKey
}

func (ks *replayedShare) Group() pqkx.Group { return ks.group }
func (ks *replayedShare) Bytes() []byte     { return ks.key.PublicKey().Bytes() }
func (ks *replayedShare) Destroy()          {}

func (ks *replayedShare) Decapsulate(serverShare []byte) ([]byte, error) {
	return ks.group.agree(ks.key, serverShare)
}

// A replayedHybrid is X25519MLKEM768 whose client draws the classical key first,
// as crypto/tls does; we draw in wire order. Some recordings have its share.
type replayedHybrid struct{ pqkx.Group }

func (g replayedHybrid) PostQuantum() bool { return true }

func (g replayedHybrid) KeyShare() (pqkx.KeyShare, error) {
	classical, err := replayedX25519.KeyShare()
	if err != nil {
		return nil, err
	}
	kem, err := mlkem.StandardMLKEM768().KeyShare()
	if err != nil {
		return nil, err
	}
	return &replayedHybridShare{kem, classical, g}, nil
}

type replayedHybridShare struct {
	pqkx.KeyShare // ML-KEM
	classical     pqkx.KeyShare
	group         replayedHybrid
}

func (ks *replayedHybridShare) Group() pqkx.Group        { return ks.group }
func (ks *replayedHybridShare) Component() pqkx.KeyShare { return ks.classical }

func (ks *replayedHybridShare) Bytes() []byte {
	return slices.Concat(ks.KeyShare.Bytes(), ks.classical.Bytes())
}

func (ks *replayedHybridShare) Decapsulate(serverShare []byte) ([]byte, error) {
	if len(serverShare) != ks.group.Sizes().ServerShare {
		return nil, pqkx.ErrKeyShare
	}
	cut := ks.KeyShare.Group().Sizes().ServerShare
	first, err := ks.KeyShare.Decapsulate(serverShare[:cut])
	if err != nil {
		return nil, err
	}
	second, err := ks.classical.Decapsulate(serverShare[cut:])
	if err != nil {
		return nil, err
	}
	return slices.Concat(first, second), nil
}

// source returns what the tests draw from: a Rand of zeros until Go 1.26, and
// the process's own, which they replace, since.
func source() io.Reader {
	if version.Compare(runtime.Version(), "go1.27") < 0 {
		return zeros{}
	}
	return rand.Reader
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}
