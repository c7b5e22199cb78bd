package bench

import (
	"testing"
)

// The benchmarks below are the subjects of a report under the names that the
// go command and benchstat expect.

func forEachSubject(b *testing.B, f func(b *testing.B, e Exchange)) {
	for _, s := range Subjects(allGroups()) {
		b.Run(s.Group.String()+"/"+s.Implementation, func(b *testing.B) {
			b.ReportAllocs()
			f(b, s.Exchange)
		})
	}
}

// rotating is how many keys take turns. See the package's comment on method.
const rotating = 256

// BenchmarkClientShare is the client's first step, with a fresh key each time.
func BenchmarkClientShare(b *testing.B) {
	forEachSubject(b, func(b *testing.B, e Exchange) {
		for b.Loop() {
			if _, _, err := e.Share(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkServerAnswer is the server's step.
func BenchmarkServerAnswer(b *testing.B) {
	forEachSubject(b, func(b *testing.B, e Exchange) {
		var shares [rotating][]byte
		for i := range shares {
			_, share, err := e.Share()
			if err != nil {
				b.Fatal(err)
			}
			shares[i] = share
		}
		for i := 0; b.Loop(); i++ {
			if _, _, err := e.Answer(shares[i%rotating]); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkClientFinish is the client's second step.
func BenchmarkClientFinish(b *testing.B) {
	forEachSubject(b, func(b *testing.B, e Exchange) {
		var clients [rotating]Finisher
		var answers [rotating][]byte
		for i := range clients {
			client, share, err := e.Share()
			if err != nil {
				b.Fatal(err)
			}
			_, answer, err := e.Answer(share)
			if err != nil {
				b.Fatal(err)
			}
			clients[i], answers[i] = client, answer
		}
		for i := 0; b.Loop(); i++ {
			if _, err := clients[i%rotating].Finish(answers[i%rotating]); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkExchange is the three steps together, with fresh keys.
func BenchmarkExchange(b *testing.B) {
	forEachSubject(b, func(b *testing.B, e Exchange) {
		for b.Loop() {
			if err := agree(e); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkHandshake is a full handshake, client and server together, over a
// connection in memory.
func BenchmarkHandshake(b *testing.B) {
	for _, kind := range []string{ECDSA, RSA} {
		c, err := NewCredential(kind)
		if err != nil {
			b.Fatal(err)
		}
		for _, s := range Stacks(allGroups(), c) {
			host := map[string]string{HostTLS13: "tls13", HostCryptoTLS: "crypto-tls"}[s.Host] // a slash starts another level
			b.Run(s.Group.String()+"/"+host+"/"+kind, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, _, err := s.Run(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
