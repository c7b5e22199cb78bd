// Package cryptotls hands the groups of a provider to Go's own crypto/tls, and
// so to everything above it: net/http, HTTP/2, gRPC, QUIC, database drivers.
//
// crypto/tls has no way to add a key exchange. The go command has the flag
// -overlay, which replaces source files at build time, and "pqkx overlay" makes
// one for the toolchain in use:
//
//	go build -overlay "$(pqkx overlay)" ./...
//
// A program built so calls [Use], or imports package auto below this one and
// is not edited otherwise. Built without the overlay it compiles as well and
// crypto/tls is as it ever was; [Available] tells, and why.
//
// With a provider in use, crypto/tls has the provider's groups and no other, in
// the provider's order, and makes them with the provider's code, those too that
// it has itself:
//
//   - [tls.Config] CurvePreferences filters them, as it filters crypto/tls's
//     own, and takes code points that crypto/tls has never heard of. GODEBUG
//     settings such as tlsmlkem=0 switch off what they switch off.
//   - A client sends the shares that [pqkx.Provider.KeyShares] makes, a server
//     chooses as [pqkx.Provider.Select] does, and policies hold on both.
//     HelloRetryRequest, resumption, Encrypted Client Hello and QUIC work.
//   - ConnectionState's CurveID is the group, and its String has the name.
//   - A peer's bad share is answered with the alert illegal_parameter, any other
//     error of a group with internal_error. The error of the handshake wraps
//     the group's.
//   - Config.Rand is not asked: groups have no reader of randomness.
//   - TLS 1.2 takes from the list the curves that it knows, and makes them with
//     crypto/ecdh. It goes on to know RSA key exchange where a Config asks for
//     it, under the policy [pqkx.Require] as well: set MinVersion.
//   - In FIPS 140-3 mode crypto/tls keeps its own groups. Of the provider only
//     the policy [pqkx.Require] holds.
package cryptotls

import (
	"crypto/tls"
	"errors"
	"fmt"

	"github.com/pqkx/pqkx"
)

// contract is the version of what this package and the overlay agree on. The
// struct types below are repeated in the overlay.
const contract = 1

type (
	group = struct {
		ID          tls.CurveID
		Name        string
		PostQuantum bool
	}
	share = struct {
		ID     tls.CurveID
		Bytes  []byte
		Finish func(serverShare []byte) (sharedSecret []byte, err error)
	}
	hooks = struct {
		Groups      []group
		Impose      bool
		PostQuantum bool
		FirstFlight func(enabled []tls.CurveID) ([]share, error)
		Retry       func(id tls.CurveID) (share, error)
		Answer      func(id tls.CurveID, clientShare []byte) (sharedSecret, serverShare []byte, err error)
		BadShare    func(err error) bool
	}
)

// overlaid returns what the overlay added to crypto/tls: methods on one of its
// types, found at run time, so that nothing here depends on them to compile.
func overlaid() (use func(*hooks), reason string) {
	anchor := any(tls.CurveID(0))
	versioned, ok := anchor.(interface{ PQKXContract() int })
	if !ok {
		return nil, `the program was built without the overlay; build it with -overlay "$(pqkx overlay)"`
	}
	hooked, ok := anchor.(interface{ PQKXUse(*hooks) })
	if got := versioned.PQKXContract(); !ok || got != contract {
		return nil, fmt.Sprintf("the overlay is of another version of pqkx (contract %d, this is %d)", got, contract)
	}
	return hooked.PQKXUse, ""
}

// Available reports whether this program was built with the overlay, so that
// [Use] has an effect. If not, the reason is for people.
func Available() (ok bool, reason string) {
	use, reason := overlaid()
	return use != nil, reason
}

// ErrNotAvailable is wrapped by the error of [Use] in a program that was not
// built with the overlay.
var ErrNotAvailable = errors.New("cryptotls: not available")

// Use has crypto/tls make all connections from now on with the groups of p, in
// the whole process. It takes the place of what was in use before; nil restores
// crypto/tls's own groups. It may be called at any time: handshakes under way
// end with the groups that they have begun with.
//
// If [Available] is false it returns an error that wraps [ErrNotAvailable] and
// changes nothing; a program that is content with crypto/tls's own groups can
// go on. It refuses a provider that sends no share at all, see
// [pqkx.Provider.WithShares], for crypto/tls cannot.
func Use(p *pqkx.Provider) error { return use(p, false) }

// Impose is [Use] where p's groups stand in place of every Config's
// CurvePreferences, so that they reach a program that has a fixed list of its
// own. It is for the person who runs a program, not for a package: it undoes
// what the program chose with a reason.
func Impose(p *pqkx.Provider) error { return use(p, true) }

func use(p *pqkx.Provider, impose bool) error {
	set, reason := overlaid()
	if set == nil {
		return fmt.Errorf("%w: %s", ErrNotAvailable, reason)
	}
	if p == nil {
		set(nil)
		return nil
	}
	h, err := newHost(p)
	if err != nil {
		return err
	}
	set(h.hooks(impose))
	return nil
}
