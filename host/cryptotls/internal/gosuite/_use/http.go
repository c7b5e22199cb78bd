// Package http_test is net/http's, with this file added: it hands a provider to
// crypto/tls before the tests run.
package http_test

import (
	"os"

	"github.com/pqkx/pqkx/host/cryptotls"
	"github.com/pqkx/pqkx/preset"
)

func init() {
	if os.Getenv("PQKX_GOSUITE") == "" {
		return
	}
	if err := cryptotls.Use(preset.Default()); err != nil {
		panic(err)
	}
}
