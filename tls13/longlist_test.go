package tls13

import (
	"crypto/tls"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/pqkx/pqkx"
)

// longHello has n shares and twice as many groups.
func longHello(n int) *clientHello {
	h := &clientHello{
		legacyVersion: versionTLS12,
		compression:   []byte{0},
		versions:      []uint16{versionTLS13},
		schemes:       []tls.SignatureScheme{tls.Ed25519},
	}
	for i := range 2 * n {
		h.groups = append(h.groups, pqkx.NamedGroup(i))
	}
	for i := range n {
		h.shares = append(h.shares, keyShareEntry{pqkx.NamedGroup(2*n - 1 - i), []byte{1}})
	}
	return h
}

// TestLongListsAreLinear compares the check of a ClientHello with a search of
// every share's group among all groups, which takes some 50 times as long, and
// in a ClientHello of the greatest size 200 times.
func TestLongListsAreLinear(t *testing.T) {
	if testing.Short() {
		t.Skip("it measures time")
	}
	h := longHello(2000)
	check, search := time.Duration(math.MaxInt64), time.Duration(math.MaxInt64)
	for range 3 {
		check = min(check, elapsed(func() {
			if err := h.check(); err != nil {
				t.Fatal(err)
			}
		}))
		search = min(search, elapsed(func() {
			for _, e := range h.shares {
				if !slices.Contains(h.groups, e.group) {
					t.Fatal("a share for no group")
				}
			}
		}))
	}
	t.Logf("check %v, search %v", check, search)
	if check > search/4 {
		t.Errorf("the check takes %v, a search for each share %v", check, search)
	}
}

func elapsed(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}

// TestBriefErrors lets a client fail with lists as long as they can be.
func TestBriefErrors(t *testing.T) {
	config := &Config{}
	_, _, err := config.chooseCertificate("", slices.Repeat([]tls.SignatureScheme{tls.PKCS1WithSHA1}, 32000))
	if err == nil || len(err.Error()) > 500 {
		t.Errorf("error of %d bytes for a list of schemes", len(err.Error()))
	}
	h := &serverHandshake{config: &Config{NextProtos: []string{"h2"}}, hello: &clientHello{
		protocols: slices.Repeat([]string{"http/0.9"}, 7000),
	}}
	if err := h.negotiateProtocol(); err == nil || len(err.Error()) > 500 {
		t.Errorf("error of %d bytes for a list of protocols", len(err.Error()))
	}
	if got, want := brief("%q", []string{"a", "b"}), `["a" "b"]`; got != want {
		t.Errorf("short list %s, want %s", got, want)
	}
	if got, want := brief("%v", make([]int, 10)), "[0 0 0 0 0 0 0 0] and 2 more"; got != want {
		t.Errorf("long list %s, want %s", got, want)
	}
}
