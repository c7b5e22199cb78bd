package ct

import (
	"bytes"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/hybrid"
	"github.com/pqkx/pqkx/internal/backend"
	"github.com/pqkx/pqkx/internal/derand"
	"github.com/pqkx/pqkx/kyber"
	"github.com/pqkx/pqkx/mlkem"
	"github.com/pqkx/pqkx/nist"
	"github.com/pqkx/pqkx/x25519"
)

var samples = flag.Int("ct.samples", 0, "samples of each timing test; 0 means a few, and a lenient threshold")

const (
	defaultSamples = 3000
	shortSamples   = 600
)

// An operation is run on inputs of two classes. prepare returns the nth input of
// a class, as a function that does nothing but the operation.
type operation struct {
	name    string
	prepare func(class int) func()
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// decapsulation has valid ciphertexts in one class, altered ones in the other.
func decapsulation(name string, g pqkx.Group) operation {
	ks := must(g.KeyShare())
	n := 0
	return operation{name + " decapsulation, valid against invalid", func(class int) func() {
		_, ct, err := g.Encapsulate(ks.Bytes())
		if err != nil {
			panic(err)
		}
		if class == 1 {
			n++
			ct[ciphertextAt(g, n)] ^= byte(1 << (n % 8))
		}
		return func() { must(ks.Decapsulate(ct)) }
	}}
}

// ciphertextAt returns an index of a server share that is in an ML-KEM
// ciphertext and not in an elliptic-curve point.
func ciphertextAt(g pqkx.Group, n int) int {
	switch g.ID() {
	case pqkx.X25519MLKEM768:
		return n % 1088
	case pqkx.SecP256r1MLKEM768, pqkx.SecP384r1MLKEM1024, pqkx.SecP256r1Kyber768Draft00, pqkx.X25519Kyber768Draft00:
		return 97 + n%1000
	}
	return n % g.Sizes().ServerShare
}

// private has one private key in one class, random ones in the other. The keys
// are all made before, so that only the secret differs.
func private(name string, g pqkx.Group) operation {
	size, _ := g.(derand.Group).SeedSizes()
	fixed := bytes.Repeat([]byte{0x01}, size)
	peer := must(g.KeyShare()).Bytes()
	return operation{name + " private key, fixed against random", func(class int) func() {
		seed := bytes.Clone(fixed)
		if class == 1 {
			for i := 1; i < size; i++ { // a scalar stays in range
				seed[i] = byte(rand.Uint32())
			}
		}
		ks := must(derand.NewKeyShare(g, seed))
		return func() { must(ks.Decapsulate(peer)) }
	}}
}

// message has one m in one class, random ones in the other, for Encapsulate.
func message(name string, g pqkx.Group) operation {
	share := must(g.KeyShare()).Bytes()
	_, size := g.(derand.Group).SeedSizes()
	return operation{name + " encapsulation, fixed against random", func(class int) func() {
		seed := make([]byte, size)
		if class == 1 {
			for i := range seed {
				seed[i] = byte(rand.Uint32())
			}
		}
		return func() {
			if _, _, err := derand.Encapsulate(g, share, seed); err != nil {
				panic(err)
			}
		}
	}}
}

func operations() []operation {
	return []operation{
		decapsulation("ML-KEM-512", mlkem.MLKEM512()),
		decapsulation("ML-KEM-768", mlkem.MLKEM768()),
		decapsulation("ML-KEM-1024", mlkem.MLKEM1024()),
		decapsulation("crypto/mlkem 768", mlkem.StandardMLKEM768()),
		decapsulation("Kyber768", kyber.Kyber768()),
		message("ML-KEM-768", mlkem.MLKEM768()),
		private("x25519", x25519.Group()),
		private("crypto/ecdh x25519", x25519.Standard()),
		private("P-256", nist.P256()),
		decapsulation("X25519MLKEM768", hybrid.X25519MLKEM768()),
		decapsulation("SecP256r1MLKEM768", hybrid.SecP256r1MLKEM768()),
		message("X25519MLKEM768", hybrid.X25519MLKEM768()),
	}
}

func setup() (n int, threshold float64) {
	switch {
	case *samples > 0:
		return *samples, Strict
	case testing.Short():
		return shortSamples, Lenient
	}
	return defaultSamples, Lenient
}

func skipRace(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector has times of its own")
	}
}

// TestCT looks for secrets in the running time of every operation.
func TestCT(t *testing.T) {
	skipRace(t)
	n, threshold := setup()
	for _, op := range operations() {
		t.Run(op.name, func(t *testing.T) {
			leaking, ts := Distinguish(op.prepare, n, threshold)
			t.Logf("%s on %s: t = %v of %d samples, threshold %v in each of %d rounds", op.name, backend.Name(), ts, n, threshold, Rounds)
			if leaking {
				t.Errorf("the running time depends on the secret: t = %v", ts)
			}
		})
	}
}

// TestCTBackends runs TestCT in a process of its own for every other backend.
func TestCTBackends(t *testing.T) {
	skipRace(t)
	if os.Getenv(backend.Variable) != "" {
		t.Skip("this is one of them")
	}
	for _, name := range backend.Available() {
		if name == backend.Name() {
			continue
		}
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "-test.run=^TestCT$", "-test.v", fmt.Sprintf("-ct.samples=%d", *samples),
				fmt.Sprintf("-test.short=%v", testing.Short()))
			cmd.Env = append(os.Environ(), backend.Variable+"="+name)
			out, err := cmd.CombinedOutput()
			if err != nil || strings.Count(string(out), "--- PASS: TestCT/") != len(operations()) {
				t.Errorf("%v\n%s", err, out)
			}
			for _, m := range statistics.FindAllSubmatch(out, -1) {
				t.Logf("%s", m[1])
			}
		})
	}
}

// statistics are the lines in which TestCT says what it saw.
var statistics = regexp.MustCompile(`\.go:\d+: (.* threshold .*)`)

// TestCTControls shows that the check finds a leak, and that it does not find
// one where there is nothing to be found.
func TestCTControls(t *testing.T) {
	skipRace(t)
	n, threshold := setup()
	secret := bytes.Repeat([]byte{7}, 4096)
	// A comparison that ends at the first difference.
	early := operation{"early exit", func(class int) func() {
		guess := bytes.Clone(secret)
		if class == 1 {
			guess[1000]++
		}
		return func() {
			for i := range secret {
				if secret[i] != guess[i] {
					break
				}
			}
		}
	}}
	wantLeak(t, early, n, threshold)
	// Decapsulation that works on a bad ciphertext twice, as rejection by an
	// early exit would work on it less.
	inner := decapsulation("", mlkem.MLKEM768())
	wantLeak(t, operation{"a step more", func(class int) func() {
		run := inner.prepare(class)
		if class == 0 {
			return run
		}
		return func() { run(); run() }
	}}, n, threshold)
	same := operation{"same class", func(int) func() { return inner.prepare(0) }}
	if leaking, ts := Distinguish(same.prepare, n, threshold); leaking {
		t.Errorf("a leak was found where both classes are one: t = %v", ts)
	}
}

// wantLeak checks that a leak is found. On a busy machine it may drown in the
// noise, but not in every attempt.
func wantLeak(t *testing.T, op operation, n int, threshold float64) {
	t.Helper()
	for range 5 {
		leaking, ts := Distinguish(op.prepare, n, threshold)
		t.Logf("%s: t = %v", op.name, ts)
		if leaking {
			return
		}
	}
	t.Errorf("%s: the leak was not found", op.name)
}

// TestWelch compares with values computed by hand.
func TestWelch(t *testing.T) {
	of := func(a, b []float64) (list []Sample) {
		for _, v := range a {
			list = append(list, Sample{0, v})
		}
		for _, v := range b {
			list = append(list, Sample{1, v})
		}
		return list
	}
	for _, test := range []struct {
		a, b []float64
		want float64
	}{
		{[]float64{1, 2, 3}, []float64{1, 2, 3}, 0},
		{[]float64{1, 2, 3}, []float64{3, 4, 5}, -2 / math.Sqrt(2.0/3)}, // variances 1 and 1
		{[]float64{2, 4, 6, 8}, []float64{1, 1, 1, 5}, 3 / math.Sqrt(20.0/3/4+1)},
		{[]float64{1}, []float64{1, 2}, 0},
		{[]float64{1, 1}, []float64{2, 2}, math.Inf(-1)},
	} {
		if got := welch(of(test.a, test.b)); math.Abs(got-test.want) > 1e-9 && got != test.want {
			t.Errorf("welch(%v, %v) = %v, want %v", test.a, test.b, got, test.want)
		}
	}
	if got := T(nil); got != 0 {
		t.Errorf("T of nothing is %v", got)
	}
}
