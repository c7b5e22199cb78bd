package overlay

import (
	"errors"
	"fmt"
	"go/ast"
	"go/types"
	"maps"
	"slices"
)

// An edit makes one change to one file, or refuses.
type edit struct {
	file  string
	apply func(*source) error
}

// edits is all that is done to Go's own files. What the names beginning with
// pqkx do is in the file that the overlay adds.
var edits = []edit{
	// Functions that ask the program's provider first: Go's own go on under
	// another name.
	{"common.go", stock("(*Config) curvePreferences(uint16) []CurveID", "pqkxStockCurvePreferences")},
	{"common.go", stock("(*Config) supportsCurve(uint16, CurveID) bool", "pqkxStockSupportsCurve")},
	{"common.go", together("(*Config) curvePreferences(uint16) []CurveID", "supportsCurve", "pqkxStockSupportsCurve")},
	{"common.go", together("(*Config) supportsCurve(uint16, CurveID) bool", "curvePreferences", "pqkxStockCurvePreferences")},
	{"common.go", stock("isPQKeyExchange(CurveID) bool", "pqkxStockIsPQKeyExchange")},
	{"common_string.go", stock("(CurveID) String() string", "pqkxStockString")},
	{"key_schedule.go", stock("keyExchangeForCurveID(CurveID) (keyExchange, error)", "pqkxStockKeyExchangeForCurveID")},

	// A client's private keys, made and used by one and the same provider.
	{"key_schedule.go", field("keySharePrivateKeys", "pqkx pqkxPrivateKeys")},
	{"handshake_client.go", rewrite("(*Conn) makeClientHello() (*clientHelloMsg, *keySharePrivateKeys, *echClientContext, error)",
		"keyExchangeForCurveID(curveID)", "pqkxFirstFlight(curveID, hello.supportedCurves)")},
	{"handshake_client_tls13.go", rewrite("(*clientHandshakeStateTLS13) handshake() error",
		"hs.keyShareKeys.ecdhe == nil", "(hs.keyShareKeys.ecdhe == nil && hs.keyShareKeys.pqkx == nil)")},
	{"handshake_client_tls13.go", rewrite("(*clientHandshakeStateTLS13) establishHandshakeKeys() error",
		"keyExchangeForCurveID(hs.serverHello.serverShare.group)", "pqkxFinish(hs.keyShareKeys, hs.serverHello.serverShare.group)")},

	// Errors with their cause, and the alert that fits it.
	{"handshake_client_tls13.go", alerts("(*clientHandshakeStateTLS13) establishHandshakeKeys() error",
		"ke.clientSharedSecret(hs.keyShareKeys, hs.serverHello.serverShare.data)")},
	{"handshake_server_tls13.go", alerts("(*serverHandshakeStateTLS13) processClientHello() error",
		"ke.serverSharedSecret(c.config.rand(), clientKeyShare.data)")},
}

// callers lists every function that may call the ones the edits deal with. A
// toolchain where another one does is not understood.
var callers = map[string][]string{
	"curvePreferences":      {"makeClientHello", "processClientHello", "supportsCurve"},
	"supportsCurve":         {"SupportsCertificate", "supportsECDHE", "generateServerKeyExchange", "curvePreferences"},
	"isPQKeyExchange":       {"processClientHello"},
	"keyExchangeForCurveID": {"makeClientHello", "processHelloRetryRequest", "establishHandshakeKeys", "processClientHello"},
	"keyShares":             {"makeClientHello", "processHelloRetryRequest"},
	"clientSharedSecret":    {"establishHandshakeKeys"},
	"serverSharedSecret":    {"processClientHello"},
}

// stock renames a function, to make room for one of that signature in the file
// that the overlay adds.
func stock(want, name string) func(*source) error {
	return func(s *source) error {
		fn, err := s.function(want)
		if err != nil {
			return err
		}
		s.replace(fn.Name, name)
		return nil
	}
}

// together has a function call another of Go's own by its new name, where it
// does: one of the two calls the other, and which depends on the release.
func together(function, callee, name string) func(*source) error {
	return func(s *source) error {
		fn, err := s.function(function)
		if err != nil {
			return err
		}
		ast.Inspect(fn.Body, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok && sel.Sel.Name == callee {
				s.replace(sel.Sel, name)
			}
			return true
		})
		return nil
	}
}

// field adds a field to a struct.
func field(typeName, text string) func(*source) error {
	return func(s *source) error {
		spec, err := only(s, s.file, typeName, func(t *ast.TypeSpec) bool { return t.Name.Name == typeName })
		if err != nil {
			return err
		}
		st, ok := spec.Type.(*ast.StructType)
		if !ok {
			return fmt.Errorf("%s: %s is no struct", s.name, typeName)
		}
		s.insert(st.Fields.Opening+1, " "+text+"; ")
		return nil
	}
}

// rewrite replaces the one expression of a function that is written as given.
func rewrite(function, from, to string) func(*source) error {
	return func(s *source) error {
		fn, err := s.function(function)
		if err != nil {
			return err
		}
		e, err := s.expression(fn.Body, from)
		if err != nil {
			return err
		}
		s.replace(e, to)
		return nil
	}
}

// alerts has a function send the alert of pqkxAlert where the call fails, and
// return the error with its cause. Go's own errors go the way they went.
func alerts(function, call string) func(*source) error {
	return func(s *source) error {
		fn, err := s.function(function)
		if err != nil {
			return err
		}
		body, err := s.failure(fn.Body, call)
		if err != nil {
			return err
		}
		if len(body.List) != 2 || !isAlert(body.List[0]) {
			return fmt.Errorf("%s: %q is not followed by an alert and a return", s.name, call)
		}
		s.insert(body.Lbrace+1, " if alert, ok := pqkxAlert(err); ok { c.sendAlert(alert); return err };")
		return nil
	}
}

func isAlert(st ast.Stmt) bool {
	e, ok := st.(*ast.ExprStmt)
	return ok && types.ExprString(e.X) == "c.sendAlert(alertIllegalParameter)"
}

// editAll makes the edits. files has all files of crypto/tls but its tests, by
// name; the result has those that changed.
func editAll(files map[string][]byte) (map[string][]byte, error) {
	sources := make(map[string]*source)
	found := make(map[string][]string)
	for name := range callers {
		found[name] = nil
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		s, err := parse(name, files[name])
		if err != nil {
			return nil, err
		}
		sources[name] = s
		s.callers(found)
	}
	if err := checkCallers(found); err != nil {
		return nil, err
	}
	if sources[hookName] != nil {
		return nil, errors.New("it has a file " + hookName + " already")
	}
	result := make(map[string][]byte)
	for _, e := range edits {
		s := sources[e.file]
		if s == nil {
			return nil, fmt.Errorf("it has no %s", e.file)
		}
		if err := e.apply(s); err != nil {
			return nil, err
		}
	}
	for _, e := range edits {
		text, err := sources[e.file].edited()
		if err != nil {
			return nil, err
		}
		result[e.file] = text
	}
	return result, nil
}

func checkCallers(found map[string][]string) error {
	for _, name := range slices.Sorted(maps.Keys(found)) {
		// A key exchange of two parts calls the methods of its parts.
		if len(found[name]) == 0 {
			return fmt.Errorf("nothing calls %s", name)
		}
		for _, caller := range found[name] {
			if caller != name && !slices.Contains(callers[name], caller) {
				return fmt.Errorf("%s calls %s, which is not expected", caller, name)
			}
		}
	}
	return nil
}
