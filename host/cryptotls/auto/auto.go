// Package auto puts the groups of this module into use at the start of a
// program, for programs that one does not want to edit:
//
//	import _ "github.com/pqkx/pqkx/host/cryptotls/auto"
//
// It calls [cryptotls.Use] with [preset.Default], so that each Config's
// CurvePreferences goes on to filter. A program built without the overlay is
// left as it is.
//
// The environment variable PQKX_GROUPS, if set, lists groups by name in order of
// preference, with colons between them, from those of [preset.All]:
//
//	PQKX_GROUPS=X25519MLKEM768:X25519Kyber768Draft00:x25519:secp256r1
//
// That is the decision of who runs the program, and stands in place of every
// CurvePreferences: see [cryptotls.Impose]. A name that is not known ends the
// program at once, with the names that are.
package auto

import (
	"fmt"
	"os"
	"strings"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/host/cryptotls"
	"github.com/pqkx/pqkx/preset"
)

// variable is the environment variable with the list of groups.
const variable = "PQKX_GROUPS"

func init() {
	if ok, _ := cryptotls.Available(); !ok {
		return
	}
	if err := start(os.Getenv(variable)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

func start(list string) error {
	if list == "" {
		return cryptotls.Use(preset.Default())
	}
	p, err := parse(list)
	if err != nil {
		return fmt.Errorf("pqkx: %s: %w", variable, err)
	}
	return cryptotls.Impose(p)
}

func parse(list string) (*pqkx.Provider, error) {
	var groups []pqkx.Group
	for name := range strings.SplitSeq(list, ":") {
		g, err := find(name)
		if err != nil {
			return nil, err
		}
		groups = append(groups, g)
	}
	return pqkx.New(groups...)
}

func find(name string) (pqkx.Group, error) {
	var names []string
	for _, g := range preset.All().Groups() {
		if strings.EqualFold(g.ID().String(), name) {
			return g, nil
		}
		names = append(names, g.ID().String())
	}
	return nil, fmt.Errorf("no group %q; there are %s", name, strings.Join(names, ", "))
}
