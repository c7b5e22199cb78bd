package bench

import (
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"

	"golang.org/x/sys/cpu"

	"github.com/pqkx/pqkx"
)

// A Machine is where a run took place, and what it ran.
type Machine struct {
	OS       string            `json:"os"`
	Arch     string            `json:"arch"`
	CPU      string            `json:"cpu"`
	Cores    int               `json:"cores"`
	Features []string          `json:"features"`
	Go       string            `json:"go"`
	Versions map[string]string `json:"versions"`
	Backends map[string]string `json:"backends"`
}

func describeMachine(groups []pqkx.Group) Machine {
	m := Machine{
		OS: runtime.GOOS, Arch: runtime.GOARCH, CPU: cpuName(), Cores: runtime.NumCPU(),
		Features: features(), Go: runtime.Version(), Versions: versions(), Backends: map[string]string{},
	}
	for _, g := range groups {
		m.Backends[g.ID().String()] = backend(g)
	}
	return m
}

func backend(g pqkx.Group) string {
	if b, ok := g.(interface{ Backend() string }); ok {
		return b.Backend()
	}
	return "unknown"
}

// cpuName is the processor's name, where the system tells.
func cpuName() string {
	data, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(data)) {
		key, value, ok := strings.Cut(line, ":")
		if ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

// features are the processor's abilities that the code of some group uses.
func features() []string {
	known := []struct {
		name string
		have bool
	}{
		{"aes", cpu.X86.HasAES}, {"avx2", cpu.X86.HasAVX2}, {"avx512f", cpu.X86.HasAVX512F},
		{"avx512bw", cpu.X86.HasAVX512BW}, {"avx512vl", cpu.X86.HasAVX512VL},
		{"avx512vbmi", cpu.X86.HasAVX512VBMI}, {"avx512vbmi2", cpu.X86.HasAVX512VBMI2}, {"bmi2", cpu.X86.HasBMI2}, {"adx", cpu.X86.HasADX},
		{"pclmulqdq", cpu.X86.HasPCLMULQDQ}, {"asimd", cpu.ARM64.HasASIMD}, {"sha3", cpu.ARM64.HasSHA3},
	}
	found := []string{}
	for _, f := range known {
		if f.have {
			found = append(found, f.name)
		}
	}
	return found
}

// measured are the modules whose code shows in the figures.
var measured = []string{"github.com/pqkx/pqkx", "github.com/cloudflare/circl", "golang.org/x/crypto", "gvisor.dev/gvisor"}

func versions() map[string]string {
	found := map[string]string{}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return found
	}
	for _, m := range append([]*debug.Module{&info.Main}, info.Deps...) {
		for _, want := range measured {
			if m.Path == want {
				found[m.Path] = m.Version
			}
		}
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			found["revision"] = s.Value
		}
	}
	return found
}

// load is how many processes wanted to run in the last minute, or zero where
// the system does not tell.
func load() float64 {
	data, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(data), " ")
	v, _ := strconv.ParseFloat(first, 64)
	return v
}
