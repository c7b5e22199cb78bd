package tls13

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"github.com/pqkx/pqkx"
)

// messageParsers are the parsers of what a peer sends, by message. A
// ServerHello and a HelloRetryRequest have one parser.
var messageParsers = map[byte]func(body []byte) (any, error){
	typeClientHello:         func(b []byte) (any, error) { return parseClientHello(b) },
	typeServerHello:         func(b []byte) (any, error) { return parseServerHello(b) },
	typeEncryptedExtensions: func(b []byte) (any, error) { return parseEncryptedExtensions(b) },
	typeCertificateRequest:  func(b []byte) (any, error) { return parseCertificateRequest(b) },
	typeCertificate:         func(b []byte) (any, error) { return parseCertificate(b) },
	typeCertificateVerify:   func(b []byte) (any, error) { return parseCertificateVerify(b) },
	typeNewSessionTicket:    func(b []byte) (any, error) { return nil, validTicket(b) },
	typeKeyUpdate:           func(b []byte) (any, error) { return parseKeyUpdate(b) },
}

// FuzzMessages gives a body to the parser of a message. It is refused with one
// of two alerts, or says the same again after it was written anew.
func FuzzMessages(f *testing.F) {
	for kind, body := range messageSeeds() {
		f.Add(kind, body)
		f.Add(kind, append(body, 0))
		f.Add(kind, body[:len(body)-1])
	}
	f.Fuzz(func(t *testing.T, kind byte, body []byte) {
		parse := messageParsers[kind]
		if parse == nil {
			return
		}
		before := bytes.Clone(body)
		m, err := parse(body)
		if !bytes.Equal(before, body) {
			t.Error("the parser wrote to the message")
		}
		if err != nil {
			var alert *AlertError
			if !errors.As(err, &alert) || alert.Alert != AlertDecodeError && alert.Alert != AlertIllegalParameter {
				t.Errorf("message %d refused with %v", kind, err)
			}
			return
		}
		checkRewritten(t, m, body)
	})
}

// checkRewritten marshals what a parser returned and parses that.
func checkRewritten(t *testing.T, m any, body []byte) {
	t.Helper()
	switch m := m.(type) {
	case *certificateVerify:
		if again := m.marshal()[4:]; !bytes.Equal(again, body) {
			t.Errorf("CertificateVerify %x is written as %x", body, again)
		}
	case *certificateMessage:
		again, err := parseCertificate(m.marshal()[4:])
		if err != nil || !bytes.Equal(again.context, m.context) || !reflect.DeepEqual(again.chain, m.chain) {
			t.Errorf("Certificate %x: again %+v, %v", body, again, err)
		}
	case *clientHello:
		if m.groups == nil || m.shares == nil || m.schemes == nil || m.versions == nil {
			return // ours always has them
		}
		again, err := parseClientHello(m.marshal()[4:])
		if err != nil {
			t.Fatalf("ClientHello %x: again: %v", body, err)
		}
		want := *m // without what ours never has
		want.pskModes, want.hasPSK, want.hasEarlyData = nil, false, false
		want.extensions, again.extensions = nil, nil
		if !reflect.DeepEqual(again, &want) {
			t.Errorf("ClientHello %x: again %+v", body, again)
		}
	case *serverHello:
		if m.version == 0 || !m.hasShare {
			return
		}
		again, err := parseServerHello(m.marshal()[4:])
		if err != nil || again.random != m.random || again.selectedGroup != m.selectedGroup || again.share.group != m.share.group ||
			!bytes.Equal(again.share.data, m.share.data) || again.cipherSuite != m.cipherSuite {
			t.Errorf("ServerHello %x: again %+v, %v", body, again, err)
		}
	case *encryptedExtensions:
		again, err := parseEncryptedExtensions(m.marshal()[4:])
		if err != nil || again.protocol != m.protocol || !reflect.DeepEqual(again.groups, m.groups) || again.recordSizeLimit != m.recordSizeLimit {
			t.Errorf("EncryptedExtensions %x: again %+v, %v", body, again, err)
		}
	}
}

// messageSeeds are the bodies of good messages.
func messageSeeds() map[byte][]byte {
	hello := &clientHello{
		legacyVersion: versionTLS12, sessionID: make([]byte, 32), cipherSuites: []uint16{TLS_AES_128_GCM_SHA256},
		compression: []byte{0}, versions: []uint16{versionTLS13}, serverName: "toy", groups: toyGroups, shares: toyShares,
		schemes: signatureSchemes, protocols: []string{"h2"}, cookie: []byte("cookie"), recordSizeLimit: 64,
	}
	return map[byte][]byte{
		typeClientHello: hello.marshal()[4:],
		typeServerHello: (&serverHello{legacyVersion: versionTLS12, sessionID: make([]byte, 32),
			cipherSuite: TLS_AES_128_GCM_SHA256, version: versionTLS13, share: toyShares[0]}).marshal()[4:],
		typeEncryptedExtensions: (&encryptedExtensions{protocol: "h2", groups: toyGroups, recordSizeLimit: 64, ackServerName: true}).marshal()[4:],
		typeCertificateRequest:  {0, 0, 8, 0, 13, 0, 4, 0, 2, 8, 7},
		typeCertificate:         (&certificateMessage{context: []byte("context"), chain: [][]byte{{1}, {2, 3}}}).marshal()[4:],
		typeCertificateVerify:   (&certificateVerify{signatureSchemes[0], []byte("signature")}).marshal()[4:],
		typeNewSessionTicket:    {0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0},
		typeKeyUpdate:           {1},
	}
}

var (
	toyGroups = []pqkx.NamedGroup{toyGroup{}.ID(), 29}
	toyShares = []keyShareEntry{{toyGroup{}.ID(), toyShare{}.Bytes()}}
)

// TestMessageSeeds checks that the parsers take the good messages and refuse
// those that are a byte too long or too short.
func TestMessageSeeds(t *testing.T) {
	seeds := messageSeeds()
	for kind, parse := range messageParsers {
		body, ok := seeds[kind]
		if !ok {
			t.Errorf("no seed for %s", messageName(kind))
			continue
		}
		if _, err := parse(body); err != nil {
			t.Errorf("%s: %v", messageName(kind), err)
		}
		for _, bad := range [][]byte{append(bytes.Clone(body), 0), body[:len(body)-1]} {
			if _, err := parse(bad); err == nil {
				t.Errorf("%s of %d bytes, not %d: no error", messageName(kind), len(bad), len(body))
			}
		}
	}
}
