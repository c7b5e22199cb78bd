// Package backend decides once, when a program starts, which implementation the
// arithmetic packages run.
//
// Every backend gives the same results; they differ in speed. The fastest one
// that the processor has is taken, unless the environment variable PQKX_BACKEND
// names another:
//
//	portable   Go without assembly of ours (crypto/sha3 may have its own)
//	avx2       x86-64 with AVX2 and POPCNT
//	avx512     x86-64 with AVX-512 F, BW, VL, VBMI and VBMI2, and BMI2
//
// A value that is none of these, or one that this processor or this build cannot
// run, ends the program at its start: a forced backend that is not the one that
// runs would make every measurement and every test of it worthless.
//
// The variable is read before the go command notes what a test reads, so that
// tests on a forced backend want -count=1 to get around its cache.
//
// The build tag purego leaves out all assembly.
package backend

import (
	"fmt"
	"os"
)

// Variable is the environment variable that forces a backend.
const Variable = "PQKX_BACKEND"

// Names of the backends.
const (
	Portable = "portable"
	AVX2     = "avx2"
	AVX512   = "avx512"
)

var selected = mustSelect(os.Getenv(Variable), available())

// Testable returns the backends that a test should run: all that are available,
// or the one that is forced.
func Testable() []string {
	if os.Getenv(Variable) != "" {
		return []string{selected}
	}
	return available()
}

// Name returns the name of the backend that runs.
func Name() string { return selected }

// Available returns the names of the backends that this processor and this build
// can run, from the slowest to the fastest.
func Available() []string { return available() }

// UseAVX2 reports whether the backend that runs is [AVX2].
func UseAVX2() bool { return selected == AVX2 }

// UseAVX512 reports whether the backend that runs is [AVX512].
func UseAVX512() bool { return selected == AVX512 }

func mustSelect(forced string, available []string) string {
	name, err := choose(forced, available)
	if err != nil {
		panic(err)
	}
	return name
}

// choose returns the last of the available backends, which stand from the
// slowest to the fastest, or the forced one.
func choose(forced string, available []string) (string, error) {
	if forced == "" {
		return available[len(available)-1], nil
	}
	for _, name := range available {
		if name == forced {
			return name, nil
		}
	}
	return "", fmt.Errorf("pqkx: %s=%q is not available here: choose of %q", Variable, forced, available)
}
