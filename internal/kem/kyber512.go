package kem

// Kyber512 returns round-3 Kyber512 (specification v3.02, table 1).
func Kyber512() Expander { return &kyber512Set }

var kyber512Set = lattice{
	name: "Kyber512",
	k:    2, eta1: 3, du: 10, dv: 4,
	round3: true,
}
