//go:build !(valgrind && linux && amd64)

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "memcheck: build it for linux/amd64 with -tags valgrind")
	os.Exit(2)
}
