//go:build !amd64 || purego

package ring

import "testing"

func eachBackend(t *testing.T, test func(t *testing.T)) { t.Run("portable", test) }
