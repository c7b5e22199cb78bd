// Package gosuite has only tests: it runs Go's own test suites of crypto/tls
// and net/http under the overlay, with a provider in use and without.
//
// The suites run as they are, with one file added to each that calls
// [cryptotls.Use]; the go command resolves its imports in this module.
package gosuite
