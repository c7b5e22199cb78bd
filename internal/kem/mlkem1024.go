package kem

// MLKEM1024 returns ML-KEM-1024 (FIPS 203, section 8, table 2).
func MLKEM1024() Expander { return &mlkem1024Set }

var mlkem1024Set = lattice{
	name: "ML-KEM-1024",
	k:    4, eta1: 2, du: 11, dv: 5,
}
