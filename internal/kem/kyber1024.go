package kem

// Kyber1024 returns round-3 Kyber1024 (specification v3.02, table 1).
func Kyber1024() Expander { return &kyber1024Set }

var kyber1024Set = lattice{
	name: "Kyber1024",
	k:    4, eta1: 2, du: 11, dv: 5,
	round3: true,
}
