//go:build !goexperiment.runtimesecret

package secret

// Experiment is whether the program was built with runtime/secret.
const Experiment = false

// Do runs f.
func Do(f func()) { f() }

// Enabled reports false: nothing is erased by the runtime.
func Enabled() bool { return false }
