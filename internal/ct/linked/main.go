// Command linked has every group in it, for TestDivisions of package ct to look
// at the instructions.
package main

import (
	"fmt"
	"os"

	"github.com/pqkx/pqkx/hybrid"
	"github.com/pqkx/pqkx/kyber"
	"github.com/pqkx/pqkx/preset"
	"github.com/pqkx/pqkx/x25519"
)

func main() {
	groups := append(preset.All().Groups(), hybrid.StandardX25519MLKEM768(), x25519.Standard(),
		kyber.Kyber768())
	for _, g := range groups {
		ks, err := g.KeyShare()
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		_, share, err := g.Encapsulate(ks.Bytes())
		if err == nil {
			_, err = ks.Decapsulate(share)
		}
		fmt.Println(g.ID(), err)
	}
	fmt.Println(divide(uint32(len(os.Args)), uint32(len(groups))))
}

// divide is the control: its division has to be found.
//
//go:noinline
func divide(a, b uint32) uint32 { return a / b }
