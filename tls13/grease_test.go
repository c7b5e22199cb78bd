package tls13_test

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/tls13"
)

// greased reports whether v is one of RFC 8701's values for suites, groups,
// versions and extensions.
func greased(v uint16) bool { return pqkx.NamedGroup(v).GREASE() }

// firstSuite is where a ClientHello's cipher suites begin, after its session id.
const firstSuite = 2 + 32 + 1 + 32 + 2

// TestClientGREASE looks for the values at every place in both hellos.
func TestClientGREASE(t *testing.T) {
	orders := make(map[string]bool)
	for range 20 {
		clientConfig, serverConfig := configs()
		clientConfig.GREASE = true
		clientConfig.Provider = must(clientConfig.Provider.WithShares(pqkx.Secp384r1))
		serverConfig.Provider = provider(t, pqkx.Secp256r1)
		client, server := pair(t, clientConfig, serverConfig)
		var hellos []*hello
		client.SetOutgoing(func(message []byte) []byte {
			if message[0] == clientHello {
				hellos = append(hellos, parseHello(message))
			}
			return message
		})
		if clientErr, serverErr := handshake(client, server); clientErr != nil || serverErr != nil || len(hellos) != 2 {
			t.Fatalf("client: %v, server: %v, after %d hellos", clientErr, serverErr, len(hellos))
		}
		ids := checkGreased(t, hellos[0])
		if again := checkGreased(t, hellos[1]); !slices.Equal(again, ids) {
			t.Errorf("extensions %d, then %d", ids, again)
		}
		if s := hellos[0].shares(); len(s) != 2 || !greased(uint16(s[0].group)) || len(s[0].data) != 1 {
			t.Errorf("shares %v, want one of GREASE before the other", s)
		}
		if s := hellos[1].shares(); len(s) != 1 || s[0].group != pqkx.Secp256r1 {
			t.Errorf("shares %v in the second hello, want one", s)
		}
		orders[string(ids2bytes(ids[1:len(ids)-1]))] = true
	}
	if len(orders) < 10 {
		t.Errorf("%d orders of extensions in 20 handshakes", len(orders))
	}
}

func ids2bytes(ids []uint16) (b []byte) {
	for _, id := range ids {
		b = binary.BigEndian.AppendUint16(b, id)
	}
	return b
}

// checkGreased returns the extensions of a hello, in order.
func checkGreased(t *testing.T, h *hello) (ids []uint16) {
	t.Helper()
	for _, e := range h.extensions {
		ids = append(ids, e.id)
	}
	first, last := h.extensions[0], h.extensions[len(ids)-1]
	if !greased(first.id) || len(first.data) != 0 || !greased(last.id) || len(last.data) == 0 || first.id == last.id {
		t.Errorf("first and last extension %v, %v", first, last)
	}
	suite := binary.BigEndian.Uint16(h.fixed[firstSuite:])
	group := binary.BigEndian.Uint16(h.get(extSupportedGroups)[2:])
	version := binary.BigEndian.Uint16(h.get(extVersions)[1:])
	if !greased(suite) || !greased(group) || !greased(version) {
		t.Errorf("first suite %#x, group %#x, version %#x", suite, group, version)
	}
	return ids
}

// TestGREASEIsNoOffer has servers take a client at its word.
func TestGREASEIsNoOffer(t *testing.T) {
	var offered *hello
	value := func(b []byte) []byte { return slices.Clone(b[:2]) }
	for _, test := range []struct {
		name  string
		retry bool
		kind  byte
		bend  func(*hello)
		alert tls13.Alert
	}{
		{"suite", false, serverHello, func(h *hello) {
			copy(h.fixed[len(h.fixed)-3:], value(offered.fixed[firstSuite:]))
		}, tls13.AlertIllegalParameter},
		{"version", false, serverHello, func(h *hello) { h.set(extVersions, value(offered.get(extVersions)[1:])) }, tls13.AlertIllegalParameter},
		{"group", false, serverHello, func(h *hello) { copy(h.get(extKeyShare), offered.get(extSupportedGroups)[2:4]) }, tls13.AlertIllegalParameter},
		{"group of a retry", true, serverHello, func(h *hello) { h.set(extKeyShare, value(offered.get(extSupportedGroups)[2:])) }, tls13.AlertIllegalParameter},
		{"extension", false, serverHello, func(h *hello) { h.set(offered.extensions[0].id, nil) }, tls13.AlertUnsupportedExtension},
		{"extension in EncryptedExtensions", false, encryptedExtensions, nil, tls13.AlertUnsupportedExtension},
	} {
		t.Run(test.name, func(t *testing.T) {
			clientConfig, serverConfig := configs()
			clientConfig.GREASE = true
			if test.retry {
				clientConfig.Provider = must(clientConfig.Provider.WithShares())
			}
			client, server := pair(t, clientConfig, serverConfig)
			client.SetOutgoing(func(message []byte) []byte {
				if message[0] == clientHello {
					offered = parseHello(message)
				}
				return message
			})
			server.SetOutgoing(func(m []byte) []byte {
				switch {
				case m[0] != test.kind:
					return m
				case test.bend == nil:
					return message(m[0], extensions(ext{offered.extensions[0].id, nil}))
				}
				h := parseHello(m)
				test.bend(h)
				return h.marshal()
			})
			clientErr, serverErr := handshake(client, server)
			wantAlert(t, clientErr, serverErr, test.alert)
		})
	}
}
