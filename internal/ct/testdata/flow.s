// What TestFlowControls reads. Nothing assembles it.

#include "textflag.h"

// What loops and addresses of ours are made of.
TEXT ·clean(SB), NOSPLIT, $64-32
	MOVQ    f+0(FP), AX
	MOVQ    n+8(FP), CX
	LEAQ    table<>+0(SB), DX
	LEAQ    31(SP), BX
	ANDQ    $-32, BX
	XORQ    DI, DI
	CMPQ    CX, $0x03
	JA      done

more:
	VMOVDQU (AX)(DI*1), Y0
	VPADDW  table<>+32(SB), Y0, Y0
	VMOVDQU Y0, (BX)
	MOVQ    (AX)(DI*1), R8
	ADDQ    R8, R9
	MOVQ    R9, 8(AX)
	MOVQ    (DX)(DI*8), R10
	ADDQ    $0x20, DI
	VPTEST  Y0, Y0
	DECQ    CX
	JNE     more

done:
	MOVQ  DI, used+24(FP)
	RET

// A register that held data is free for other use.
TEXT ·cleanAgain(SB), NOSPLIT, $0-16
	MOVQ f+0(FP), AX
	MOVQ (AX), CX
	XORQ CX, CX
	MOVQ (AX)(CX*8), DX
	MOVQ $0x10, DX
	MOVQ (AX)(DX*8), BX
	RET

// Masks of AVX-512: of a count, and of data where no memory is.
TEXT ·cleanMasks(SB), NOSPLIT, $0-16
	MOVQ        f+0(FP), AX
	MOVQ        n+8(FP), CX
	MOVL        $0x0000ffff, DX
	KMOVD       DX, K1
	KXNORW      K0, K0, K2
	VMOVDQU16.Z (AX), K1, Z0
	VPCMPUW     $0x05, Z1, Z0, K3
	VPSUBW      Z1, Z0, K3, Z0
	VPCOMPRESSD Z0, K3, Z2
	VMOVDQU16   Z0, K1, (AX)
	VMOVDQU16   Z2, K2, 64(AX)
	RET

TEXT ·branchOnMemory(SB), NOSPLIT, $0-8
	MOVQ  f+0(FP), AX
	MOVQ  (AX), CX
	TESTQ CX, CX
	JE    zero        // LEAK branches on data
	INCQ  CX

zero:
	RET

TEXT ·branchOnMemoryItself(SB), NOSPLIT, $0-8
	MOVQ f+0(FP), AX
	CMPB (AX), $0x07
	JNE  other       // LEAK branches on data

other:
	RET

// DECQ leaves the carry of the subtraction.
TEXT ·branchOnCarry(SB), NOSPLIT, $0-16
	MOVQ f+0(FP), AX
	MOVQ n+8(FP), CX
	SUBQ (AX), BX
	DECQ CX
	JNE  zero
	JCS  zero        // LEAK branches on data

zero:
	RET

// A shift by no place leaves the flags of the comparison.
TEXT ·branchAfterShift(SB), NOSPLIT, $0-16
	MOVQ f+0(FP), AX
	MOVQ n+8(FP), CX
	MOVQ $1, DX
	CMPQ (AX), $1
	SHLQ CX, DX
	JEQ  zero        // LEAK branches on data

zero:
	RET

TEXT ·branchOnVector(SB), NOSPLIT, $0-8
	MOVQ    f+0(FP), AX
	VMOVDQU (AX), Y0
	VPTEST  Y0, Y0
	JNE     more        // LEAK branches on data

more:
	RET

TEXT ·branchOnVectorSign(SB), NOSPLIT, $0-8
	MOVQ      f+0(FP), AX
	VMOVDQU   (AX), Y0
	VPMOVMSKB Y0, CX
	ADDL      $1, CX
	JMI       more        // LEAK branches on data

more:
	RET

TEXT ·branchOnMask(SB), NOSPLIT, $0-8
	MOVQ     f+0(FP), AX
	VPCMPUW  $0x05, (AX), Z0, K1
	KORTESTD K1, K1
	JNE      more        // LEAK branches on data

more:
	RET

TEXT ·branchOnMaskAsNumber(SB), NOSPLIT, $0-8
	MOVQ    f+0(FP), AX
	VPCMPUW $0x05, (AX), Z0, K1
	KMOVD   K1, CX
	POPCNTL CX, DX
	CMPL    DX, $0x20
	JB      more        // LEAK branches on data

more:
	RET

// The count becomes data only when the loop comes round.
TEXT ·branchNextTime(SB), NOSPLIT, $0-16
	MOVQ f+0(FP), AX
	MOVQ n+8(FP), CX
	MOVQ n+8(FP), DX

more:
	SUBQ $1, CX
	JNE  more        // LEAK branches on data
	MOVQ DX, CX
	MOVQ (AX), DX
	JMP  more

// By way of a condition.
TEXT ·branchOnCondition(SB), NOSPLIT, $0-8
	MOVQ    f+0(FP), AX
	XORQ    CX, CX
	MOVQ    $1, DX
	CMPQ    (AX), $2
	CMOVQEQ DX, CX
	TESTQ   CX, CX
	JNE     more        // LEAK branches on data

more:
	RET

// By way of a byte of a register.
TEXT ·branchOnByte(SB), NOSPLIT, $0-8
	MOVQ  f+0(FP), AX
	CMPQ  (AX), $2
	SETEQ CL
	DECQ  CX
	JNE   more        // LEAK branches on data

more:
	RET

// By way of the stack.
TEXT ·branchOnSpilled(SB), NOSPLIT, $8-8
	MOVQ f+0(FP), AX
	MOVQ (AX), CX
	MOVQ CX, 0(SP)
	MOVQ 0(SP), DX
	CMPQ DX, $1
	JEQ  more        // LEAK branches on data

more:
	RET

// Nobody set this register.
TEXT ·branchOnUnset(SB), NOSPLIT, $0-0
	CMPQ R12, $1
	JEQ  more        // LEAK branches on data

more:
	RET

TEXT ·addressBase(SB), NOSPLIT, $0-8
	MOVQ f+0(FP), AX
	MOVQ (AX), CX
	MOVQ (CX), DX    // LEAK data in CX

TEXT ·addressIndex(SB), NOSPLIT, $0-8
	MOVQ    f+0(FP), AX
	MOVBLZX (AX), CX
	LEAQ    table<>+0(SB), DX
	VPSHUFB (DX)(CX*8), X0, X0 // LEAK data in CX
	RET

TEXT ·addressStored(SB), NOSPLIT, $0-8
	MOVQ    f+0(FP), AX
	MOVBLZX (AX), CX
	LEAQ    (AX)(CX*1), DX
	MOVB    $1, (DX)     // LEAK data in DX
	RET

TEXT ·addressOfVector(SB), NOSPLIT, $0-8
	MOVQ       f+0(FP), AX
	VMOVDQU    (AX), Y1
	VPGATHERDD Y2, (AX)(Y1*4), Y0 // LEAK data in Y1
	RET

TEXT ·maskOfMemory(SB), NOSPLIT, $0-8
	MOVQ        f+0(FP), AX
	VPCMPUW     $0x05, (AX), Z0, K1
	VPCOMPRESSD Z0, K1, (AX)       // LEAK depends on data in K1
	RET

TEXT ·maskOfVectors(SB), NOSPLIT, $0-8
	MOVQ       f+0(FP), AX
	VPMASKMOVD Y0, Y1, (AX) // LEAK not known
	RET

TEXT ·division(SB), NOSPLIT, $0-8
	MOVQ f+0(FP), AX
	MOVQ (AX), CX
	DIVQ CX          // LEAK time
	RET

TEXT ·squareRoot(SB), NOSPLIT, $0-8
	VSQRTPD Y0, Y0 // LEAK time
	RET

TEXT ·result(SB), NOSPLIT, $0-16
	MOVQ f+0(FP), AX
	MOVQ (AX), CX
	MOVQ CX, ret+8(FP) // LEAK the result depends on data
	RET

TEXT ·call(SB), NOSPLIT, $0-8
	CALL ·result(SB) // LEAK not known
	RET

TEXT ·machineCode(SB), NOSPLIT, $0-8
	BYTE $0x90 // LEAK not known
	RET

TEXT ·secondOnALine(SB), NOSPLIT, $0-8
	VPTEST Y0, Y0; JNE more // LEAK branches on data

more:
	RET

TEXT ·elsewhere(SB), NOSPLIT, $0-8
	JMP ·result(SB) // LEAK no label
