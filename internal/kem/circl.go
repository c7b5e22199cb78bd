package kem

import (
	"crypto/rand"

	circl "github.com/cloudflare/circl/kem"
)

// A circlScheme is a parameter set of circl's ML-KEM or Kyber. P and S are
// circl's public and private key of that set.
type circlScheme[P, S any, PP circlPublic[P], SS circlPrivate[S]] struct {
	name     string
	sizes    Sizes
	generate func(seed []byte) (*P, *S)

	// unpackPublic and unpackPrivate are false for a key that circl, or we
	// before it, refuse. Kyber's differ from ML-KEM's; see newKyber.
	unpackPublic  func(*P, []byte) bool
	unpackPrivate func(*S, []byte) bool
}

type circlPublic[P any] interface {
	*P
	Pack(buf []byte)
	EncapsulateTo(ct, ss, seed []byte)
}

type circlPrivate[S any] interface {
	*S
	Pack(buf []byte)
	DecapsulateTo(ss, ct []byte)
	Public() circl.PublicKey
}

func (s *circlScheme[P, S, PP, SS]) Name() string    { return s.name }
func (s *circlScheme[P, S, PP, SS]) Backend() string { return "circl" }
func (s *circlScheme[P, S, PP, SS]) Sizes() Sizes    { return s.sizes }

func (s *circlScheme[P, S, PP, SS]) NewKey(seed []byte) Decapsulator {
	public, private := s.generate(seed)
	return &circlKey[P, S, PP, SS]{public, private}
}

func (s *circlScheme[P, S, PP, SS]) ParseEncapsulationKey(ek []byte) (Encapsulator, bool) {
	public := new(P)
	if !s.unpackPublic(public, ek) {
		return nil, false
	}
	return circlEncapsulator[P, PP]{public}, true
}

func (s *circlScheme[P, S, PP, SS]) ParseDecapsulationKey(dk []byte) (Decapsulator, bool) {
	private := new(S)
	if !s.unpackPrivate(private, dk) {
		return nil, false
	}
	public := SS(private).Public().(PP)
	return &circlKey[P, S, PP, SS]{(*P)(public), private}, true
}

func (s *circlScheme[P, S, PP, SS]) PackDecapsulationKey(dk []byte, key Decapsulator) {
	SS(key.(*circlKey[P, S, PP, SS]).private).Pack(dk)
}

type circlEncapsulator[P any, PP circlPublic[P]] struct{ public *P }

func (e circlEncapsulator[P, PP]) Pack(ek []byte) { PP(e.public).Pack(ek) }

func (e circlEncapsulator[P, PP]) EncapsulateTo(ss, ct, m []byte) {
	if m == nil {
		var fresh [MessageSize]byte
		defer clear(fresh[:])
		rand.Read(fresh[:]) // never fails: see its documentation
		m = fresh[:]
	}
	PP(e.public).EncapsulateTo(ct, ss, m)
}

type circlKey[P, S any, PP circlPublic[P], SS circlPrivate[S]] struct {
	public  *P
	private *S
}

func (k *circlKey[P, S, PP, SS]) Encapsulator() Encapsulator {
	return circlEncapsulator[P, PP]{k.public}
}

func (k *circlKey[P, S, PP, SS]) DecapsulateTo(ss, ct []byte) { SS(k.private).DecapsulateTo(ss, ct) }

// Destroy clears z and drops circl's inner key, which it keeps to itself.
func (k *circlKey[P, S, PP, SS]) Destroy() { *k.private = *new(S) }
