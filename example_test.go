package pqkx_test

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/hybrid"
	"github.com/pqkx/pqkx/preset"
)

// A whole key exchange, as a TLS stack runs it.
func Example() {
	group := hybrid.X25519MLKEM768()

	ks, err := group.KeyShare() // client
	if err != nil {
		panic(err)
	}
	defer ks.Destroy()
	serverSecret, serverShare, err := group.Encapsulate(ks.Bytes()) // server
	if err != nil {
		panic(err)
	}
	clientSecret, err := ks.Decapsulate(serverShare) // client
	if err != nil {
		panic(err)
	}
	fmt.Println(group.ID(), len(ks.Bytes()), len(serverShare), bytes.Equal(clientSecret, serverSecret))
	// Output: X25519MLKEM768 1216 1120 true
}

// What a client offers, what a server chooses from it.
func ExampleProvider() {
	provider := preset.FIPS()
	shares, err := provider.KeyShares(0)
	if err != nil {
		panic(err)
	}
	for _, ks := range shares {
		fmt.Println("share for", ks.Group().ID())
	}
	group, err := provider.Select([]pqkx.NamedGroup{pqkx.Secp256r1, pqkx.SecP256r1MLKEM768}, []pqkx.NamedGroup{pqkx.Secp256r1})
	if err != nil {
		panic(err)
	}
	fmt.Println("ask for", group.ID())
	// Output:
	// share for X25519MLKEM768
	// ask for SecP256r1MLKEM768
}

// A peer's bad share is told apart from everything else.
func ExampleKeyShareError() {
	_, _, err := hybrid.X25519MLKEM768().Encapsulate(make([]byte, 1216))
	var bad *pqkx.KeyShareError
	fmt.Println(errors.Is(err, pqkx.ErrKeyShare), errors.As(err, &bad))
	fmt.Println(err)
	// Output:
	// true true
	// pqkx: X25519MLKEM768: invalid key share: classical half: point of low order
}
