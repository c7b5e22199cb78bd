package bench

import "math"

// confidence returns the quantiles that bound the q-quantile of n samples with
// 95 % confidence, by the normal approximation of the binomial distribution.
func confidence(n int, q float64) (low, high float64) {
	const z = 1.96
	half := z * math.Sqrt(q*(1-q)/float64(n))
	return max(0, q-half), min(1, q+half)
}
