//go:build goexperiment.runtimesecret

package secret

import "runtime/secret"

// Experiment is whether the program was built with runtime/secret.
const Experiment = true

// Do runs f and has its temporary storage erased. What f allocates is erased
// when nothing refers to it any more.
func Do(f func()) { secret.Do(f) }

// Enabled reports whether the caller runs inside Do.
func Enabled() bool { return secret.Enabled() }
