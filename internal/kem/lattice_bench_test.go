package kem

import "testing"

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
		e, ok := s.ParseEncapsulationKey(in.ek)
		if !ok {
			b.Fatal("a key was refused")
		}
		e.EncapsulateTo(ss, ct, nil)
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
	ek, ss := make([]byte, MLKEM768().Sizes().EncapsulationKey), make([]byte, SharedSecretSize)
	ct := make([]byte, MLKEM768().Sizes().Ciphertext)
	benchmark(b, func(s Scheme, in *benchInput) {
		key := s.NewKey(in.seed)
		key.Encapsulator().Pack(ek)
		e, _ := s.ParseEncapsulationKey(ek)
		e.EncapsulateTo(ss, ct, nil)
		key.DecapsulateTo(ss, ct)
	})
}
