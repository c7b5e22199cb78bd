package tls13

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/cryptotest"
	"time"

	"github.com/pqkx/pqkx"
)

// toyGroup is a group that a fuzzer gets through: its shares are two bytes, the
// first of them one, and its secret is known to all.
type toyGroup struct{}

func (toyGroup) ID() pqkx.NamedGroup { return 0xFE70 }
func (toyGroup) FIPS() bool          { return true } // so that its tests run in every mode
func (toyGroup) Sizes() pqkx.Sizes {
	return pqkx.Sizes{ClientShare: 2, ServerShare: 2, SharedSecret: sha256.Size}
}
func (toyGroup) KeyShare() (pqkx.KeyShare, error) { return toyShare{}, nil }

func (toyGroup) Encapsulate(clientShare []byte) (sharedSecret, serverShare []byte, err error) {
	if len(clientShare) != 2 || clientShare[0] != 1 {
		return nil, nil, pqkx.ErrKeyShare
	}
	sharedSecret, err = toyShare{}.Decapsulate([]byte{1, 3})
	return sharedSecret, []byte{1, 3}, err
}

type toyShare struct{}

func (toyShare) Group() pqkx.Group { return toyGroup{} }
func (toyShare) Bytes() []byte     { return []byte{1, 2} }
func (toyShare) Destroy()          {}

func (toyShare) Decapsulate(serverShare []byte) ([]byte, error) {
	if len(serverShare) != 2 || serverShare[0] != 1 {
		return nil, pqkx.ErrKeyShare
	}
	secret := sha256.Sum256(serverShare)
	return secret[:], nil
}

// toyConfigs returns configs on the toy group in which nothing is random but
// the hellos.
var toyConfigs = sync.OnceValues(func() (client, server *Config) {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "toy"},
		DNSNames:     []string{"toy"},
		NotBefore:    time.Unix(0, 0),
		NotAfter:     time.Unix(1<<33, 0),
	}
	der, err := x509.CreateCertificate(nil, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	provider, err := pqkx.New(toyGroup{})
	if err != nil {
		panic(err)
	}
	pool := x509.NewCertPool()
	root, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	pool.AddCert(root)
	suites := []uint16{TLS_AES_128_GCM_SHA256} // not what this machine prefers
	client = &Config{Provider: provider, CipherSuites: suites, RootCAs: pool, ServerName: "toy", NextProtos: []string{"h2", "toy"}, HandshakeTimeout: -1}
	server = &Config{Provider: provider, NextProtos: []string{"toy"}, HandshakeTimeout: -1,
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	return client, server
})

// A puppet is a peer of the victim that holds the right keys and does what a
// script says. A script is a byte of flags and a list of steps: what to do, a
// type, two bytes of length, and as many bytes of content.
type puppet struct {
	conn   *Conn
	honest []func() error // steps of a good handshake that are still to come
	bend   []byte         // what to add to the next message, by exclusive or
}

// What a step of a script does.
const (
	stepHonest  = iota // the next steps of a good handshake, as many as the type says
	stepMessage        // a handshake message of the type
	stepRecord         // a record of the type
	stepRaw            // bytes as they are
	stepBent           // the next step of a good handshake, bent before it is hashed
	stepKinds
)

// Flags of a script.
const (
	flagRetry    = 1 << iota // the client sends no share at first
	flagFragment             // the puppet's records are small
)

// step makes a step of a script.
func step(what, kind byte, content ...byte) []byte {
	return append([]byte{what, kind, byte(len(content) >> 8), byte(len(content))}, content...)
}

// run plays a script to its end, or to the first error of the puppet's own.
func (p *puppet) run(script []byte) {
	for len(script) >= 4 {
		what, kind, n := script[0]%stepKinds, script[1], int(script[2])<<8|int(script[3])
		script = script[4:]
		content := script[:min(n, len(script))]
		script = script[len(content):]
		if !p.step(what, kind, content) {
			return
		}
	}
}

func (p *puppet) step(what, kind byte, content []byte) bool {
	out := &p.conn.out
	switch what {
	case stepHonest:
		for range kind {
			if !p.honestStep(nil) {
				return false
			}
		}
		return true
	case stepBent:
		return p.honestStep(content)
	case stepMessage:
		n := len(content)
		out.seal()
		out.append(recordHandshake, append([]byte{kind, byte(n >> 16), byte(n >> 8), byte(n)}, content...))
	case stepRecord:
		out.seal()
		out.appendOne(kind, content[:min(len(content), maxCiphertext)])
	case stepRaw:
		out.seal()
		out.buffer = append(out.buffer, content...)
	}
	return out.flush() == nil
}

// honestStep does the next step of a good handshake, and after the last one
// sends data.
func (p *puppet) honestStep(bend []byte) bool {
	p.bend = bend
	if len(p.honest) == 0 {
		p.conn.out.append(recordApplicationData, append([]byte("data"), bend...))
		return p.conn.out.flush() == nil
	}
	next := p.honest[0]
	p.honest = p.honest[1:]
	return next() == nil && p.conn.out.flush() == nil
}

// newPuppet returns a puppet on end, for a script with its flags.
func newPuppet(end *LinkEnd, isClient bool, flags byte) *puppet {
	client, server := toyConfigs()
	config := *server
	if isClient {
		config = *client
		if flags&flagRetry != 0 {
			config.Provider, _ = config.Provider.WithShares()
		}
	}
	p := &puppet{conn: newConn(end, &config, isClient)}
	if flags&flagFragment != 0 {
		p.conn.out.maxFragment = 64
	}
	p.conn.outgoing = func(message []byte) []byte {
		for i := range min(len(p.bend), len(message)) {
			message[i] ^= p.bend[i]
		}
		p.bend = nil
		return message
	}
	if isClient {
		h := newClientHandshake(p.conn)
		p.honest = []func() error{h.sendClientHello, func() error {
			return runSteps(h.readServerHello, h.finishKeyExchange, h.readEncryptedExtensions, h.readCertificateRequest,
				h.readCertificate, h.readCertificateVerify, h.readServerFinished)
		}, h.sendFinished}
		return p
	}
	h := newServerHandshake(p.conn)
	p.honest = []func() error{func() error { return runSteps(h.readClientHello, h.negotiate, h.retry) }, h.sendServerHello,
		h.sendEncryptedExtensions, h.sendCertificate, h.sendCertificateVerify, h.sendFinished, h.readClientFinished}
	return p
}

// newVictim returns the victim at the other end.
func newVictim(end *LinkEnd, isClient bool, flags byte) *Conn {
	client, server := toyConfigs()
	if !isClient {
		return Server(end, server)
	}
	if flags&flagRetry != 0 {
		retried := *client
		retried.Provider, _ = client.Provider.WithShares()
		client = &retried
	}
	return Client(end, client)
}

// play lets a victim meet a puppet, checks what the victim comes to, and returns
// the error of its handshake.
func play(t *testing.T, victimIsClient bool, script []byte) error {
	if len(script) == 0 {
		return nil
	}
	flags, script := script[0], script[1:]
	victimEnd, puppetEnd := NewLink()
	victim := newVictim(victimEnd, victimIsClient, flags)
	p := newPuppet(puppetEnd, !victimIsClient, flags)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer puppetEnd.Close()
		p.run(script)
	}()
	err := victim.Handshake()
	if err == nil {
		checkSuccess(t, victim, p)
		if n, err := io.Copy(io.Discard, victim); n > int64(len(script)*(1+len("data"))*256) {
			t.Errorf("%d bytes of data from a script of %d, %v", n, len(script), err)
		}
		victim.Write([]byte("data"))
		victim.Close()
	} else {
		checkFailure(t, victim, err)
	}
	victimEnd.Close()
	<-done
	return err
}

// checkSuccess is for a handshake that succeeded: then the puppet did all that a
// good peer does, and both hold the same keys.
func checkSuccess(t *testing.T, victim *Conn, p *puppet) {
	t.Helper()
	// The steps that are left are those after a client's last flight.
	if done := p.conn.exporter.prk; done == nil || !bytes.Equal(done, victim.exporter.prk) {
		t.Error("wrong success: the peer does not hold the victim's keys")
	}
}

// checkFailure is for a handshake that failed: by the peer's fault, and for good.
func checkFailure(t *testing.T, victim *Conn, err error) {
	t.Helper()
	var ours *AlertError
	var theirs *PeerAlertError
	switch {
	case errors.As(err, &ours) && ours.Alert != AlertInternalError, errors.As(err, &theirs):
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, ErrStalled):
	default:
		t.Errorf("the victim does not blame the peer: %v", err)
	}
	if _, again := victim.Read(make([]byte, 1)); again == nil || again.Error() != err.Error() {
		t.Errorf("Read after %v: %v", err, again)
	}
	if _, again := victim.Write([]byte{1}); again == nil {
		t.Errorf("Write after %v succeeds", err)
	}
}

// puppetSeeds are scripts that lead a fuzzer to every state.
func puppetSeeds(victimIsClient bool) [][]byte {
	all := byte(3) // honest steps of a client to the end of its flight
	if victimIsClient {
		all = 6
	}
	var seeds [][]byte
	add := func(steps ...[]byte) {
		for _, flags := range []byte{0, flagRetry, flagFragment} {
			seeds = append(seeds, append([]byte{flags}, bytes.Join(steps, nil)...))
		}
	}
	add(step(stepHonest, all+3))
	for n := range all + 2 {
		add(step(stepHonest, n))
		add(step(stepHonest, n), step(stepMessage, typeCertificateRequest, 0, 0, 8, 0, 13, 0, 4, 0, 2, 8, 7), step(stepHonest, all))
		add(step(stepHonest, n), step(stepMessage, typeKeyUpdate, 1), step(stepHonest, all))
		add(step(stepHonest, n), step(stepRecord, recordChangeCipherSpec, 1), step(stepHonest, all))
		add(step(stepHonest, n), step(stepRecord, recordAlert, 1, 90), step(stepHonest, all))
		add(step(stepHonest, n), step(stepRaw, 0, 22, 3, 3, 0, 1, 1), step(stepHonest, all))
		add(step(stepHonest, n), step(stepBent, 0, 0, 0, 0, 0, 0, 0, 0, 1), step(stepHonest, all))
	}
	add(step(stepHonest, all+1), step(stepMessage, typeNewSessionTicket, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0), step(stepHonest, 1))
	add(step(stepHonest, all+1), step(stepRecord, recordApplicationData), step(stepRecord, recordAlert, 1, 0))
	return seeds
}

// FuzzClient and FuzzServer let a puppet of the fuzzer's play any trick that
// somebody with the right keys can.
func FuzzClient(f *testing.F) { fuzzVictim(f, true) }
func FuzzServer(f *testing.F) { fuzzVictim(f, false) }

func fuzzVictim(f *testing.F, victimIsClient bool) {
	for _, seed := range puppetSeeds(victimIsClient) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, script []byte) { play(t, victimIsClient, script) })
}

// TestPuppets checks that the fuzzer's harness gets through: the honest scripts
// succeed, with a HelloRetryRequest too.
func TestPuppets(t *testing.T) {
	for _, victimIsClient := range []bool{true, false} {
		for i, seed := range puppetSeeds(victimIsClient)[:3] {
			if err := play(t, victimIsClient, seed); err != nil {
				t.Errorf("client %v, seed %d: %v", victimIsClient, i, err)
			}
		}
	}
}

// recordRaw returns what a good peer writes to a victim whose randomness comes
// from the seed, and the victim's exporter secret.
func recordRaw(t *testing.T, victimIsClient bool, seed uint64) (flight, exporter []byte) {
	t.Helper()
	victimEnd, puppetEnd := NewLink()
	var wire bytes.Buffer
	p := newPuppet(puppetEnd, !victimIsClient, 0)
	p.conn.out.conn = io.MultiWriter(&wire, puppetEnd)
	if !victimIsClient {
		cryptotest.SetGlobalRandom(t, seed+1)
		p.honestStep(nil) // draws the client's random before the victim draws its own
	}
	cryptotest.SetGlobalRandom(t, seed)
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.run(step(stepHonest, 8))
		puppetEnd.Close()
	}()
	victim := newVictim(victimEnd, victimIsClient, 0)
	if err := victim.Handshake(); err != nil {
		t.Fatalf("client %v: %v", victimIsClient, err)
	}
	io.Copy(io.Discard, victim)
	victim.Close()
	<-done
	return wire.Bytes(), victim.exporter.prk
}

const rawSeed = 1

// FuzzClientRaw and FuzzServerRaw start from the bytes of a whole connection,
// which the victim takes to its end, since its randomness is always the same.
func FuzzClientRaw(f *testing.F) { fuzzRaw(f, true) }
func FuzzServerRaw(f *testing.F) { fuzzRaw(f, false) }

func fuzzRaw(f *testing.F, victimIsClient bool) {
	var exporter []byte
	f.Fuzz(func(t *testing.T, flight []byte) {
		if exporter == nil {
			_, exporter = recordRaw(t, victimIsClient, rawSeed)
		}
		playRaw(t, victimIsClient, flight, exporter)
	})
}

func playRaw(t *testing.T, victimIsClient bool, flight, exporter []byte) error {
	cryptotest.SetGlobalRandom(t, rawSeed)
	victimEnd, peer := NewLink()
	peer.Write(flight)
	peer.Close()
	victim := newVictim(victimEnd, victimIsClient, 0)
	err := victim.Handshake()
	if err != nil {
		checkFailure(t, victim, err)
		return err
	}
	if !bytes.Equal(victim.exporter.prk, exporter) {
		t.Error("wrong success: other keys than those of the good handshake")
	}
	io.Copy(io.Discard, victim)
	victim.Close()
	return nil
}

var update = flag.Bool("tls13.update", false, "write the seeds of FuzzClientRaw and FuzzServerRaw anew")

// TestRawSeeds checks that the seeds in testdata are the bytes of a good
// connection, and get through.
func TestRawSeeds(t *testing.T) {
	for name, victimIsClient := range map[string]bool{"FuzzClientRaw": true, "FuzzServerRaw": false} {
		flight, exporter := recordRaw(t, victimIsClient, rawSeed)
		if err := playRaw(t, victimIsClient, flight, exporter); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		file := filepath.Join("testdata", "fuzz", name, "connection")
		seed := fmt.Sprintf("go test fuzz v1\n[]byte(%q)\n", flight)
		if *update {
			if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(seed), 0o644)); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(file); err != nil || string(got) != seed {
			t.Errorf("%s is not the good connection (%v); write it with -tls13.update", file, err)
		}
	}
}
