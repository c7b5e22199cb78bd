//go:build race

package kem

// raceEnabled: the race detector makes pools forget, which counts as allocation.
const raceEnabled = true
