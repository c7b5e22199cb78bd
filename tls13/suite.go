package tls13

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/fips140"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"slices"

	"golang.org/x/crypto/chacha20poly1305"
	"golang.org/x/sys/cpu"
)

// A suite is a cipher suite of TLS 1.3: an AEAD and a hash (RFC 8446, appendix
// B.4).
type suite struct {
	id      uint16
	keySize int // of the AEAD, bytes
	newHash func() hash.Hash
	newAEAD func(key []byte) (cipher.AEAD, error)

	// maxRecords is how many records one key may protect before it is
	// updated (RFC 8446, section 5.5: 2^24.5 for AES-GCM), zero for no limit.
	maxRecords uint64
}

var suites = []*suite{
	{TLS_AES_128_GCM_SHA256, 16, sha256.New, newGCM, 1 << 24},
	{TLS_AES_256_GCM_SHA384, 32, sha512.New384, newGCM, 1 << 24},
	{TLS_CHACHA20_POLY1305_SHA256, chacha20poly1305.KeySize, sha256.New, chacha20poly1305.New, 0},
}

// newGCM makes AES-GCM for nonces that count records. That construction is
// approved (SP 800-38D, section 8.2.1), but the standard library offers it to
// other packages only without its enforcement.
func newGCM(key []byte) (aead cipher.AEAD, err error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	fips140.WithoutEnforcement(func() { aead, err = cipher.NewGCM(block) })
	return aead, err
}

func suiteByID(id uint16) *suite {
	for _, s := range suites {
		if s.id == id {
			return s
		}
	}
	return nil
}

// hasAES reports whether AES-GCM runs in hardware, so that it beats ChaCha20.
var hasAES = cpu.X86.HasAES && cpu.X86.HasPCLMULQDQ ||
	cpu.ARM64.HasAES && cpu.ARM64.HasPMULL ||
	cpu.S390X.HasAES && cpu.S390X.HasAESGCM

// cipherSuites returns the configured suites that this package has, in order
// of preference.
func (c *Config) cipherSuites() []uint16 {
	list := c.CipherSuites
	if list == nil {
		list = []uint16{TLS_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384, TLS_CHACHA20_POLY1305_SHA256}
		if !hasAES {
			list = []uint16{TLS_CHACHA20_POLY1305_SHA256, TLS_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384}
		}
	}
	return slices.DeleteFunc(slices.Clone(list), func(id uint16) bool {
		return suiteByID(id) == nil || fips140.Enforced() && id == TLS_CHACHA20_POLY1305_SHA256
	})
}
