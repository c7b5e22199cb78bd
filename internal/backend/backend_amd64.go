//go:build !purego

package backend

import "golang.org/x/sys/cpu"

func available() []string {
	if cpu.X86.HasAVX2 && cpu.X86.HasPOPCNT {
		return []string{Portable, AVX2}
	}
	return []string{Portable}
}
