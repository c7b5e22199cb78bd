package ct

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// touchesSecrets are the packages in which no instruction may divide what is
// secret: a division takes a time that depends on its operands, which is how
// KyberSlash leaked keys.
const touchesSecrets = `^(github\.com/pqkx/pqkx/(hybrid|kyber|mlkem|nist|x25519|internal/)` +
	`|github\.com/cloudflare/circl/(pke/kyber|kem/|dh/x25519|math/fp25519|simd/|internal/)` +
	`|crypto/internal/fips140/(mlkem|sha3|edwards25519|nistec|subtle)|main\.divide)`

// publicDivisions are the lines that divide what is no secret: a position, a
// length.
var publicDivisions = []struct {
	file string
	text *regexp.Regexp
}{
	{"ntt.go", regexp.MustCompile(`\b\d+ ?/ ?l\b|l /= 4`)},       // layers of the transform
	{"lattice_tasks.go", regexp.MustCompile(`byte\(i [%/] k\)`)}, // place in the matrix
	{"shake.go", regexp.MustCompile(`len\(rateEnc\).*%rate`)},    // of KMAC and cSHAKE, not used here
	{"main.go", regexp.MustCompile(`return a / b`)},              // the control
}

var (
	goDivision = regexp.MustCompile(`^\s+(\S+\.go):(\d+)\s.*\t(I?DIV[BWLQ]?|[US]DIVW?) `)
	asmDivides = regexp.MustCompile(`^[^/]*\b(I?DIV[BWLQ]|[US]DIVW?)\b`)
)

// TestDivisions disassembles every group, on several architectures, and looks
// for divisions. Assembly is read as source, since go tool objdump does not
// decode all of it.
func TestDivisions(t *testing.T) {
	architectures := []string{"amd64", "arm64", "386"}
	if testing.Short() {
		architectures = architectures[:1]
	}
	for _, arch := range architectures {
		t.Run(arch, func(t *testing.T) {
			run := func(args ...string) []byte {
				cmd := exec.Command("go", args...)
				cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+arch, "CGO_ENABLED=0")
				cmd.Stderr = os.Stderr
				out, err := cmd.Output()
				if err != nil {
					t.Fatalf("go %v: %v", args, err)
				}
				return out
			}
			program := filepath.Join(t.TempDir(), "linked")
			tags := "-tags=" + strings.TrimPrefix(extraTags, ",")
			run("build", tags, "-o", program, "./linked")
			functions, found := divisions(run("tool", "objdump", "-s", touchesSecrets, program))
			if functions < 100 {
				t.Errorf("only %d functions were looked at", functions)
			}
			if !slices.ContainsFunc(found, func(d division) bool { return d.function == "main.divide" }) {
				t.Error("the division of the control was not found")
			}
			for _, d := range found {
				if !d.public() {
					t.Errorf("%s divides: %s:%d: %s", d.function, d.file, d.line, d.text)
				}
			}
			assembly := 0
			for line := range bytes.Lines(run("list", tags, "-deps", "-f", `{{$p := .}}{{range .SFiles}}{{$p.ImportPath}} {{$p.Dir}}/{{.}}
{{end}}{{range .HFiles}}{{$p.ImportPath}} {{$p.Dir}}/{{.}}
{{end}}`, "./linked")) {
				name, file, ok := strings.Cut(strings.TrimSpace(string(line)), " ")
				if !ok || !regexp.MustCompile(touchesSecrets).MatchString(name+"/") {
					continue
				}
				assembly++
				checkAssembly(t, file)
			}
			if arch != "386" && extraTags == "" && assembly == 0 {
				t.Error("no assembly was looked at")
			}
			t.Logf("%d functions and %d files of assembly; %d divisions of what is public", functions, assembly, len(found))
		})
	}
}

func checkAssembly(t *testing.T, file string) {
	t.Helper()
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(source)) {
		if n++; asmDivides.MatchString(line) {
			t.Errorf("%s:%d divides: %s", filepath.Base(file), n, strings.TrimSpace(line))
		}
	}
}

// A division is an instruction that divides, and the line of Go that it is for.
type division struct {
	function, file string
	line           int
	text           string
}

func (d division) public() bool {
	for _, p := range publicDivisions {
		if filepath.Base(d.file) == p.file && p.text.MatchString(d.text) {
			return true
		}
	}
	return false
}

// divisions returns how many functions a disassembly has, and the divisions in
// those that were compiled from Go.
func divisions(disassembly []byte) (functions int, found []division) {
	var name, dir string
	for line := range bytes.Lines(disassembly) {
		if rest, ok := bytes.CutPrefix(line, []byte("TEXT ")); ok {
			functions++
			var file string
			name, file, _ = strings.Cut(string(rest), "(SB) ")
			dir = filepath.Dir(strings.TrimSpace(file))
			continue
		}
		if m := goDivision.FindSubmatch(line); m != nil {
			d := division{function: name, file: filepath.Join(dir, string(m[1]))}
			d.line, _ = strconv.Atoi(string(m[2]))
			d.text = sourceLine(d.file, d.line)
			if !slices.Contains(found, d) {
				found = append(found, d)
			}
		}
	}
	return functions, found
}

// sourceLine returns a line of a file. A function of another package that was
// inlined is not found, and so not taken for public.
func sourceLine(file string, n int) string {
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if n--; n == 0 {
			return strings.TrimSpace(s.Text())
		}
	}
	return ""
}

// TestDivisionPatterns checks the patterns on instructions of each kind.
func TestDivisionPatterns(t *testing.T) {
	for _, mnemonic := range []string{"DIVQ", "IDIVL", "UDIV", "SDIVW", "DIV"} {
		_, found := divisions([]byte("TEXT p.f(SB) /dir/f.go\n  f.go:17\t\t0x4c853b\t\t48f7f1\t\t\t" + mnemonic + " CX\t\n"))
		if len(found) != 1 || found[0].function != "p.f" || found[0].line != 17 || found[0].public() {
			t.Errorf("%s: %+v", mnemonic, found)
		}
	}
	if _, found := divisions([]byte("TEXT p.f(SB) /dir/f.go\n  f.go:17\t\t0x4c853b\t\t48f7f1\t\t\tIMULQ CX\t\n")); found != nil {
		t.Errorf("IMULQ: %+v", found)
	}
	for line, want := range map[string]bool{"\tDIVQ CX": true, "\tUDIV R1, R2, R3": true, "\t// DIVQ CX": false, "\tMULQ CX": false, "#define X DIVL AX; \\": true} {
		if asmDivides.MatchString(line) != want {
			t.Errorf("%q: want %v", line, want)
		}
	}
}
