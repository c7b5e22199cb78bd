package ct

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A Leak is a place in assembly where time or address may depend on data.
type Leak struct {
	Function string
	Line     int    // in the source, from 1
	Text     string // the instruction
	Reason   string
}

func (l Leak) String() string {
	return fmt.Sprintf("%s, line %d: %s: %s", l.Function, l.Line, l.Text, l.Reason)
}

// Flow follows data through assembly for amd64 in Go's syntax, without macros,
// and returns the names of the functions, and every branch, address, mask of a
// memory operand, result and uneven time that may depend on data.
//
// Data is what was read from memory, save the arguments of a function and the
// file's own constants, and all that vector registers hold. So loops and
// addresses are left with what is computed from the arguments, which are
// pointers and lengths, and from constants. An instruction that Flow does not
// know is taken for a leak. No processor has to run the code for this.
func Flow(source string) (functions []string, leaks []Leak) {
	var f *flow
	n := 0
	for line := range strings.Lines(source) {
		n++
		line, _, _ = strings.Cut(line, "//")
		for text := range strings.SplitSeq(line, ";") {
			text = strings.Join(strings.Fields(text), " ")
			if m := textLine.FindStringSubmatch(text); m != nil {
				leaks = append(leaks, f.leaks()...)
				f = &flow{name: m[1]}
				functions = append(functions, m[1])
			} else if f != nil && text != "" && !strings.HasPrefix(text, "DATA ") && !strings.HasPrefix(text, "GLOBL ") {
				f.code = append(f.code, parseInstruction(n, text))
			}
		}
	}
	return functions, append(leaks, f.leaks()...)
}

var textLine = regexp.MustCompile(`^TEXT ·(\w+)\(SB\)`)

// An instruction is a line of a function: a label, or a mnemonic with operands,
// of which the last is the destination.
type instruction struct {
	line     int
	text     string
	label    string
	mnemonic string
	operands []string
}

func parseInstruction(line int, text string) instruction {
	if label, ok := strings.CutSuffix(text, ":"); ok {
		return instruction{line: line, text: text, label: label}
	}
	mnemonic, rest, _ := strings.Cut(text, " ")
	in := instruction{line: line, text: text, mnemonic: mnemonic}
	for operand := range strings.SplitSeq(rest, ",") {
		if operand = strings.TrimSpace(operand); operand != "" {
			in.operands = append(in.operands, operand)
		}
	}
	return in
}

// A state has the names of what holds data: registers, masks, results of the
// function, and the flags, of which the carry has a life of its own.
type state map[string]bool

const (
	carry  = "carry"
	others = "other flags"
)

func (s state) set(name string, data bool) {
	if data {
		s[name] = true
	} else {
		delete(s, name)
	}
}

// add adds what other has, and reports whether that was news.
func (s state) add(other state) (grown bool) {
	for name := range other {
		if !s[name] {
			s[name], grown = true, true
		}
	}
	return grown
}

// A flow is one function.
type flow struct {
	name   string
	code   []instruction
	labels map[string]state
	found  []Leak
	state  state
	now    instruction
}

// leaks runs over the code until nothing new comes to any label. The first pass
// may miss what the last one finds, not the other way round.
func (f *flow) leaks() []Leak {
	if f == nil {
		return nil
	}
	f.labels = make(map[string]state)
	for _, in := range f.code {
		if in.label != "" {
			f.labels[in.label] = make(state)
		}
	}
	for grown := true; grown; {
		grown = false
		f.found = nil
		f.state = unset()
		for _, in := range f.code {
			f.now = in
			if in.label != "" {
				f.labels[in.label].add(f.state)
				f.state.add(f.labels[in.label])
				continue
			}
			grown = f.step() || grown
		}
	}
	return f.found
}

// unset is the state in which a function is entered: what registers hold is not
// known, and so taken for data.
func unset() state {
	s := state{carry: true, others: true}
	for _, r := range generalRegisters {
		s[r] = true
	}
	for i := range 8 {
		s[fmt.Sprint("K", i)] = true
	}
	return s
}

func (f *flow) leak(format string, args ...any) {
	f.found = append(f.found, Leak{f.name, f.now.line, f.now.text, fmt.Sprintf(format, args...)})
}

// step follows one instruction, and reports whether a label that it jumps to
// learned anything new.
func (f *flow) step() (grown bool) {
	in := f.now
	for _, operand := range in.operands {
		f.checkAddress(operand)
	}
	mnemonic := in.mnemonic
	switch {
	case mnemonic == "RET":
		clear(f.state) // nobody comes here
	case mnemonic == "JMP" || conditional[mnemonic] != nil:
		return f.jump()
	case slices.Contains(noEffect, mnemonic):
	case unevenTime.MatchString(mnemonic):
		f.leak("takes a time that depends on its operands")
		f.forget()
	case unlike.MatchString(mnemonic):
		f.unknown()
	case vectorInstruction.MatchString(mnemonic) || f.anyVector():
		f.vector()
	case maskInstruction.MatchString(mnemonic):
		f.mask()
	default:
		f.general()
	}
	return false
}

// conditional has the flags that the conditional jumps, moves and sets look at,
// by the jump's name.
var conditional = map[string][]string{
	"JE": {others}, "JNE": {others}, "JEQ": {others}, "JZ": {others}, "JNZ": {others}, "JMI": {others}, "JPL": {others}, "JS": {others}, "JNS": {others},
	"JO": {others}, "JNO": {others}, "JOS": {others}, "JOC": {others}, "JP": {others}, "JNP": {others}, "JPS": {others}, "JPC": {others},
	"JL": {others}, "JLT": {others}, "JLE": {others}, "JG": {others}, "JGT": {others}, "JGE": {others},
	"JB": {carry}, "JC": {carry}, "JCS": {carry}, "JLO": {carry}, "JAE": {carry}, "JNC": {carry}, "JCC": {carry}, "JHS": {carry},
	"JA": {carry, others}, "JHI": {carry, others}, "JBE": {carry, others}, "JLS": {carry, others},
}

func (f *flow) jump() (grown bool) {
	for _, flag := range conditional[f.now.mnemonic] {
		if f.state[flag] {
			f.leak("branches on data")
			break
		}
	}
	target := f.labels[f.now.operands[len(f.now.operands)-1]]
	if target == nil {
		f.leak("jumps to no label of the function")
		return false
	}
	grown = target.add(f.state)
	if f.now.mnemonic == "JMP" {
		clear(f.state)
	}
	return grown
}

// checkAddress looks at the registers of a memory operand, and at the mask that
// says which parts of it are touched.
func (f *flow) checkAddress(operand string) {
	m := memory.FindStringSubmatch(operand)
	if m == nil || f.now.mnemonic == "LEAQ" || f.now.mnemonic == "LEAL" {
		return
	}
	for _, r := range []string{m[2], m[3]} {
		if f.data(r) {
			f.leak("the address depends on data in %s", r)
		}
	}
	if !vectorInstruction.MatchString(f.now.mnemonic) {
		return
	}
	for _, k := range f.now.operands[:len(f.now.operands)-1] {
		if maskRegister.MatchString(k) && f.data(k) {
			f.leak("which parts of memory are touched depends on data in %s", k)
		}
	}
}

var (
	memory         = regexp.MustCompile(`^([-+]?[\w·<>+-]*)\((\w+)\)(?:\((\w+)\*[1248]\))?$`)
	vectorRegister = regexp.MustCompile(`^[XYZ]\d+$`)
	maskRegister   = regexp.MustCompile(`^K[0-7]$`)
	immediate      = regexp.MustCompile(`^\$[-+]?\w+$`)
	byteRegister   = regexp.MustCompile(`^([ABCD])[LH]$`)

	vectorInstruction = regexp.MustCompile(`^V[A-Z0-9.]+$`)
	maskInstruction   = regexp.MustCompile(`^K[A-Z]+$`)
	unevenTime        = regexp.MustCompile(`^(I?DIV[BWLQ]|V?(DIV|SQRT)[PS][SDH]|P(DEP|EXT)[LQ]|LOOP|REP)`)
	// Vectors as masks of memory, two destinations, or hidden ones.
	unlike = regexp.MustCompile(`^V?(P?MASKMOV|P2INTERSECT|PCMP[EI]STR)`)
)

var (
	generalRegisters = []string{"AX", "BX", "CX", "DX", "SI", "DI", "BP",
		"R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15"}
	noEffect = []string{"NOP", "PCALIGN", "VZEROUPPER"}
)

// register returns the whole register that a name stands for.
func register(name string) string {
	if m := byteRegister.FindStringSubmatch(name); m != nil {
		return m[1] + "X"
	}
	if whole := strings.TrimSuffix(name, "B"); slices.Contains(generalRegisters, whole) {
		return whole
	}
	return name
}

// data reports whether an operand is data.
func (f *flow) data(operand string) bool {
	if m := memory.FindStringSubmatch(operand); m != nil {
		switch m[2] {
		case "FP":
			return f.state[operand] // an argument, or a result that was written
		case "SB":
			return !strings.Contains(m[1], "<>") // not of this file
		}
		return true
	}
	switch r := register(operand); {
	case operand == "", immediate.MatchString(operand), r == "SP", r == "FP", r == "SB":
		return false
	case slices.Contains(generalRegisters, r), maskRegister.MatchString(r):
		return f.state[r]
	}
	return true // a vector register, or what is not known
}

// anyData reports whether one of the operands is data.
func (f *flow) anyData(operands []string) bool { return slices.ContainsFunc(operands, f.data) }

func (f *flow) anyVector() bool {
	return slices.ContainsFunc(f.now.operands, vectorRegister.MatchString)
}

// write sets what the destination, the last operand, holds from now on.
func (f *flow) write(data bool) {
	if n := len(f.now.operands); n > 0 {
		f.writeTo(f.now.operands[n-1], data)
	}
}

func (f *flow) writeTo(operand string, data bool) {
	switch r := register(operand); {
	case strings.HasSuffix(operand, "(FP)"):
		if data {
			f.leak(resultOfData)
		}
		f.state.set(operand, data)
	case slices.Contains(generalRegisters, r), maskRegister.MatchString(r):
		f.state.set(r, data)
	}
}

// resultOfData is the reason of a leak to the caller: what Go makes of it, Flow
// does not see.
const resultOfData = "the result depends on data"

// unknown is for an instruction of which nothing is known.
func (f *flow) unknown() {
	f.leak("an instruction whose effect is not known")
	f.forget()
}

// forget takes all that an instruction may have written for data.
func (f *flow) forget() { f.state.add(unset()) }

func (f *flow) setFlags(data bool) {
	f.state.set(carry, data)
	f.state.set(others, data)
}

// vector follows an instruction on vectors: what comes out of one is data.
func (f *flow) vector() {
	if vectorFlags.MatchString(f.now.mnemonic) {
		f.setFlags(true)
		return
	}
	f.write(true)
}

var vectorFlags = regexp.MustCompile(`^(V?PTEST|VTESTP|V?U?COMIS)`)

// mask follows an instruction on masks.
func (f *flow) mask() {
	operands := f.now.operands
	switch name := f.now.mnemonic; {
	case strings.HasPrefix(name, "KORTEST"), strings.HasPrefix(name, "KTEST"):
		f.setFlags(f.anyData(operands))
	case len(operands) == 3 && operands[0] == operands[1] && (strings.HasPrefix(name, "KXOR") || strings.HasPrefix(name, "KXNOR")):
		f.write(false) // zeros, ones
	default:
		f.write(f.anyData(operands[:len(operands)-1]))
	}
}
