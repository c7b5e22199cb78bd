package kem

// MLKEM768 returns ML-KEM-768 (FIPS 203, section 8, table 2).
func MLKEM768() Expander { return &mlkem768Set }

var mlkem768Set = lattice{
	name: "ML-KEM-768",
	k:    3, eta1: 2, du: 10, dv: 4,
}
