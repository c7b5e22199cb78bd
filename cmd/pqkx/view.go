package main

import (
	"crypto/tls"
	"slices"
	"strings"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/preset"
	"github.com/pqkx/pqkx/tls13"
)

// A view is what the page and /json tell a visitor about their connection.
type view struct {
	Group             string        `json:"group"`
	Code              uint16        `json:"code"`
	CodeHex           string        `json:"code_hex"`
	PostQuantum       bool          `json:"post_quantum"`
	Status            status        `json:"status"`
	Document          string        `json:"document"`
	Version           string        `json:"version"`
	CipherSuite       string        `json:"cipher_suite"`
	HelloRetryRequest bool          `json:"hello_retry_request"`
	Protocol          string        `json:"alpn"`
	ServerName        string        `json:"server_name"`
	Policy            string        `json:"policy"`
	Explanation       string        `json:"explanation"`
	Offered           []offeredView `json:"offered"`
	NotEnabled        []string      `json:"not_enabled"` // offered and known here, but not enabled
	Enable            string        `json:"-"`           // what --groups would enable them
}

// An offeredView is a group that the client offered.
type offeredView struct {
	Group    string `json:"group"`
	Code     uint16 `json:"code"`
	CodeHex  string `json:"code_hex"`
	Security string `json:"security"`  // post-quantum, classical or unknown
	KeyShare bool   `json:"key_share"` // in the first ClientHello
	State    string `json:"state"`     // chosen, enabled, not enabled, unknown
}

// What a group is against a quantum computer, as far as this module knows.
const (
	postQuantum = "post-quantum"
	classical   = "classical"
)

// States of an offered group.
const (
	stateChosen     = "chosen"
	stateEnabled    = "enabled"
	stateNotEnabled = "not enabled"
	stateUnknown    = "unknown"
)

func newView(cs tls13.ConnectionState, p *pqkx.Provider) *view {
	doc := describe(cs.Group)
	v := &view{
		Group:             cs.Group.String(),
		Code:              uint16(cs.Group),
		CodeHex:           hexCode(cs.Group),
		PostQuantum:       cs.PostQuantum,
		Status:            doc.status,
		Document:          doc.name,
		Version:           "TLS 1.3",
		CipherSuite:       tls.CipherSuiteName(cs.CipherSuite),
		HelloRetryRequest: cs.HelloRetryRequest,
		Protocol:          cs.NegotiatedProtocol,
		ServerName:        cs.ServerName,
		Policy:            p.Policy().String(),
		NotEnabled:        []string{},
	}
	known, enabled := preset.All(), groupNames(p) // some of which the policy may refuse
	for _, id := range cs.OfferedGroups[:min(len(cs.OfferedGroups), maxOffered)] {
		if id.GREASE() {
			continue // stands for nothing
		}
		o := offeredView{
			Group: id.String(), Code: uint16(id), CodeHex: hexCode(id),
			Security: securityOf(id, p, known),
			KeyShare: slices.Contains(cs.OfferedShares, id),
			State:    stateOf(id, cs.Group, p, known),
		}
		if o.State == stateNotEnabled && !slices.Contains(enabled, o.Group) {
			v.NotEnabled = append(v.NotEnabled, o.Group)
		}
		v.Offered = append(v.Offered, o)
	}
	v.Enable = strings.Join(append(groupsValue(p), v.NotEnabled...), ",")
	v.Explanation = explain(v)
	return v
}

// maxOffered is how many of a client's groups are shown: more than any honest
// one has, and few enough that a page costs no more than its request.
const maxOffered = 100

// groupsValue is what to give --groups to get the provider's groups.
func groupsValue(p *pqkx.Provider) []string {
	names := groupNames(p)
	if slices.Equal(names, groupNames(preset.Default())) {
		return []string{"default"}
	}
	return names
}

func groupNames(p *pqkx.Provider) []string {
	var names []string
	for _, g := range p.Groups() {
		names = append(names, g.ID().String())
	}
	return names
}

func securityOf(id pqkx.NamedGroup, providers ...*pqkx.Provider) string {
	for _, p := range providers {
		for _, g := range p.Groups() {
			switch {
			case g.ID() != id:
			case pqkx.IsPostQuantum(g):
				return postQuantum
			default:
				return classical
			}
		}
	}
	if id < firstNewGroup {
		return classical
	}
	return stateUnknown
}

// firstNewGroup is the end of the registry's ranges for elliptic curves and
// finite fields (RFC 8446, section 4.2.7; RFC 7919, section 2).
const firstNewGroup pqkx.NamedGroup = 0x0200

func stateOf(id, chosen pqkx.NamedGroup, enabled, known *pqkx.Provider) string {
	if id == chosen {
		return stateChosen
	}
	if _, ok := enabled.Group(id); ok {
		return stateEnabled
	}
	if _, ok := known.Group(id); ok {
		return stateNotEnabled
	}
	return stateUnknown
}

// explain says in a sentence or two what the result means and why it is so.
func explain(v *view) string {
	offers := func(state string) bool {
		return slices.ContainsFunc(v.Offered, func(o offeredView) bool {
			return o.State == state && o.Security == postQuantum
		})
	}
	switch {
	case v.PostQuantum && v.Status == obsolete:
		return "The keys come from a group that resists a quantum computer, but it is the draft of an experiment, " +
			"and a current browser would use its successor."
	case v.PostQuantum:
		return "Whoever records this connection today cannot read it later with a quantum computer: " +
			"its keys come from ML-KEM, for which no quantum attack is known."
	case offers(stateNotEnabled):
		return "Your browser can do better than this: it also offered a post-quantum group that this server knows " +
			"but does not have enabled."
	case slices.ContainsFunc(v.Offered, func(o offeredView) bool { return o.Security == stateUnknown }):
		return "Whoever records this connection today can read it once there is a large quantum computer. " +
			"Your browser offered no post-quantum group that this server knows."
	}
	return "Whoever records this connection today can read it once there is a large quantum computer. " +
		"Your browser offered no post-quantum group: a current one would."
}
