//go:build race

package cryptotls

const raceEnabled = true
