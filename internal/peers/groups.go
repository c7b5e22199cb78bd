package peers

import (
	"strings"

	"github.com/pqkx/pqkx"
)

// groupList returns the groups as OpenSSL's list of them, which takes the names of
// IANA.
func groupList(groups []pqkx.NamedGroup) string {
	names := make([]string, len(groups))
	for i, id := range groups {
		names[i] = id.String()
	}
	return strings.Join(names, ":")
}

// SameGroup reports whether name, as a peer spells it, means the group: IANA's
// name, which all of them use for what is not classical, or one of the older
// names of the elliptic curves.
func SameGroup(name string, id pqkx.NamedGroup) bool {
	if old, ok := curveNames[strings.ToLower(name)]; ok {
		return old == id
	}
	return strings.EqualFold(name, id.String())
}

var curveNames = map[string]pqkx.NamedGroup{
	"prime256v1": pqkx.Secp256r1, // OpenSSL, from ANSI X9.62
	"p-256":      pqkx.Secp256r1,
	"p-384":      pqkx.Secp384r1,
	"p-521":      pqkx.Secp521r1,
}
