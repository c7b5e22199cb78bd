package tls13_test

import (
	"bytes"
	"crypto/mlkem"
	"errors"
	"testing"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/hybrid"
	"github.com/pqkx/pqkx/nist"
	"github.com/pqkx/pqkx/tls13"
)

// foreignKEM is a group as somebody outside this module writes one: ML-KEM-1024
// of the standard library under a code point for private use. It implements the
// contract and nothing else of ours.
type foreignKEM struct{}

const foreignID pqkx.NamedGroup = 0xFE00

func (foreignKEM) ID() pqkx.NamedGroup { return foreignID }
func (foreignKEM) FIPS() bool          { return true }
func (foreignKEM) PostQuantum() bool   { return true }
func (foreignKEM) Sizes() pqkx.Sizes {
	return pqkx.Sizes{ClientShare: mlkem.EncapsulationKeySize1024, ServerShare: mlkem.CiphertextSize1024, SharedSecret: mlkem.SharedKeySize}
}

func (g foreignKEM) KeyShare() (pqkx.KeyShare, error) {
	key, err := mlkem.GenerateKey1024()
	if err != nil {
		return nil, err
	}
	return &foreignShare{key, key.EncapsulationKey().Bytes()}, nil
}

func (g foreignKEM) Encapsulate(clientShare []byte) (sharedSecret, serverShare []byte, err error) {
	key, err := mlkem.NewEncapsulationKey1024(clientShare)
	if err != nil {
		return nil, nil, errors.Join(pqkx.ErrKeyShare, err)
	}
	sharedSecret, serverShare = key.Encapsulate()
	return sharedSecret, serverShare, nil
}

type foreignShare struct {
	key   *mlkem.DecapsulationKey1024
	bytes []byte
}

func (s *foreignShare) Group() pqkx.Group { return foreignKEM{} }
func (s *foreignShare) Bytes() []byte     { return s.bytes }
func (s *foreignShare) Destroy()          { s.key = nil }

func (s *foreignShare) Decapsulate(serverShare []byte) ([]byte, error) {
	if s.key == nil {
		return nil, pqkx.ErrDestroyed
	}
	ss, err := s.key.Decapsulate(serverShare)
	if err != nil {
		return nil, errors.Join(pqkx.ErrKeyShare, err)
	}
	return ss, nil
}

// TestThirteenthGroup negotiates a group that this module does not know, alone
// and as a part of two hybrids, with a share, after a HelloRetryRequest, and
// with bad shares.
func TestThirteenthGroup(t *testing.T) {
	first := must(hybrid.New(0xFE01, foreignKEM{}, nist.P384()))
	second := must(hybrid.New(0xFE02, nist.P384(), foreignKEM{}))
	for _, g := range []pqkx.Group{foreignKEM{}, first, second} {
		t.Run(g.ID().String(), func(t *testing.T) {
			clientConfig, serverConfig := configs()
			clientConfig.Provider = must(pqkx.New(nist.P384(), g))
			serverConfig.Provider = must(pqkx.New(nist.P384(), g))
			for _, retry := range []bool{false, true} {
				if retry {
					clientConfig.Provider = must(clientConfig.Provider.WithPolicy(pqkx.Upgrade))
				}
				client, server := connect(t, clientConfig, serverConfig)
				state := client.ConnectionState()
				if state.Group != g.ID() || !state.PostQuantum || state.HelloRetryRequest != retry {
					t.Errorf("state %+v", state)
				}
				exchange(t, client, server, []byte("from the client"))
				exchange(t, server, client, []byte("from the server"))
			}

			short := func(share []byte) []byte { return share[1:] }
			clientConfig.Provider = must(pqkx.New(bentGroup{g, short, nil}))
			c, s := pair(t, clientConfig, serverConfig)
			clientErr, serverErr := handshake(c, s)
			wantAlert(t, serverErr, clientErr, tls13.AlertIllegalParameter)
		})
	}
	ks := must(first.KeyShare())
	component := ks.(pqkx.HybridKeyShare).Component()
	if component.Group().ID() != pqkx.Secp384r1 || !bytes.HasSuffix(ks.Bytes(), component.Bytes()) {
		t.Errorf("the component is a share of %v", component.Group().ID())
	}
}
