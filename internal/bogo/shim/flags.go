package main

import (
	"crypto/tls"
	"fmt"
	"strconv"
	"strings"

	"github.com/pqkx/pqkx"
)

// Versions as the flags give them.
const versionTLS13 = 0x0304

// settings are the flags of one connection.
type settings struct {
	port   string
	shimID uint64
	ipv6   bool
	server bool

	credentials []*credential // those that -new-x509-credential starts
	fallback    credential    // the one before the first of them
	trustCert   string
	hostName    string

	verifyFail           bool
	customVerifyCallback bool

	curves       []pqkx.NamedGroup
	keyShares    []pqkx.NamedGroup
	noKeyShares  bool
	serverGroups []pqkx.NamedGroup // -server-supported-groups-hint
	verifyPrefs  []tls.SignatureScheme

	protocols       []string // -advertise-alpn
	selectALPN      string
	declineALPN     bool
	rejectALPN      bool
	maxSendFragment int
	grease          bool // -enable-grease and -permute-extensions, which a server has no use for
	sendAlert       bool

	noOpExtraHandshake bool
	shimWritesFirst    bool
	shimShutsDown      bool
	checkCloseNotify   bool
	readSize           int
	keyUpdate          bool
	keyUpdateFirst     bool
	exportLength       int
	exportLabel        string
	exportContext      string
	exportSecrets      bool

	expect expectations
}

// A credential is a certificate chain, its key, and what it may sign with.
type credential struct {
	certFile, keyFile string
	signingPrefs      []tls.SignatureScheme
}

// current is the credential that the next flag belongs to.
func (s *settings) current() *credential {
	if n := len(s.credentials); n > 0 {
		return s.credentials[n-1]
	}
	return &s.fallback
}

// A flag of the runner either takes the next argument or stands alone.
type flag struct {
	value bool
	set   func(s *settings, value string) error
}

// alone is a flag without a value.
func alone(set func(s *settings)) flag {
	return flag{false, func(s *settings, _ string) error { set(s); return nil }}
}

// text is a flag whose value is any bytes.
func text(set func(s *settings, v string)) flag {
	return flag{true, func(s *settings, v string) error { set(s, v); return nil }}
}

// number is a flag whose value is a decimal number.
func number(set func(s *settings, v int) error) flag {
	return flag{true, func(s *settings, v string) error {
		n, err := strconv.Atoi(v)
		if err != nil {
			return err
		}
		return set(s, n)
	}}
}

// code is a flag that adds to a list of code points, or sets one.
func code[T ~uint16](set func(s *settings, v T)) flag {
	return number(func(s *settings, v int) error {
		if v < 0 || v > 0xffff {
			return fmt.Errorf("%d is no code point", v)
		}
		set(s, T(v))
		return nil
	})
}

// ignored is a flag that asks for nothing a TLS 1.3 stack without callbacks and
// tickets could do otherwise, or expects what cannot be otherwise here.
var (
	ignored      = alone(func(*settings) {})
	ignoredValue = text(func(*settings, string) {})
)

// onlyServer is a flag that a client cannot honour.
func onlyServer(f flag, why string) flag {
	return flag{f.value, func(s *settings, v string) error {
		if !s.server {
			return unimplemented("%s", why)
		}
		return f.set(s, v)
	}}
}

var flags = map[string]flag{
	"port":    text(func(s *settings, v string) { s.port = v }),
	"shim-id": {true, func(s *settings, v string) (err error) { s.shimID, err = strconv.ParseUint(v, 10, 64); return err }},
	"ipv6":    alone(func(s *settings) { s.ipv6 = true }),
	"server":  alone(func(s *settings) { s.server = true }),

	// TLS 1.3 is all there is.
	"no-tls1":                       ignored,
	"no-tls11":                      ignored,
	"no-tls12":                      ignored,
	"min-version":                   number(func(_ *settings, v int) error { return needsTLS13(v <= versionTLS13) }),
	"max-version":                   number(func(_ *settings, v int) error { return needsTLS13(v >= versionTLS13) }),
	"expect-version":                number(func(_ *settings, v int) error { return needsTLS13(v == versionTLS13) }),
	"renegotiate-freely":            ignored,
	"renegotiate-once":              ignored,
	"renegotiate-ignore":            ignored,
	"expect-secure-renegotiation":   ignored,
	"expect-extended-master-secret": ignored,
	"ignore-rsa-key-usage":          ignored, // TLS 1.3 always heeds it
	"advertise-npn":                 ignoredValue,
	"select-next-proto":             ignoredValue,
	"srtp-profiles":                 ignoredValue, // of DTLS

	// Ways to call BoringSSL. A Read or Write here runs the handshake as well,
	// and nothing returns before it is done.
	"async":                        ignored,
	"implicit-handshake":           ignored,
	"use-early-callback":           ignored,
	"use-old-client-cert-callback": ignored,
	"write-settings":               ignoredValue,
	"peek-then-read":               ignored, // what was read has been looked at
	"install-ddos-callback":        ignored, // it lets everyone in
	"no-op-extra-handshake":        alone(func(s *settings) { s.noOpExtraHandshake = true }),

	// There is no resumption: a flag for further connections never applies.
	"resume-count":             number(func(_ *settings, v int) error { return never(v > 0, "resumption") }),
	"resumption-delay":         ignoredValue,
	"reverify-on-resume":       ignored,
	"no-ticket":                ignored,
	"use-ticket-callback":      ignored,
	"use-ticket-aead-callback": ignored,
	"skip-ticket":              ignored,
	"expect-no-session":        ignored,
	"expect-no-session-id":     ignored,
	"expect-session-miss":      ignored,
	"expect-early-data-reason": ignoredValue, // there is no early data, whatever the reason

	"cert-file":           onlyServer(text(func(s *settings, v string) { s.current().certFile = v }), "client certificates"),
	"key-file":            onlyServer(text(func(s *settings, v string) { s.current().keyFile = v }), "client certificates"),
	"signing-prefs":       code(func(s *settings, v tls.SignatureScheme) { c := s.current(); c.signingPrefs = append(c.signingPrefs, v) }),
	"new-x509-credential": onlyServer(alone(func(s *settings) { s.credentials = append(s.credentials, new(credential)) }), "client certificates"),

	"trust-cert":                 text(func(s *settings, v string) { s.trustCert = v }),
	"host-name":                  text(func(s *settings, v string) { s.hostName = v }),
	"verify-peer":                {false, func(s *settings, _ string) error { return never(s.server, "client certificates") }},
	"verify-fail":                alone(func(s *settings) { s.verifyFail = true }),
	"use-custom-verify-callback": alone(func(s *settings) { s.customVerifyCallback = true }),
	"expect-verify-result":       ignored,
	"accepted-peer-cert-types":   number(func(_ *settings, v int) error { return never(v != 0, "raw public keys") }),
	"verify-prefs":               code(func(s *settings, v tls.SignatureScheme) { s.verifyPrefs = append(s.verifyPrefs, v) }),

	"curves":                       code(func(s *settings, v pqkx.NamedGroup) { s.curves = append(s.curves, v) }),
	"key-shares":                   code(func(s *settings, v pqkx.NamedGroup) { s.keyShares = append(s.keyShares, v) }),
	"no-key-shares":                alone(func(s *settings) { s.noKeyShares = true }),
	"server-supported-groups-hint": code(func(s *settings, v pqkx.NamedGroup) { s.serverGroups = append(s.serverGroups, v) }),
	"server-preference":            ignored, // as ever: see pqkx.Provider.Select

	"advertise-alpn": {true, setProtocols},
	"select-alpn":    text(func(s *settings, v string) { s.selectALPN = v }),
	"decline-alpn":   alone(func(s *settings) { s.declineALPN = true }),
	"reject-alpn":    alone(func(s *settings) { s.rejectALPN = true }),
	"max-send-fragment": number(func(s *settings, v int) error {
		s.maxSendFragment = v
		return never(v < 64 || v > 1<<14, "such fragments")
	}),

	"enable-grease":      alone(func(s *settings) { s.grease = true }),
	"permute-extensions": alone(func(s *settings) { s.grease = true }),
	"send-alert":         alone(func(s *settings) { s.sendAlert = true }),

	"shim-writes-first":      alone(func(s *settings) { s.shimWritesFirst = true }),
	"shim-shuts-down":        alone(func(s *settings) { s.shimShutsDown = true }),
	"check-close-notify":     alone(func(s *settings) { s.checkCloseNotify = true }),
	"read-size":              number(func(s *settings, v int) error { s.readSize = v; return never(v < 1, "empty reads") }),
	"key-update":             alone(func(s *settings) { s.keyUpdate = true }),
	"key-update-before-read": alone(func(s *settings) { s.keyUpdateFirst = true }),
	"export-keying-material": number(func(s *settings, v int) error { s.exportLength = v; return nil }),
	"export-label":           text(func(s *settings, v string) { s.exportLabel = v }),
	"export-context":         text(func(s *settings, v string) { s.exportContext = v }),
	"use-export-context":     ignored, // no context is the same as an empty one
	"export-traffic-secrets": alone(func(s *settings) { s.exportSecrets = true }),

	"expect-curve-id":                 code(func(s *settings, v pqkx.NamedGroup) { s.expect.group = v }),
	"expect-cipher":                   code(func(s *settings, v uint16) { s.expect.suite = v }),
	"expect-hrr":                      alone(func(s *settings) { s.expect.retry = true }),
	"expect-no-hrr":                   alone(func(s *settings) { s.expect.noRetry = true }),
	"expect-server-name":              text(func(s *settings, v string) { s.expect.serverName = v }),
	"expect-no-server-name":           alone(func(s *settings) { s.expect.noServerName = true }),
	"expect-alpn":                     text(func(s *settings, v string) { s.expect.protocol = &v }),
	"expect-advertised-alpn":          text(func(s *settings, v string) { s.expect.advertised = v }),
	"expect-peer-signature-algorithm": code(func(s *settings, v tls.SignatureScheme) { s.expect.scheme = v }),
	"expect-peer-verify-pref":         code(func(s *settings, v tls.SignatureScheme) { s.expect.peerSchemes = append(s.expect.peerSchemes, v) }),
	"expect-selected-credential":      number(func(s *settings, v int) error { s.expect.credential = &v; return nil }),
}

func never(asked bool, what string) error {
	if asked {
		return unimplemented("%s", what)
	}
	return nil
}

func needsTLS13(ok bool) error { return never(!ok, "TLS 1.2 and older") }

func setProtocols(s *settings, wire string) error {
	for len(wire) > 0 {
		n := int(wire[0])
		if n == 0 || n >= len(wire) {
			return fmt.Errorf("malformed list of protocols %q", wire)
		}
		s.protocols = append(s.protocols, wire[1:1+n])
		wire = wire[1+n:]
	}
	return nil
}

// parse reads the runner's arguments: every flag is one word with one dash,
// and its value, if it has one, the next word, whatever that looks like. A flag
// for the first connection alone has a prefix, and so has one for the further
// ones, which there are not. The flags are applied in two rounds, because what
// a flag means may depend on -server.
func parse(args []string) (*settings, error) {
	type setting struct {
		name, value string
		flag        flag
	}
	var list []setting
	s := new(settings)
	for len(args) > 0 {
		name, ok := strings.CutPrefix(args[0], "-")
		if !ok {
			return nil, fmt.Errorf("argument %q is no flag", args[0])
		}
		name, _ = strings.CutPrefix(name, "on-initial-")
		name, further := strings.CutPrefix(name, "on-resume-")
		f, ok := flags[name]
		if !ok {
			return nil, unimplemented("flag -%s", name)
		}
		set := setting{name: name, flag: f}
		args = args[1:]
		if f.value {
			if len(args) == 0 {
				return nil, fmt.Errorf("flag -%s needs a value", name)
			}
			set.value, args = args[0], args[1:]
		}
		if !further {
			list = append(list, set)
			s.server = s.server || name == "server"
		}
	}
	for _, set := range list {
		if err := set.flag.set(s, set.value); err != nil {
			return nil, fmt.Errorf("flag -%s: %w", set.name, err)
		}
	}
	return s, nil
}
