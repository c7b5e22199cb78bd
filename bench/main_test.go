package bench

import (
	"crypto/fips140"
	"fmt"
	"os"
	"testing"
)

// TestMain skips everything under GODEBUG=fips140=only, which forbids most of
// what is compared, and the SHA-1 in gVisor's SYN cookies.
func TestMain(m *testing.M) {
	if fips140.Enforced() {
		fmt.Println("skipped: GODEBUG=fips140=only forbids what is compared")
		return
	}
	os.Exit(m.Run())
}
