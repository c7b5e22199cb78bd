//go:build valgrind && linux && amd64

package main

import (
	"slices"
	"unsafe"
)

// Codes of client requests (valgrind.h and memcheck.h).
const (
	runningOnValgrind = 0x1001
	makeMemUndefined  = 'M'<<24 | 'C'<<16 | 1
	makeMemDefined    = 'M'<<24 | 'C'<<16 | 2
	getVBits          = 'M'<<24 | 'C'<<16 | 8
)

//go:noescape
func request(code, a1, a2, a3, a4, a5 uintptr) uintptr

// onValgrind reports whether the program runs under Valgrind.
func onValgrind() bool { return request(runningOnValgrind, 0, 0, 0, 0, 0) != 0 }

// secret marks b as undefined, so that memcheck reports a branch or an address
// that depends on it. It returns b.
func secret(b []byte) []byte { return mark(makeMemUndefined, b) }

// public takes the mark off what is published, or compared by the test.
func public(b []byte) []byte { return mark(makeMemDefined, b) }

// reveal is public for a result, which must depend on a secret: that shows that
// the marks went all the way through.
func reveal(b []byte) []byte {
	bits := make([]byte, len(b))
	ok := request(getVBits, uintptr(unsafe.Pointer(&b[0])), uintptr(unsafe.Pointer(&bits[0])), uintptr(len(b)), 0, 0)
	if ok != 1 || slices.Index(bits, 0) >= 0 {
		panic("a result does not depend on what was marked")
	}
	return public(b)
}

func mark(code uintptr, b []byte) []byte {
	if len(b) > 0 {
		request(code, uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), 0, 0, 0)
	}
	return b
}
