package bench

import (
	"context"
	"crypto/sha256"
	"time"
)

// A subject is measured once a round. Each measurement gives a value for each
// of its metrics.
type subject struct {
	metrics []Result // what the values are of
	measure func() ([]float64, error)
	against []against

	samples [][]float64 // by metric
}

// against is a baseline for ratios: another subject of the same rounds, whose
// metrics are the same.
type against struct {
	name string
	*subject
}

// interleave measures the subjects in turns for a number of rounds, there and
// back again, after a round to warm up, and returns the results.
func (r *run) interleave(ctx context.Context, what string, rounds int, subjects []*subject, part func(float64) float64) ([]Result, error) {
	for round := range rounds + 1 {
		for i := range subjects {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			s := subjects[i]
			if round%2 == 1 {
				s = subjects[len(subjects)-1-i]
			}
			r.progress(part((float64(round)+float64(i)/float64(len(subjects)))/float64(rounds+1)), "%s", what)
			values, err := s.measure()
			if err != nil {
				return nil, err
			}
			if round > 0 {
				s.record(values)
			}
		}
		r.calibrate()
	}
	var results []Result
	for _, s := range subjects {
		results = append(results, s.results()...)
	}
	return results, nil
}

func (s *subject) record(values []float64) {
	if s.samples == nil {
		s.samples = make([][]float64, len(s.metrics))
	}
	for i, v := range values {
		s.samples[i] = append(s.samples[i], v)
	}
}

// results are the medians, and the medians of the rounds' ratios.
func (s *subject) results() []Result {
	var results []Result
	for i, m := range s.metrics {
		results = append(results, m.summarize(s.samples[i]))
		for _, a := range s.against {
			ratios := make([]float64, len(s.samples[i]))
			for j, v := range s.samples[i] {
				ratios[j] = v / a.samples[i][j]
			}
			m.Baseline, m.Unit = a.name, "ratio"
			results = append(results, m.summarize(ratios))
		}
	}
	return results
}

// calibrate times a piece of work that is always the same.
func (r *run) calibrate() {
	var block [16 << 10]byte
	for range 5 {
		start := time.Now()
		sum := sha256.Sum256(block[:])
		r.calibration = append(r.calibration, float64(time.Since(start)))
		block[0] = sum[0]
	}
}

// whole is the progress of something that is all of its kind.
func whole(done float64) float64 { return done }

// within is the progress of something that is step i of n.
func within(i, n int) func(float64) float64 {
	return func(done float64) float64 { return (float64(i) + done) / float64(n) }
}
