//go:build valgrind && linux

#include "textflag.h"

// A client request of Valgrind: the address of six words in AX, a default
// result in DX, and a sequence of rotations that does nothing elsewhere
// (valgrind.h, VALGRIND_DO_CLIENT_REQUEST for amd64).

// func request(code, a1, a2, a3, a4, a5 uintptr) uintptr
TEXT ·request(SB), NOSPLIT, $0-56
	LEAQ code+0(FP), AX
	XORL DX, DX
	ROLQ $3, DI
	ROLQ $13, DI
	ROLQ $61, DI
	ROLQ $51, DI
	XCHGQ BX, BX
	MOVQ DX, ret+48(FP)
	RET
