package kem

// Kyber768 returns round-3 Kyber768 (specification v3.02, table 1).
func Kyber768() Expander { return &kyber768Set }

var kyber768Set = lattice{
	name: "Kyber768",
	k:    3, eta1: 2, du: 10, dv: 4,
	round3: true,
}
