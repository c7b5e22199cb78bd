package ct

import (
	"math"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"time"
)

// Rounds is how many rounds of fresh samples have to tell two classes apart. The
// noise of a busy machine does not do that.
const Rounds = 3

// Thresholds for the t statistic: of a few samples on a shared machine, and of
// many.
const (
	Lenient = 12
	Strict  = 5
)

// Distinguish reports whether each of [Rounds] rounds of n samples tells the
// classes apart by more than the threshold, with the same sign, and the t
// statistics, of which the first one that does not is the last. The function
// prepare returns the next input of a class, as a function that does nothing but
// the operation.
func Distinguish(prepare func(class int) func(), n int, threshold float64) (bool, []float64) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	var ts []float64
	for range Rounds {
		runtime.GC()
		t := T(measure(prepare, n))
		ts = append(ts, math.Round(t*10)/10)
		if math.Abs(t) < threshold || t*ts[0] < 0 {
			return false, ts
		}
	}
	return true, ts
}

// measure draws n samples of both classes in random order. The inputs are
// prepared in batches, so that no class is nearer in the caches.
func measure(prepare func(class int) func(), n int) []Sample {
	const batch = 64
	list := make([]Sample, 0, n)
	for len(list) < n {
		var classes [batch]int
		var run [batch]func()
		for i := range batch {
			classes[i] = rand.IntN(2)
			run[i] = prepare(classes[i])
		}
		run[0]() // warm
		for i := 1; i < batch; i++ {
			start := time.Now()
			run[i]()
			list = append(list, Sample{classes[i], float64(time.Since(start))})
		}
	}
	return list
}
