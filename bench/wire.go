package bench

import (
	"context"
	"errors"
)

// wireRuns is how many handshakes are counted: signatures differ in length.
const wireRuns = 9

// wire counts what each flight of a handshake has. It counts nothing below TLS
// but the segments that a flight fills.
func (r *run) wire(ctx context.Context) error {
	for i, kind := range []string{ECDSA, RSA} {
		c, err := NewCredential(kind)
		if err != nil {
			return err
		}
		stacks := append(Stacks(r.Groups, c), Variants(r.Groups, c)...)
		for j, s := range stacks {
			if err := errors.Join(ctx.Err(), s.check()); err != nil {
				return err
			}
			r.calibrate()
			r.progress((float64(i)+float64(j)/float64(len(stacks)))/2, "bytes on the wire")
			results, err := wireResults(s, r.MSS)
			if err != nil {
				return err
			}
			r.report.add(results...)
		}
	}
	for _, g := range r.Groups {
		if retriedFrom(g.ID()) == 0 {
			r.report.skip("crypto/tls always sends a share for the first group of its own order",
				"HelloRetryRequest of crypto/tls with %v", g.ID())
		}
	}
	return nil
}

// flights runs a handshake and returns its flights, the client's and the
// server's in turns.
func (s *Stack) flights() ([]flight, error) {
	c, d := newPipe()
	done := make(chan error, 1)
	go func() { done <- handshakeOn(s.Server(d), d) }()
	if err := errors.Join(handshakeOn(s.Client(c), c), <-done); err != nil {
		return nil, err
	}
	var all []flight
	for i := range c.flights {
		all = append(all, c.flights[i])
		if i < len(d.flights) {
			all = append(all, d.flights[i])
		}
	}
	return all, nil
}

func wireResults(s Stack, mss int) ([]Result, error) {
	var runs [wireRuns][]flight
	for i := range runs {
		var err error
		if runs[i], err = s.flights(); err != nil {
			return nil, err
		}
	}
	base := s.result(Wire)
	var results []Result
	for i := range runs[0] {
		base.Flight, base.Role = i+1, Client
		if i%2 == 1 {
			base.Role = Server
		}
		results = append(results, count(base, "bytes", "B", runs[:], func(f []flight) int { return f[i].bytes }),
			count(base, "records", "1", runs[:], func(f []flight) int { return f[i].records }),
			count(base, "segments", "1", runs[:], func(f []flight) int { return (f[i].bytes + mss - 1) / mss }))
	}
	base.Flight, base.Role = 0, Both
	// The client may send data with its last flight, so a round trip is a flight
	// of the client's that the server answered.
	return append(results,
		count(base, "bytes", "B", runs[:], total),
		count(base, "round-trips", "1", runs[:], func(f []flight) int { return len(f) / 2 })), nil
}

func total(flights []flight) int {
	sum := 0
	for _, f := range flights {
		sum += f.bytes
	}
	return sum
}

func count(base Result, metric, unit string, runs [][]flight, f func([]flight) int) Result {
	base.Metric, base.Unit = metric, unit
	samples := make([]float64, len(runs))
	for i, flights := range runs {
		samples[i] = float64(f(flights))
	}
	return base.summarize(samples)
}
