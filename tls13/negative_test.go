package tls13_test

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"testing"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/preset"
	"github.com/pqkx/pqkx/tls13"
)

// A part is where a component stands in a client and a server share.
type part struct {
	kind           string
	client, server [2]int // first byte and the one after the last
}

// layouts has the wire order of RFC 10024, section 4, and of the two drafts.
var layouts = map[pqkx.NamedGroup][]string{
	pqkx.Secp256r1:                {"P-256"},
	pqkx.Secp384r1:                {"P-384"},
	pqkx.Secp521r1:                {"P-521"},
	pqkx.X25519:                   {"x25519"},
	pqkx.MLKEM512:                 {"ML-KEM-512"},
	pqkx.MLKEM768:                 {"ML-KEM-768"},
	pqkx.MLKEM1024:                {"ML-KEM-1024"},
	pqkx.SecP256r1MLKEM768:        {"P-256", "ML-KEM-768"},
	pqkx.X25519MLKEM768:           {"ML-KEM-768", "x25519"},
	pqkx.SecP384r1MLKEM1024:       {"P-384", "ML-KEM-1024"},
	pqkx.X25519Kyber768Draft00:    {"x25519", "ML-KEM-768"},
	pqkx.SecP256r1Kyber768Draft00: {"P-256", "ML-KEM-768"},
}

var partSizes = map[string][2]int{
	"P-256": {65, 65}, "P-384": {97, 97}, "P-521": {133, 133}, "x25519": {32, 32},
	"ML-KEM-512": {800, 768}, "ML-KEM-768": {1184, 1088}, "ML-KEM-1024": {1568, 1568},
}

func partsOf(id pqkx.NamedGroup) (parts []part) {
	var client, server int
	for _, kind := range layouts[id] {
		size := partSizes[kind]
		parts = append(parts, part{kind, [2]int{client, client + size[0]}, [2]int{server, server + size[1]}})
		client, server = client+size[0], server+size[1]
	}
	return parts
}

// A fault bends a share. A share of the right form but for another key is not
// the share's fault: it leads to bad_record_mac.
type fault struct {
	name  string
	bend  func(share []byte) []byte
	want  outcome
	cause pqkx.Cause // for refused
}

type outcome int

const (
	refused  outcome = iota // ErrKeyShare, illegal_parameter
	deadKeys                // bad_record_mac at the first protected record
	either                  // one of the two, by chance
	malform                 // decode_error: the framing is bent, not the share
	accepted
)

// faultsOf lists section 6 of the group table for one group's shares.
func faultsOf(id pqkx.NamedGroup, client bool) []fault {
	faults := []fault{
		{"short", func(s []byte) []byte { return s[:len(s)-1] }, refused, pqkx.CauseLength},
		{"long", func(s []byte) []byte { return append(s, 0) }, refused, pqkx.CauseLength},
		{"one byte", func(s []byte) []byte { return s[:1] }, refused, pqkx.CauseLength},
		{"empty", func(s []byte) []byte { return nil }, malform, 0},
	}
	parts := partsOf(id)
	if len(parts) == 2 {
		cut := parts[0].client[1]
		if !client {
			cut = parts[0].server[1]
		}
		faults = append(faults, fault{"halves swapped", func(s []byte) []byte { return slices.Concat(s[cut:], s[:cut]) }, either, 0})
	}
	for _, p := range parts {
		at := p.client
		if !client {
			at = p.server
		}
		for _, f := range partFaults(p.kind, client) {
			bend := f.bend
			f.bend = func(s []byte) []byte {
				copy(s[at[0]:at[1]], bend(slices.Clone(s[at[0]:at[1]])))
				return s
			}
			f.name = p.kind + ": " + f.name
			faults = append(faults, f)
		}
	}
	return faults
}

func partFaults(kind string, client bool) []fault {
	switch {
	case kind == "x25519":
		return x25519Faults()
	case kind[:2] == "P-":
		return pointFaults(kind)
	case client:
		return keyFaults()
	}
	return []fault{
		{"first bit flipped", func(s []byte) []byte { s[0] ^= 1; return s }, deadKeys, 0},
		{"last bit flipped", func(s []byte) []byte { s[len(s)-1] ^= 0x80; return s }, deadKeys, 0},
	}
}

// lowOrder are the points of order 1, 2, 4 and 8 of Curve25519 and its twist,
// little-endian, with their encodings that are not canonical.
var lowOrder = map[string]string{
	"0":      "0000000000000000000000000000000000000000000000000000000000000000",
	"1":      "0100000000000000000000000000000000000000000000000000000000000000",
	"8a":     "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
	"8b":     "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
	"p-1":    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"p":      "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"p+1":    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"0 high": "0000000000000000000000000000000000000000000000000000000000000080",
	"1 high": "0100000000000000000000000000000000000000000000000000000000000080",
	"p high": "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
}

func x25519Faults() []fault {
	faults := []fault{{"high bit", func(s []byte) []byte { s[31] |= 0x80; return s }, accepted, 0}}
	for name, u := range lowOrder {
		point := must(hex.DecodeString(u))
		faults = append(faults, fault{"low order " + name, func([]byte) []byte { return point }, refused, pqkx.CauseLowOrder})
	}
	return faults
}

func pointFaults(curve string) []fault {
	prefix := func(b byte) func([]byte) []byte {
		return func(s []byte) []byte { s[0] = b; return s }
	}
	return []fault{
		{"compressed, even", prefix(2), refused, pqkx.CauseEncoding},
		{"compressed, odd", prefix(3), refused, pqkx.CauseEncoding},
		{"infinity", func(s []byte) []byte { clear(s); return s }, refused, pqkx.CauseEncoding},
		{"hybrid form", prefix(6), refused, pqkx.CauseEncoding},
		{"off the curve", func(s []byte) []byte { s[len(s)-1] ^= 1; return s }, refused, pqkx.CauseEncoding},
		{"origin", func(s []byte) []byte { clear(s[1:]); return s }, refused, pqkx.CauseEncoding},
		{"x is p", func(s []byte) []byte { fieldPrime(curve).FillBytes(s[1 : 1+len(s)/2]); return s }, refused, pqkx.CauseEncoding},
	}
}

// fieldPrime is p of FIPS 186-5, appendix G (SP 800-186, section 3.2.1).
func fieldPrime(curve string) *big.Int {
	power := func(n uint) *big.Int { return new(big.Int).Lsh(big.NewInt(1), n) }
	p := new(big.Int)
	switch curve {
	case "P-256": // 2^256 - 2^224 + 2^192 + 2^96 - 1
		p.Sub(power(256), power(224)).Add(p, power(192)).Add(p, power(96)).Sub(p, power(0))
	case "P-384": // 2^384 - 2^128 - 2^96 + 2^32 - 1
		p.Sub(power(384), power(128)).Sub(p, power(96)).Add(p, power(32)).Sub(p, power(0))
	default: // 2^521 - 1
		p.Sub(power(521), power(0))
	}
	return p
}

// keyFaults bends an encapsulation key.
func keyFaults() []fault {
	coefficient := func(last bool, value uint16) func([]byte) []byte {
		return func(s []byte) []byte {
			t := s[:3]
			if last {
				t = s[len(s)-32-3 : len(s)-32]
				t[1], t[2] = t[1]&0x0f|byte(value<<4), byte(value>>4)
			} else {
				t[0], t[1] = byte(value), t[1]&0xf0|byte(value>>8)
			}
			return s
		}
	}
	return []fault{
		{"first coefficient 3329", coefficient(false, 3329), refused, pqkx.CauseModulus},
		{"first coefficient 4095", coefficient(false, 4095), refused, pqkx.CauseModulus},
		{"last coefficient 3329", coefficient(true, 3329), refused, pqkx.CauseModulus},
		{"last coefficient 4095", coefficient(true, 4095), refused, pqkx.CauseModulus},
		{"rho altered", func(s []byte) []byte { s[len(s)-1] ^= 1; return s }, deadKeys, 0},
	}
}

// TestBadShares sends every fault of section 6 for every group to a client and
// to a server, at once and after a HelloRetryRequest: the right error, the exact
// alert on the wire, and after it the same Config still serves a good peer.
func TestBadShares(t *testing.T) {
	for _, g := range preset.All().Groups() {
		for _, clientBends := range []bool{true, false} {
			for _, retry := range []bool{false, true} {
				role := map[bool]string{true: "server", false: "client"}[clientBends]
				t.Run(fmt.Sprintf("%v/%s/retry %v", g.ID(), role, retry), func(t *testing.T) {
					testBadShares(t, g, clientBends, retry)
				})
			}
		}
	}
}

func testBadShares(t *testing.T, g pqkx.Group, clientBends, retry bool) {
	victimClient, victimServer := badPeerConfigs(g, retry)
	for _, f := range faultsOf(g.ID(), clientBends) {
		t.Run(f.name, func(t *testing.T) {
			client, server := *victimClient, *victimServer
			if clientBends {
				client.Provider = must(pqkx.New(bentGroup{g, f.bend, nil}))
				if retry {
					client.Provider = must(client.Provider.WithShares())
				}
			} else {
				server.Provider = must(pqkx.New(bentGroup{g, nil, f.bend}))
			}
			c, s := pair(t, &client, &server)
			clientErr, serverErr := handshake(c, s)
			if clientBends {
				checkFault(t, g.ID(), f, serverErr, clientErr)
			} else {
				checkFault(t, g.ID(), f, clientErr, serverErr)
			}
		})
	}
	connect(t, victimClient, victimServer)
}

func checkFault(t *testing.T, id pqkx.NamedGroup, f fault, victim, bender error) {
	t.Helper()
	want := f.want
	if want == either {
		if want = deadKeys; errors.Is(victim, pqkx.ErrKeyShare) {
			want = refused
		}
	}
	switch want {
	case accepted:
		// An x25519 share with the high bit set is the same share, so that
		// both sides agree.
		if victim != nil || bender != nil {
			t.Errorf("victim: %v, bender: %v, want success", victim, bender)
		}
	case malform:
		wantAlert(t, victim, bender, tls13.AlertDecodeError)
	case refused:
		wantAlert(t, victim, bender, tls13.AlertIllegalParameter)
		var bad *pqkx.KeyShareError
		if !errors.As(victim, &bad) || !errors.Is(victim, pqkx.ErrKeyShare) {
			t.Fatalf("victim: %v, want a KeyShareError", victim)
		}
		if bad.Group != id || f.cause != 0 && bad.Cause != f.cause {
			t.Errorf("victim blames %v for %v, want %v for %v", bad.Group, bad.Cause, id, f.cause)
		}
	case deadKeys:
		// Whoever reads a protected record first finds out. The alert that
		// follows is under a key that the other side does not have either.
		for side, err := range map[string]error{"victim": victim, "bender": bender} {
			var alert *tls13.AlertError
			if !errors.As(err, &alert) || alert.Alert != tls13.AlertBadRecordMAC || errors.Is(err, pqkx.ErrKeyShare) {
				t.Errorf("%s: %v, want alert bad_record_mac of its own", side, err)
			}
		}
	}
}

// TestIllegalHellos bends what surrounds the shares, for every group.
func TestIllegalHellos(t *testing.T) {
	for _, g := range preset.All().Groups() {
		ec, other := pqkx.Secp256r1, pqkx.Secp384r1
		switch g.ID() {
		case ec:
			ec = pqkx.Secp521r1
		case other:
			other = pqkx.Secp521r1
		}
		t.Run(g.ID().String(), func(t *testing.T) { testIllegalHellos(t, g.ID(), ec, other) })
	}
}

// testIllegalHellos is for the group id and two classical ones beside it.
func testIllegalHellos(t *testing.T, id, ec, other pqkx.NamedGroup) {
	client := func(n int, change func(*hello)) func(c, s *tls13.Conn) {
		return func(c, _ *tls13.Conn) { c.SetOutgoing(bendHello(clientHello, n, change)) }
	}
	server := func(n int, change func(*hello)) func(c, s *tls13.Conn) {
		return func(_, s *tls13.Conn) { s.SetOutgoing(bendHello(serverHello, n, change)) }
	}
	groupBytes := func(id pqkx.NamedGroup) []byte { return binary.BigEndian.AppendUint16(nil, uint16(id)) }
	for _, test := range []struct {
		name   string
		retry  bool // the client sends no share at first
		bend   func(client, server *tls13.Conn)
		victim string
		alert  tls13.Alert
	}{
		{"trailing byte in key_share", false, client(1, func(h *hello) { h.set(extKeyShare, append(h.get(extKeyShare), 0)) }), "server", tls13.AlertDecodeError},
		{"inner length past the end", false, client(1, func(h *hello) { h.get(extKeyShare)[4]++ }), "server", tls13.AlertDecodeError},
		{"key_share of one byte", false, client(1, func(h *hello) { h.set(extKeyShare, []byte{0}) }), "server", tls13.AlertDecodeError},
		{"empty supported_groups", false, client(1, func(h *hello) { h.setGroups() }), "server", tls13.AlertDecodeError},
		{"no key_share", false, client(1, func(h *hello) { h.remove(extKeyShare) }), "server", tls13.AlertMissingExtension},
		{"no supported_groups", false, client(1, func(h *hello) { h.remove(extSupportedGroups) }), "server", tls13.AlertMissingExtension},
		{"neither of them", false, client(1, func(h *hello) { h.remove(extSupportedGroups); h.remove(extKeyShare) }), "server", tls13.AlertMissingExtension},
		{"no signature_algorithms", false, client(1, func(h *hello) { h.remove(extSignatures) }), "server", tls13.AlertMissingExtension},
		{"no supported_versions", false, client(1, func(h *hello) { h.remove(extVersions) }), "server", tls13.AlertProtocolVersion},
		{"no certificate authority in their list", false, client(1, func(h *hello) { h.set(extAuthorities, []byte{0, 0}) }), "server", tls13.AlertDecodeError},
		{"certificate authority without a name", false, client(1, func(h *hello) { h.set(extAuthorities, []byte{0, 2, 0, 0}) }), "server", tls13.AlertDecodeError},
		{"content in post_handshake_auth", false, client(1, func(h *hello) { h.set(extPostHandshakeAuth, []byte{0}) }), "server", tls13.AlertDecodeError},
		{"empty signature_algorithms_cert", false, client(1, func(h *hello) { h.set(extSignaturesCert, []byte{0, 0}) }), "server", tls13.AlertDecodeError},
		{"duplicate entry", false, client(1, func(h *hello) { s := h.shares(); h.setShares(s[0], s[0]) }), "server", tls13.AlertIllegalParameter},
		{"entry outside supported_groups", false, client(1, func(h *hello) { h.setGroups(ec, other) }), "server", tls13.AlertIllegalParameter},
		{"no group in common", false, client(1, func(h *hello) { h.setGroups(0x0100); h.setShares() }), "server", tls13.AlertHandshakeFailure},
		{"second hello without a share", true, client(2, func(h *hello) { h.setShares() }), "server", tls13.AlertIllegalParameter},
		{"second hello with two shares", true, client(2, func(h *hello) { s := h.shares()[0]; h.setShares(s, share{ec, make([]byte, 65)}) }), "server", tls13.AlertIllegalParameter},
		{"second hello for another group", true, client(2, func(h *hello) { h.setShares(share{ec, make([]byte, 65)}) }), "server", tls13.AlertIllegalParameter},
		{"second hello with other groups", true, client(2, func(h *hello) { h.setGroups(id, ec) }), "server", tls13.AlertIllegalParameter},
		{"second hello with a cookie", true, client(2, func(h *hello) { h.set(extCookie, []byte{0, 1, 0}) }), "server", tls13.AlertIllegalParameter},
		{"second hello with its extensions in another order", true, client(2, func(h *hello) { slices.Reverse(h.extensions) }), "server", tls13.AlertIllegalParameter},
		{"second hello with one extension more", true, client(2, func(h *hello) { h.set(0x5555, nil) }), "server", tls13.AlertIllegalParameter},
		{"second hello with one extension less", true, client(2, func(h *hello) { h.remove(0) }), "server", tls13.AlertIllegalParameter},
		{"second hello with other versions", true, client(2, func(h *hello) { h.set(extVersions, []byte{4, 3, 4, 3, 3}) }), "server", tls13.AlertIllegalParameter},
		{"second hello with another random", true, client(2, func(h *hello) { h.fixed[2]++ }), "server", tls13.AlertIllegalParameter},

		{"retry to a group not offered", true, server(1, func(h *hello) { h.set(extKeyShare, groupBytes(0x0100)) }), "client", tls13.AlertIllegalParameter},
		{"retry that changes nothing", true, server(1, func(h *hello) { h.remove(extKeyShare) }), "client", tls13.AlertIllegalParameter},
		{"retry with an extension that was not offered", true, server(1, func(h *hello) { h.set(0x5555, nil) }), "client", tls13.AlertUnsupportedExtension},
		{"retry for a version that was not offered", true, server(1, func(h *hello) { h.set(extVersions, []byte{3, 3}) }), "client", tls13.AlertIllegalParameter},
		{"wrong group after a retry", true, server(2, func(h *hello) { copy(h.get(extKeyShare), groupBytes(ec)) }), "client", tls13.AlertIllegalParameter},
		{"wrong group in ServerHello", false, server(1, func(h *hello) { copy(h.get(extKeyShare), groupBytes(other)) }), "client", tls13.AlertIllegalParameter},
		{"group in ServerHello that was not offered", false, server(1, func(h *hello) { copy(h.get(extKeyShare), groupBytes(0x0100)) }), "client", tls13.AlertIllegalParameter},
		{"ServerHello without key_share", false, server(1, func(h *hello) { h.remove(extKeyShare) }), "client", tls13.AlertMissingExtension},
		{"trailing byte in the server's key_share", false, server(1, func(h *hello) { h.set(extKeyShare, append(h.get(extKeyShare), 0)) }), "client", tls13.AlertDecodeError},
		{"ServerHello without supported_versions", false, server(1, func(h *hello) { h.remove(extVersions) }), "client", tls13.AlertProtocolVersion},
		{"ServerHello with a cookie", false, server(1, func(h *hello) { h.set(extCookie, []byte{0, 1, 0}) }), "client", tls13.AlertUnsupportedExtension},
		{"ServerHello with supported_groups", false, server(1, func(h *hello) { h.set(extSupportedGroups, []byte{0, 2, 0, 23}) }), "client", tls13.AlertIllegalParameter},
	} {
		t.Run(test.name, func(t *testing.T) {
			clientConfig, serverConfig := configs()
			p := provider(t, id, ec, other)
			clientConfig.Provider, serverConfig.Provider = p, p
			if test.retry {
				clientConfig.Provider = must(p.WithShares())
			}
			c, s := pair(t, clientConfig, serverConfig)
			test.bend(c, s)
			clientErr, serverErr := handshake(c, s)
			if test.victim == "server" {
				wantAlert(t, serverErr, clientErr, test.alert)
			} else {
				wantAlert(t, clientErr, serverErr, test.alert)
			}
			connect(t, clientConfig, serverConfig)
		})
	}
}

// asRetry makes a ServerHello a HelloRetryRequest for a group, or for none.
func asRetry(h *hello, id pqkx.NamedGroup) {
	copy(h.fixed[2:], must(hex.DecodeString("CF21AD74E59A6111BE1D8C021E65B891C2A211167ABB8C5E079E09E2C8A8339C")))
	if h.remove(extKeyShare); id != 0 {
		h.set(extKeyShare, binary.BigEndian.AppendUint16(nil, uint16(id)))
	}
}

// TestChangedRetries changes a second hello as a client may.
func TestChangedRetries(t *testing.T) {
	const unknown, extPadding, extEarlyData = 0xfe0d, 21, 42
	for name, change := range map[string]func(h *hello, n int){
		"no early_data":                  func(h *hello, n int) { h.set([]uint16{extEarlyData, extPadding}[n-1], nil) },
		"less padding":                   func(h *hello, n int) { h.set(extPadding, make([]byte, 10-n)) },
		"an unknown extension's content": func(h *hello, n int) { h.set(unknown, []byte{byte(n)}) },
	} {
		t.Run(name, func(t *testing.T) {
			clientConfig, serverConfig := configs()
			clientConfig.Provider = must(clientConfig.Provider.WithShares())
			c, s := pair(t, clientConfig, serverConfig)
			n := 0
			c.SetOutgoing(func(message []byte) []byte {
				if message[0] != clientHello {
					return message
				}
				n++
				h := parseHello(message)
				change(h, n)
				return h.marshal()
			})
			if clientErr, serverErr := handshake(c, s); clientErr != nil || serverErr != nil || n != 2 {
				t.Errorf("client: %v, server: %v, after %d hellos", clientErr, serverErr, n)
			}
		})
	}
}

// TestIllegalRetries makes HelloRetryRequests of ServerHellos, for the faults that
// a server of ours cannot come to.
func TestIllegalRetries(t *testing.T) {
	const pq, ec = pqkx.SecP256r1MLKEM768, pqkx.Secp256r1
	t.Run("to a group whose share was sent", func(t *testing.T) {
		clientConfig, serverConfig := configs()
		clientConfig.Provider = provider(t, pq, ec)
		c, s := pair(t, clientConfig, serverConfig)
		s.SetOutgoing(bendHello(serverHello, 1, func(h *hello) { asRetry(h, pq) }))
		clientErr, _ := handshake(c, s)
		var alert *tls13.AlertError
		if !errors.As(clientErr, &alert) || alert.Alert != tls13.AlertIllegalParameter {
			t.Errorf("client: %v, want alert illegal_parameter", clientErr)
		}
	})
	t.Run("a second one", func(t *testing.T) {
		clientConfig, serverConfig := configs()
		clientConfig.Provider = must(provider(t, pq, ec).WithShares())
		c, s := pair(t, clientConfig, serverConfig)
		s.SetOutgoing(bendHello(serverHello, 2, func(h *hello) { asRetry(h, ec) }))
		clientErr, _ := handshake(c, s)
		var alert *tls13.AlertError
		if !errors.As(clientErr, &alert) || alert.Alert != tls13.AlertUnexpectedMessage {
			t.Errorf("client: %v, want alert unexpected_message", clientErr)
		}
	})
}

// TestOldAgainstNew lets a peer of 2024 meet one of today: equal lengths,
// other order, other code point.
func TestOldAgainstNew(t *testing.T) {
	clientConfig, serverConfig := configs()
	clientConfig.Provider = provider(t, pqkx.X25519MLKEM768)
	serverConfig.Provider = provider(t, pqkx.X25519Kyber768Draft00)
	c, s := pair(t, clientConfig, serverConfig)
	clientErr, serverErr := handshake(c, s)
	wantAlert(t, serverErr, clientErr, tls13.AlertHandshakeFailure)

	clientConfig.Provider = provider(t, pqkx.X25519MLKEM768, pqkx.X25519)
	serverConfig.Provider = provider(t, pqkx.X25519Kyber768Draft00, pqkx.X25519)
	if c, _ := connect(t, clientConfig, serverConfig); c.ConnectionState().Group != pqkx.X25519 {
		t.Errorf("group %v, want x25519", c.ConnectionState().Group)
	}
}
