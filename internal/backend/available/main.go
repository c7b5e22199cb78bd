// Command available prints the backends that this processor can run, for scripts
// that run something on each of them.
package main

import (
	"fmt"

	"github.com/pqkx/pqkx/internal/backend"
)

func main() {
	for _, name := range backend.Available() {
		fmt.Println(name)
	}
}
