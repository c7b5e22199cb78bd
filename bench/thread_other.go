//go:build !linux

package bench

import "runtime"

func pin() (release func()) {
	runtime.LockOSThread()
	return runtime.UnlockOSThread
}
