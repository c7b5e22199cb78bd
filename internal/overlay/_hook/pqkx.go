package tls

// This file is not part of Go. It was put beside Go's own by "pqkx overlay"
// (github.com/pqkx/pqkx): it lets a program hand key exchanges to this package.
// Until one does, everything here leaves the work to the functions whose names
// begin with pqkxStock, which are Go's.

import (
	"crypto/tls/internal/fips140tls"
	"errors"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
)

// pqkxContract is the version of the contract with package cryptotls, which
// repeats the types below: they have no names there either, so that the two
// packages agree on them without an import.
const pqkxContract = 1

type pqkxGroup = struct {
	ID          CurveID
	Name        string
	PostQuantum bool
}

type pqkxShare = struct {
	ID     CurveID
	Bytes  []byte
	Finish func(serverShare []byte) (sharedSecret []byte, err error)
}

type pqkxHost = struct {
	Groups      []pqkxGroup // in order of preference
	Impose      bool        // Groups stands in place of every CurvePreferences
	PostQuantum bool        // nothing else is allowed, in FIPS mode neither

	FirstFlight func(enabled []CurveID) ([]pqkxShare, error)
	Retry       func(id CurveID) (pqkxShare, error)
	Answer      func(id CurveID, clientShare []byte) (sharedSecret, serverShare []byte, err error)
	BadShare    func(err error) bool // whether the peer is at fault
}

// pqkxToolchain is the release that the files beside this one were made from.
const pqkxToolchain = "go"

// An overlay outlives an upgrade of Go in the same place, and would put the old
// crypto/tls, without what the new release mends, into every program.
func init() {
	built, _, _ := strings.Cut(runtime.Version(), " ")
	built, _, _ = strings.Cut(built, "-X:") // experiments, which change nothing here
	if built != pqkxToolchain {
		panic("crypto/tls: built by " + built + " with a pqkx overlay for " + pqkxToolchain + "; run pqkx overlay again")
	}
}

// PQKXContract returns the version of the contract.
func (CurveID) PQKXContract() int { return pqkxContract }

// PQKXUse hands key exchanges to this package for all connections from now on;
// nil takes them back. Those under way end with what they have begun with.
func (CurveID) PQKXUse(host *pqkxHost) {
	for {
		old := pqkxCurrent.Load()
		if pqkxCurrent.CompareAndSwap(old, pqkxNext(old, host)) {
			return
		}
	}
}

// pqkxCurrent is nil until the first PQKXUse.
var pqkxCurrent atomic.Pointer[pqkxState]

// A pqkxState is immutable.
type pqkxState struct {
	host   *pqkxHost // nil: Go's own key exchanges alone
	order  []CurveID
	groups map[CurveID]*pqkxExchange

	// retired has what was in use before: a handshake that was under way when
	// it was replaced may still choose it.
	retired map[CurveID]*pqkxExchange
}

func pqkxNext(old *pqkxState, host *pqkxHost) *pqkxState {
	s := &pqkxState{host: host, groups: make(map[CurveID]*pqkxExchange), retired: make(map[CurveID]*pqkxExchange)}
	if old != nil {
		maps.Copy(s.retired, old.retired)
		maps.Copy(s.retired, old.groups)
	}
	if host == nil {
		return s
	}
	for _, g := range host.Groups {
		s.order = append(s.order, g.ID)
		s.groups[g.ID] = &pqkxExchange{host: host, group: g}
	}
	return s
}

// find returns the exchange in use for id, or nil. In FIPS mode that is none.
func (s *pqkxState) find(id CurveID) *pqkxExchange {
	if s == nil || fips140tls.Required() {
		return nil
	}
	return s.groups[id]
}

// curvePreferences returns the enabled groups in order of preference.
func (c *Config) curvePreferences(version uint16) []CurveID {
	s := pqkxCurrent.Load()
	if s == nil || s.host == nil {
		return c.pqkxStockCurvePreferences(version)
	}
	if fips140tls.Required() {
		return slices.DeleteFunc(c.pqkxStockCurvePreferences(version), func(id CurveID) bool {
			return s.host.PostQuantum && !pqkxStockIsPQKeyExchange(id)
		})
	}
	filter := c != nil && len(c.CurvePreferences) != 0 && !s.host.Impose
	if !filter {
		c = nil
	}
	return slices.DeleteFunc(slices.Clone(s.order), func(id CurveID) bool {
		if filter && !slices.Contains(c.CurvePreferences, id) || c.pqkxSwitchedOff(id) {
			return true
		}
		_, classical := curveForCurveID(id)
		return version < VersionTLS13 && !classical
	})
}

// pqkxSwitchedOff reports whether GODEBUG switches off one of Go's own
// post-quantum key exchanges. From Go 1.27 on it does not where CurvePreferences
// has it.
func (c *Config) pqkxSwitchedOff(id CurveID) bool {
	if tlsmlkem.Value() != "0" && tlssecpmlkem.Value() != "0" || !pqkxStockIsPQKeyExchange(id) {
		return false
	}
	return !slices.Contains(c.pqkxStockCurvePreferences(VersionTLS13), id)
}

func (c *Config) supportsCurve(version uint16, id CurveID) bool {
	if s := pqkxCurrent.Load(); s == nil || s.host == nil {
		return c.pqkxStockSupportsCurve(version, id)
	}
	return slices.Contains(c.curvePreferences(version), id)
}

func isPQKeyExchange(id CurveID) bool {
	if e := pqkxCurrent.Load().find(id); e != nil {
		return e.group.PostQuantum
	}
	return pqkxStockIsPQKeyExchange(id)
}

// String returns Go's own name of the key exchange, where it has one.
func (id CurveID) String() string {
	name := id.pqkxStockString()
	if s := pqkxCurrent.Load(); s != nil && strings.HasPrefix(name, "CurveID(") {
		if e := s.groups[id]; e != nil {
			return e.group.Name
		}
		if e := s.retired[id]; e != nil {
			return e.group.Name
		}
	}
	return name
}

func keyExchangeForCurveID(id CurveID) (keyExchange, error) {
	s := pqkxCurrent.Load()
	if e := s.find(id); e != nil {
		return e, nil
	}
	ke, err := pqkxStockKeyExchangeForCurveID(id)
	if err != nil && s != nil && s.retired[id] != nil && !fips140tls.Required() {
		return s.retired[id], nil
	}
	return ke, err
}

// pqkxFirstFlight is keyExchangeForCurveID for a client's first flight, where
// the host decides which of the enabled groups get a share. A host that does not
// have them all was put into use after the list was made: then the first group
// alone gets one.
func pqkxFirstFlight(first CurveID, enabled []CurveID) (keyExchange, error) {
	ke, err := keyExchangeForCurveID(first)
	e, ok := ke.(*pqkxExchange)
	if !ok || slices.ContainsFunc(enabled, e.lacks) {
		return ke, err
	}
	return &pqkxFlight{e, enabled}, nil
}

// pqkxFinish is keyExchangeForCurveID for the key shares that a client has
// sent: whoever made them finishes them.
func pqkxFinish(keys *keySharePrivateKeys, id CurveID) (keyExchange, error) {
	if keys.pqkx == nil {
		return pqkxStockKeyExchangeForCurveID(id)
	}
	if sent := keys.pqkx[id]; sent != nil {
		return sent, nil
	}
	return nil, errors.New("tls: internal error: pqkx: no key share for the server's group")
}

// pqkxExchange is a group of the host as a key exchange.
type pqkxExchange struct {
	host  *pqkxHost
	group pqkxGroup
}

// lacks reports whether the host does not have a group.
func (e *pqkxExchange) lacks(id CurveID) bool {
	return !slices.ContainsFunc(e.host.Groups, func(g pqkxGroup) bool { return g.ID == id })
}

// keyShares makes one share, such as a HelloRetryRequest asks for.
func (e *pqkxExchange) keyShares(io.Reader) (*keySharePrivateKeys, []keyShare, error) {
	share, err := e.host.Retry(e.group.ID)
	return pqkxKeyShares(e.host, []pqkxShare{share}, err)
}

func (e *pqkxExchange) serverSharedSecret(_ io.Reader, clientShare []byte) ([]byte, keyShare, error) {
	ss, share, err := e.host.Answer(e.group.ID, clientShare)
	if err != nil {
		return nil, keyShare{}, &pqkxError{cause: err, badShare: e.host.BadShare(err), sender: "client"}
	}
	return ss, keyShare{e.group.ID, share}, nil
}

func (e *pqkxExchange) clientSharedSecret(*keySharePrivateKeys, []byte) ([]byte, error) {
	return nil, errors.New("tls: internal error: pqkx: key share of another key exchange")
}

// pqkxFlight is a pqkxExchange that makes a client's first key shares.
type pqkxFlight struct {
	*pqkxExchange
	enabled []CurveID
}

func (f *pqkxFlight) keyShares(io.Reader) (*keySharePrivateKeys, []keyShare, error) {
	shares, err := f.host.FirstFlight(f.enabled)
	return pqkxKeyShares(f.host, shares, err)
}

func pqkxKeyShares(host *pqkxHost, shares []pqkxShare, err error) (*keySharePrivateKeys, []keyShare, error) {
	if err != nil {
		return nil, nil, err
	}
	keys := &keySharePrivateKeys{pqkx: make(pqkxPrivateKeys, len(shares))}
	var sent []keyShare
	for _, share := range shares {
		keys.pqkx[share.ID] = &pqkxSent{pqkxExchange{host: host}, share}
		sent = append(sent, keyShare{share.ID, share.Bytes})
	}
	return keys, sent, nil
}

// pqkxPrivateKeys is what a client keeps until the ServerHello.
type pqkxPrivateKeys map[CurveID]*pqkxSent

// pqkxSent is a share that was sent, as the key exchange that finishes it.
type pqkxSent struct {
	pqkxExchange
	share pqkxShare
}

func (s *pqkxSent) clientSharedSecret(_ *keySharePrivateKeys, serverShare []byte) ([]byte, error) {
	ss, err := s.share.Finish(serverShare)
	if err != nil {
		return nil, &pqkxError{cause: err, badShare: s.host.BadShare(err), sender: "server"}
	}
	return ss, nil
}

// A pqkxError is why a key exchange failed.
type pqkxError struct {
	cause    error
	badShare bool
	sender   string // of the share
}

func (e *pqkxError) Error() string {
	if e.badShare {
		return "tls: invalid " + e.sender + " key share: " + e.cause.Error()
	}
	return "tls: key exchange failed: " + e.cause.Error()
}

func (e *pqkxError) Unwrap() error { return e.cause }

// pqkxAlert returns the alert for an error of the host's.
func pqkxAlert(err error) (alert, bool) {
	e, ok := err.(*pqkxError)
	switch {
	case !ok:
		return 0, false
	case e.badShare:
		return alertIllegalParameter, true
	}
	return alertInternalError, true
}
