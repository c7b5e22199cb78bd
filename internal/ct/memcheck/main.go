//go:build valgrind && linux && amd64

// Command memcheck runs one operation on secrets that are marked as undefined.
// Under Valgrind's memcheck every branch and every address that depends on them
// is an error. The test of package ct builds and runs it.
package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime/debug"
	"strings"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/hybrid"
	"github.com/pqkx/pqkx/internal/backend"
	"github.com/pqkx/pqkx/internal/derand"
	"github.com/pqkx/pqkx/internal/kem"
	"github.com/pqkx/pqkx/kyber"
	"github.com/pqkx/pqkx/mlkem"
	"github.com/pqkx/pqkx/x25519"
)

var targets = map[string]func(){
	"control/clean":     clean,
	"control/branch":    branch,
	"control/address":   address,
	"control/unmarked":  unmarked,
	"mlkem512/decap":    func() { decapsulate(kem.MLKEM512()) },
	"mlkem768/decap":    func() { decapsulate(kem.MLKEM768()) },
	"mlkem1024/decap":   func() { decapsulate(kem.MLKEM1024()) },
	"mlkem512/keygen":   func() { finish(keyShare(mlkem.MLKEM512())) },
	"mlkem768/keygen":   func() { finish(keyShare(mlkem.MLKEM768())) },
	"mlkem768/encap":    func() { encapsulate(mlkem.MLKEM768()) },
	"mlkem1024/encap":   func() { encapsulate(mlkem.MLKEM1024()) },
	"kyber768/decap":    func() { decapsulate(kem.Kyber768()) },
	"kyber768/encap":    func() { encapsulate(kyber.Kyber768()) },
	"x25519/encap":      func() { encapsulate(x25519.Group()) },
	"x25519/decap":      func() { finish(keyShare(x25519.Group())) },
	"ecdh x25519/decap": func() { finish(keyShare(x25519.Standard())) },
	"hybrid/encap":      func() { encapsulate(hybrid.X25519MLKEM768()) },
	"hybrid/decap":      combiner,
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "backends" {
		fmt.Println(strings.Join(backend.Available(), " "))
		return
	}
	if len(os.Args) != 2 || targets[os.Args[1]] == nil {
		for name := range targets {
			fmt.Println(name)
		}
		return
	}
	if !onValgrind() {
		fmt.Fprintln(os.Stderr, "memcheck: not running under Valgrind")
		os.Exit(2)
	}
	debug.SetGCPercent(-1) // the collector reads what it does not know
	targets[os.Args[1]]()
	fmt.Println("ran", os.Args[1])
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// sink keeps results alive. It is written with secrets, never read.
var sink [64]byte

// clean computes with a secret and depends on it nowhere.
func clean() {
	b := secret(bytes.Repeat([]byte{7}, 32))
	for i, v := range b {
		sink[i] = v ^ 0x5a + v&1
	}
	public(sink[:])
}

// branch leaks a bit by a branch.
func branch() {
	b := secret(bytes.Repeat([]byte{7}, 32))
	if b[3]&1 == 1 {
		sink[0]++
	}
	public(sink[:])
}

// address leaks a byte by an address.
func address() {
	var table [256]byte
	b := secret(bytes.Repeat([]byte{7}, 32))
	sink[0] = table[b[3]]
	public(sink[:])
}

// unmarked is branch without a secret: what is reported here is noise.
func unmarked() {
	b := bytes.Repeat([]byte{7}, 32)
	if b[3]&1 == 1 {
		sink[0]++
	}
	same := func(b []byte) []byte { return b }
	encapsulateWith(hybrid.X25519MLKEM768(), same, same)
}

// markKey marks what is secret in an expanded decapsulation key dk_PKE || ek ||
// H(ek) || z (FIPS 203, section 7.1).
func markKey(dk []byte) []byte {
	secret(dk[:(len(dk)-96)/2])
	secret(dk[len(dk)-32:])
	return dk
}

// marked makes a key, and its copy whose secrets are marked.
func marked(s kem.Expander) (good, marked kem.DecapsulationKey) {
	good = kem.GenerateKey(s)
	return good, must(kem.NewExpandedDecapsulationKey(s, markKey(good.Expanded())))
}

// decapsulate decapsulates a valid ciphertext and an invalid one.
func decapsulate(s kem.Expander) {
	good, key := marked(s)
	ss, ct := good.EncapsulationKey().Encapsulate()
	if got := must(key.Decapsulate(ct)); !bytes.Equal(reveal(got), ss) {
		panic("wrong shared secret")
	}
	ct[5] ^= 1
	if got := must(key.Decapsulate(ct)); bytes.Equal(reveal(got), ss) {
		panic("an altered ciphertext gives the same secret")
	}
}

func encapsulate(g pqkx.Group) { encapsulateWith(g, secret, reveal) }

// encapsulateWith answers a client share from a seed that mark marks.
func encapsulateWith(g pqkx.Group, mark, reveal func([]byte) []byte) {
	ks := must(g.KeyShare())
	_, size := g.(derand.Group).SeedSizes()
	ss, share, err := derand.Encapsulate(g, ks.Bytes(), mark(bytes.Repeat([]byte{0x42}, size)))
	if err != nil {
		panic(err)
	}
	if got := must(ks.Decapsulate(reveal(share))); !bytes.Equal(got, reveal(ss)) {
		panic("the two sides do not agree")
	}
}

// keyShare makes a key share from a seed that is marked.
func keyShare(g pqkx.Group) pqkx.KeyShare {
	size, _ := g.(derand.Group).SeedSizes()
	ks := must(derand.NewKeyShare(g, secret(bytes.Repeat([]byte{0x42}, size))))
	reveal(ks.Bytes())
	return ks
}

// finish answers a share and decapsulates the answer.
func finish(ks pqkx.KeyShare) {
	ss, share, err := ks.Group().Encapsulate(ks.Bytes())
	if err != nil {
		panic(err)
	}
	if got := must(ks.Decapsulate(share)); !bytes.Equal(reveal(got), ss) {
		panic("the two sides do not agree")
	}
}

// combiner decapsulates on a hybrid whose parts both have marked keys.
func combiner() {
	good, key := marked(kem.MLKEM768())
	m := prepared{Group: mlkem.MLKEM768()}
	m.share = markedShare{m, good.EncapsulationKey().Bytes(), key}
	x := prepared{Group: x25519.Group()}
	x.share = keyShare(x.Group)
	g := must(hybrid.New(0xFE00, m, x))
	finish(must(g.KeyShare()))
}

// prepared is a group with one key share, made before.
type prepared struct {
	pqkx.Group
	share pqkx.KeyShare
}

func (p prepared) KeyShare() (pqkx.KeyShare, error) { return p.share, nil }

// markedShare is a share of ML-KEM on a marked key.
type markedShare struct {
	group pqkx.Group
	share []byte
	key   kem.DecapsulationKey
}

func (s markedShare) Group() pqkx.Group                     { return s.group }
func (s markedShare) Bytes() []byte                         { return s.share }
func (s markedShare) Destroy()                              {}
func (s markedShare) Decapsulate(ct []byte) ([]byte, error) { return s.key.Decapsulate(ct) }
