package ct

import (
	"regexp"
	"strings"
)

// How instructions on general registers move data, by mnemonic without the
// letter for the width.
var (
	compares = regexp.MustCompile(`^(CMP|TEST|BT)[BWLQ]$`)
	moves    = regexp.MustCompile(`^(MOV[BWLQ]|MOV[BWL][LQ](SX|ZX)|LEA[LQ]|BSWAP[LQ])$`)
	sets     = regexp.MustCompile(`^(SET|CMOV[WLQ])([A-Z]+)$`)
	// The destination is also a source of these. A shift by no place leaves the
	// flags as they were.
	updates = regexp.MustCompile(`^(ADD|SUB|AND|OR|XOR|SHL|SHR|SAR|SAL)[BWLQ]$`)
	counts  = regexp.MustCompile(`^(INC|DEC)[BWLQ]$`) // which leave the carry alone
	carries = regexp.MustCompile(`^(ADC|SBB)[BWLQ]$`)
	rotates = regexp.MustCompile(`^(NOT|RO[LR])[BWLQ]$`) // which write few flags, or none
	shifts  = regexp.MustCompile(`^S[AH][LR][BWLQ]$`)
	negates = regexp.MustCompile(`^NEG[BWLQ]$`)
	// The destination is no source of these; the first write flags.
	threeFlags = regexp.MustCompile(`^(ANDN|BEXTR|BZHI|IMUL3|POPCNT|[LT]ZCNT|BLS(R|I|MSK)|BS[FR])[WLQ]$`)
	three      = regexp.MustCompile(`^(SHLX|SHRX|SARX|RORX)[LQ]$`)
	multiplies = regexp.MustCompile(`^I?MUL[WLQ]$`)
)

// general follows an instruction on general registers.
func (f *flow) general() {
	name, operands := f.now.mnemonic, f.now.operands
	if len(operands) == 0 {
		f.unknown()
		return
	}
	last := operands[len(operands)-1]
	any := f.anyData(operands)
	sources := f.anyData(operands[:len(operands)-1])
	switch {
	case compares.MatchString(name):
		f.setFlags(any)
	case strings.HasPrefix(name, "LEA"):
		f.write(f.address(operands[0]))
	case moves.MatchString(name) && len(operands) == 2:
		// A byte or a word leaves the rest of a register as it was.
		f.write(sources || (name == "MOVB" || name == "MOVW") && f.data(last) && !memory.MatchString(last))
	case sets.MatchString(name):
		f.write(any || f.flagsOf(sets.FindStringSubmatch(name)[2]))
	case (strings.HasPrefix(name, "XOR") || strings.HasPrefix(name, "SUB")) && len(operands) == 2 && operands[0] == last:
		f.write(false)
		f.setFlags(false)
	case updates.MatchString(name) && len(operands) == 2, negates.MatchString(name):
		f.write(any)
		f.setFlags(any || shifts.MatchString(name) && !immediate.MatchString(operands[0]))
	case counts.MatchString(name):
		f.state.set(others, any)
	case carries.MatchString(name):
		any = any || f.state[carry]
		f.write(any)
		f.setFlags(any)
	case rotates.MatchString(name):
		f.write(any)
		f.setFlags(true)
	case threeFlags.MatchString(name):
		f.write(sources)
		f.setFlags(sources)
	case three.MatchString(name):
		f.write(sources)
	case multiplies.MatchString(name) && len(operands) == 2:
		f.write(any)
		f.setFlags(any)
	case multiplies.MatchString(name) && len(operands) == 1:
		any = any || f.data("AX")
		f.writeTo("AX", any)
		f.writeTo("DX", any)
		f.setFlags(any)
	default:
		f.unknown()
	}
}

// address reports whether the address that an operand stands for depends on data.
func (f *flow) address(operand string) bool {
	m := memory.FindStringSubmatch(operand)
	return m == nil || f.data(m[2]) || f.data(m[3])
}

// flagsOf reports whether a condition looks at flags that depend on data. The
// names of conditions are those of the jumps.
func (f *flow) flagsOf(condition string) bool {
	flags, ok := conditional["J"+condition]
	if !ok {
		return true
	}
	for _, flag := range flags {
		if f.state[flag] {
			return true
		}
	}
	return false
}
