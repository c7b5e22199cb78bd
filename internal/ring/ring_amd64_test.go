//go:build !purego

package ring

import (
	"testing"

	"github.com/pqkx/pqkx/internal/backend"
)

// eachBackend runs a test on every backend that this processor has, unless one
// is forced.
func eachBackend(t *testing.T, test func(t *testing.T)) {
	defer func(avx512, avx2 bool) { useAVX512, useAVX2 = avx512, avx2 }(useAVX512, useAVX2)
	for _, name := range backend.Testable() {
		useAVX512, useAVX2 = name == backend.AVX512, name == backend.AVX2
		t.Run(name, test)
	}
}
