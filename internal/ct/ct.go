// Package ct measures whether the time of an operation depends on its secrets.
//
// Its tests look in four ways, since each of them is blind where another one
// sees: statistics of running times (TestCT), data flow from marked secrets to
// branches and addresses as programs run (TestMemcheck) and in the text of
// assembly (TestFlow), and the instructions that were compiled (TestDivisions).
// None of them is a proof: see SECURITY.md.
package ct

import (
	"math"
	"slices"
)

// A Sample is one measured time and the class of its input.
type Sample struct {
	Class int // 0 or 1
	Time  float64
}

// welch is Welch's t statistic of the times of two classes: how many standard
// errors their means are apart. It is zero where there is too little to tell.
func welch(samples []Sample) float64 {
	var n, mean, m2 [2]float64
	for _, s := range samples {
		c := s.Class
		n[c]++
		d := s.Time - mean[c]
		mean[c] += d / n[c]
		m2[c] += d * (s.Time - mean[c])
	}
	if n[0] < 2 || n[1] < 2 {
		return 0
	}
	variance := m2[0]/(n[0]-1)/n[0] + m2[1]/(n[1]-1)/n[1]
	if variance == 0 {
		switch {
		case mean[0] < mean[1]:
			return math.Inf(-1)
		case mean[0] > mean[1]:
			return math.Inf(1)
		}
		return 0
	}
	return (mean[0] - mean[1]) / math.Sqrt(variance)
}

// crops are the shares of the fastest samples that T looks at: the slow ones
// are interruptions, and a leak shows where they are left out.
var crops = []float64{1, 0.99, 0.95, 0.9, 0.75, 0.5, 0.25}

// T returns the t statistic with the largest magnitude over all samples and
// over the fastest ones (Reparaz, Balasch, Verbauwhede, "Dude, is my code
// constant time?", section II). The crop is by the time alone, over both
// classes.
func T(samples []Sample) float64 {
	times := make([]float64, len(samples))
	for i, s := range samples {
		times[i] = s.Time
	}
	slices.Sort(times)
	var worst float64
	for _, share := range crops {
		if len(times) == 0 {
			break
		}
		limit := times[min(int(share*float64(len(times))), len(times)-1)]
		var kept []Sample
		for _, s := range samples {
			if s.Time <= limit {
				kept = append(kept, s)
			}
		}
		if t := welch(kept); math.Abs(t) > math.Abs(worst) {
			worst = t
		}
	}
	return worst
}
