// Package secret runs code on secrets so that the Go runtime erases what that
// code leaves behind in registers, on the stack and on the heap: runtime/secret,
// in programs that are built with GOEXPERIMENT=runtimesecret, on linux/amd64 and
// linux/arm64. In others Do just calls its function.
package secret
