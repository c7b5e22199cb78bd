//go:build !amd64 || purego

package backend

func available() []string { return []string{Portable} }
