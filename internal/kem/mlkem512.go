package kem

// MLKEM512 returns ML-KEM-512 (FIPS 203, section 8, table 2).
func MLKEM512() Expander { return &mlkem512Set }

var mlkem512Set = lattice{
	name: "ML-KEM-512",
	k:    2, eta1: 3, du: 10, dv: 4,
}
