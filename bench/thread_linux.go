package bench

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// pin keeps the calling goroutine on its thread and the thread on one core,
// until the returned function is called.
func pin() (release func()) {
	runtime.LockOSThread()
	var before, one unix.CPUSet
	if unix.SchedGetaffinity(0, &before) != nil {
		return runtime.UnlockOSThread
	}
	for core := range len(before) * 64 {
		if before.IsSet(core) {
			one.Zero()
			one.Set(core) // the last one, as the first is the busiest with interrupts
		}
	}
	unix.SchedSetaffinity(0, &one)
	return func() {
		unix.SchedSetaffinity(0, &before)
		runtime.UnlockOSThread()
	}
}
