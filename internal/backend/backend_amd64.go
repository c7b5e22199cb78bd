//go:build !purego

package backend

import "golang.org/x/sys/cpu"

func available() []string {
	names := []string{Portable}
	if !cpu.X86.HasAVX2 || !cpu.X86.HasPOPCNT {
		return names
	}
	names = append(names, AVX2)
	if cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL &&
		cpu.X86.HasAVX512VBMI && cpu.X86.HasAVX512VBMI2 && cpu.X86.HasBMI2 {
		names = append(names, AVX512)
	}
	return names
}
