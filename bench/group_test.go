package bench_test

import (
	"testing"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/hybrid"
	"github.com/pqkx/pqkx/mlkem"
	"github.com/pqkx/pqkx/preset"
	"github.com/pqkx/pqkx/x25519"
)

// standard has the groups on the standard library's code, for those where the
// default is another.
var standard = map[pqkx.NamedGroup]func() pqkx.Group{
	pqkx.X25519:             x25519.Standard,
	pqkx.MLKEM768:           mlkem.StandardMLKEM768,
	pqkx.MLKEM1024:          mlkem.StandardMLKEM1024,
	pqkx.X25519MLKEM768:     hybrid.StandardX25519MLKEM768,
	pqkx.SecP256r1MLKEM768:  hybrid.StandardSecP256r1MLKEM768,
	pqkx.SecP384r1MLKEM1024: hybrid.StandardSecP384r1MLKEM1024,
}

func forEachGroup(b *testing.B, f func(b *testing.B, g pqkx.Group)) {
	for _, g := range preset.All().Groups() {
		b.Run(g.ID().String()+"/ours", func(b *testing.B) { f(b, g) })
		if std, ok := standard[g.ID()]; ok {
			b.Run(g.ID().String()+"/stdlib", func(b *testing.B) { f(b, std()) })
		}
	}
}

// rotating is how many keys take turns: with a single one the branch predictor
// learns the rejection sampling by heart.
const rotating = 256

// BenchmarkClientShare is the client's first step, with a fresh key each time.
func BenchmarkClientShare(b *testing.B) {
	forEachGroup(b, func(b *testing.B, g pqkx.Group) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := g.KeyShare(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkServerAnswer is the server's step.
func BenchmarkServerAnswer(b *testing.B) {
	forEachGroup(b, func(b *testing.B, g pqkx.Group) {
		var shares [rotating][]byte
		for i := range shares {
			shares[i] = must(g.KeyShare()).Bytes()
		}
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if _, _, err := g.Encapsulate(shares[i%rotating]); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkClientFinish is the client's second step.
func BenchmarkClientFinish(b *testing.B) {
	forEachGroup(b, func(b *testing.B, g pqkx.Group) {
		var shares [rotating]pqkx.KeyShare
		var answers [rotating][]byte
		for i := range shares {
			shares[i] = must(g.KeyShare())
			_, answers[i], _ = g.Encapsulate(shares[i].Bytes())
		}
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if _, err := shares[i%rotating].Decapsulate(answers[i%rotating]); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkExchange is the three steps together, with fresh keys.
func BenchmarkExchange(b *testing.B) {
	forEachGroup(b, func(b *testing.B, g pqkx.Group) {
		b.ReportAllocs()
		for b.Loop() {
			ks := must(g.KeyShare())
			_, answer, err := g.Encapsulate(ks.Bytes())
			if err != nil {
				b.Fatal(err)
			}
			if _, err := ks.Decapsulate(answer); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
