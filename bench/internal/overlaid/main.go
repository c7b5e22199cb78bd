// Command overlaid makes handshakes for package bench in a process that is built
// with the overlay for crypto/tls. Only that package runs it.
package main

import (
	"fmt"
	"os"

	"github.com/pqkx/pqkx/bench"
)

func main() {
	if err := bench.ServeOverlaid(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
