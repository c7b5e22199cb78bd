// Package bench compares groups, and hosts that use them, with what the
// standard library has for the same work.
//
//	go test -bench . ./bench
package bench
