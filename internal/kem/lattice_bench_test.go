package kem

import (
	"slices"
	"testing"
	"time"
)

// benchmarked are the backends of ML-KEM-768, in one run.
var benchmarked = []struct {
	name   string
	scheme Scheme
}{
	{"pqkx", MLKEM768()},
	{"crypto-mlkem", Standard768()},
	{"circl", CirclMLKEM768()},
}

// benchKeys is how many keys a benchmark goes through in turn, so that neither
// caches nor branch predictors know them.
const benchKeys = 500

// A bench is one key with its encapsulation key and a ciphertext for it, which
// differ for each backend.
type benchInput struct {
	seed, ek, ct []byte
	key          Decapsulator
}

func benchInputs(s Scheme) []benchInput {
	inputs := make([]benchInput, benchKeys)
	for i := range inputs {
		in := &inputs[i]
		in.seed = randomBytes(SeedSize)
		in.ek, in.ct = make([]byte, s.Sizes().EncapsulationKey), make([]byte, s.Sizes().Ciphertext)
		in.key = s.NewKey(in.seed)
		in.key.Encapsulator().Pack(in.ek)
		in.key.Encapsulator().EncapsulateTo(make([]byte, SharedSecretSize), in.ct, nil)
	}
	return inputs
}

func benchmark(b *testing.B, op func(s Scheme, in *benchInput)) {
	for _, backend := range benchmarked {
		inputs := benchInputs(backend.scheme)
		b.Run(backend.name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				op(backend.scheme, &inputs[i%benchKeys])
			}
		})
	}
}

// BenchmarkKeyGen expands a seed and packs the encapsulation key.
func BenchmarkKeyGen(b *testing.B) {
	ek := make([]byte, MLKEM768().Sizes().EncapsulationKey)
	benchmark(b, func(s Scheme, in *benchInput) { s.NewKey(in.seed).Encapsulator().Pack(ek) })
}

// BenchmarkEncapsulate parses an encapsulation key and encapsulates to it.
func BenchmarkEncapsulate(b *testing.B) {
	ss, ct := make([]byte, SharedSecretSize), make([]byte, MLKEM768().Sizes().Ciphertext)
	benchmark(b, func(s Scheme, in *benchInput) {
		if !encapsulateOnce(s, ss, ct, in.ek, nil) {
			b.Fatal("a key was refused")
		}
	})
}

// BenchmarkDecapsulate decapsulates with a key that has been used before.
func BenchmarkDecapsulate(b *testing.B) {
	ss := make([]byte, SharedSecretSize)
	benchmark(b, func(_ Scheme, in *benchInput) { in.key.DecapsulateTo(ss, in.ct) })
}

// BenchmarkExchange is all three, by a client and a server that meet once, so
// that nothing that is left for later goes uncounted.
func BenchmarkExchange(b *testing.B) {
	benchmark(b, func(s Scheme, in *benchInput) { exchange(s, in, new([3][]time.Duration)) })
}

// BenchmarkInterleaved has the backends in turn, one exchange each, with a new
// key each time: what else the machine does slows all of them alike. It reports
// the median time of each operation in ns, and how many times the sum of ours
// fits into the others'.
func BenchmarkInterleaved(b *testing.B) {
	inputs := benchInputs(MLKEM768())
	var times [3][3][]time.Duration
	for i := 0; b.Loop(); i++ {
		for j := range benchmarked {
			exchange(benchmarked[j].scheme, &inputs[i%benchKeys], &times[j])
		}
	}
	var total [3]float64
	for j, backend := range benchmarked {
		for k, op := range []string{"keygen", "encaps", "decaps"} {
			slices.Sort(times[j][k])
			median := float64(times[j][k][len(times[j][k])/2])
			b.ReportMetric(median, backend.name+"-"+op)
			total[j] += median
		}
		if j > 0 {
			b.ReportMetric(total[j]/total[0], "x-"+backend.name)
		}
	}
}

// exchange appends the time of each operation to times.
func exchange(s Scheme, in *benchInput, times *[3][]time.Duration) {
	var ekBuffer [1184]byte
	var ctBuffer [1088]byte
	var ss [SharedSecretSize]byte
	ek, ct := ekBuffer[:], ctBuffer[:]
	start := time.Now()
	key := s.NewKey(in.seed)
	key.Encapsulator().Pack(ek)
	generated := time.Now()
	encapsulateOnce(s, ss[:], ct, ek, nil)
	encapsulated := time.Now()
	key.DecapsulateTo(ss[:], ct)
	times[2] = append(times[2], time.Since(encapsulated))
	times[1] = append(times[1], encapsulated.Sub(generated))
	times[0] = append(times[0], generated.Sub(start))
}
