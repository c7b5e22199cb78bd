// Package tls_test is crypto/tls's, with this file added: it hands a provider to
// the package before its tests run.
package tls_test

import (
	"crypto/ecdh"
	"crypto/fips140"
	"errors"
	"os"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/host/cryptotls"
	"github.com/pqkx/pqkx/hybrid"
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
// its classical groups draw zeros, as crypto/tls does with the Rand of those
// tests, so that they send what was recorded.
func replaying() *pqkx.Provider {
	p, err := pqkx.New(
		hybrid.StandardX25519MLKEM768(),
		hybrid.StandardSecP256r1MLKEM768(),
		hybrid.StandardSecP384r1MLKEM1024(),
		replayed{pqkx.X25519, ecdh.X25519(), pqkx.Sizes{ClientShare: 32, ServerShare: 32, SharedSecret: 32}},
		replayed{pqkx.Secp256r1, ecdh.P256(), pqkx.Sizes{ClientShare: 65, ServerShare: 65, SharedSecret: 32}},
		replayed{pqkx.Secp384r1, ecdh.P384(), pqkx.Sizes{ClientShare: 97, ServerShare: 97, SharedSecret: 48}},
		replayed{pqkx.Secp521r1, ecdh.P521(), pqkx.Sizes{ClientShare: 133, ServerShare: 133, SharedSecret: 66}},
	)
	if err != nil {
		panic(err)
	}
	return p
}

type replayed struct {
	id    pqkx.NamedGroup
	curve ecdh.Curve
	sizes pqkx.Sizes
}

func (g replayed) ID() pqkx.NamedGroup { return g.id }
func (g replayed) Sizes() pqkx.Sizes   { return g.sizes }
func (g replayed) FIPS() bool          { return false }

func (g replayed) KeyShare() (pqkx.KeyShare, error) {
	key, err := g.curve.GenerateKey(zeros{})
	if err != nil {
		return nil, err
	}
	return &replayedShare{g, key}, nil
}

func (g replayed) Encapsulate(clientShare []byte) (sharedSecret, serverShare []byte, err error) {
	key, err := g.curve.GenerateKey(zeros{})
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

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}
