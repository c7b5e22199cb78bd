package preset_test

import (
	"bytes"
	"crypto/fips140"
	"errors"
	"testing"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/preset"
)

// wire is the table of the specifications: RFC 8446, sections 4.2.8.2 and
// 7.4.2; draft-ietf-tls-mlkem, section 4; RFC 10024, sections 4 and 7; the two
// Kyber drafts.
var wire = []struct {
	id          pqkx.NamedGroup
	name        string
	code        uint16
	sizes       pqkx.Sizes
	postQuantum bool
	fips        bool
}{
	{pqkx.X25519MLKEM768, "X25519MLKEM768", 4588, pqkx.Sizes{ClientShare: 1216, ServerShare: 1120, SharedSecret: 64}, true, false},
	{pqkx.SecP256r1MLKEM768, "SecP256r1MLKEM768", 4587, pqkx.Sizes{ClientShare: 1249, ServerShare: 1153, SharedSecret: 64}, true, true},
	{pqkx.SecP384r1MLKEM1024, "SecP384r1MLKEM1024", 4589, pqkx.Sizes{ClientShare: 1665, ServerShare: 1665, SharedSecret: 80}, true, true},
	{pqkx.X25519, "x25519", 29, pqkx.Sizes{ClientShare: 32, ServerShare: 32, SharedSecret: 32}, false, false},
	{pqkx.Secp256r1, "secp256r1", 23, pqkx.Sizes{ClientShare: 65, ServerShare: 65, SharedSecret: 32}, false, true},
	{pqkx.Secp384r1, "secp384r1", 24, pqkx.Sizes{ClientShare: 97, ServerShare: 97, SharedSecret: 48}, false, true},
	{pqkx.Secp521r1, "secp521r1", 25, pqkx.Sizes{ClientShare: 133, ServerShare: 133, SharedSecret: 66}, false, true},
	{pqkx.MLKEM768, "MLKEM768", 513, pqkx.Sizes{ClientShare: 1184, ServerShare: 1088, SharedSecret: 32}, true, false},
	{pqkx.MLKEM1024, "MLKEM1024", 514, pqkx.Sizes{ClientShare: 1568, ServerShare: 1568, SharedSecret: 32}, true, false},
	{pqkx.MLKEM512, "MLKEM512", 512, pqkx.Sizes{ClientShare: 800, ServerShare: 768, SharedSecret: 32}, true, false},
	{pqkx.X25519Kyber768Draft00, "X25519Kyber768Draft00", 25497, pqkx.Sizes{ClientShare: 1216, ServerShare: 1120, SharedSecret: 64}, true, false},
	{pqkx.SecP256r1Kyber768Draft00, "SecP256r1Kyber768Draft00", 25498, pqkx.Sizes{ClientShare: 1249, ServerShare: 1153, SharedSecret: 64}, true, false},
}

func TestAll(t *testing.T) {
	if fips140.Enforced() {
		if got, want := len(preset.All().Groups()), len(preset.FIPS().Groups()); got != want {
			t.Errorf("under fips140=only: All has %d groups, want FIPS's %d", got, want)
		}
		return
	}
	groups := preset.All().Groups()
	if len(groups) != len(wire) {
		t.Fatalf("All has %d groups, want %d", len(groups), len(wire))
	}
	for i, want := range wire {
		g := groups[i]
		if g.ID() != want.id || uint16(g.ID()) != want.code || g.ID().String() != want.name {
			t.Errorf("group %d is %v (%d), want %s (%d)", i, g.ID(), uint16(g.ID()), want.name, want.code)
		}
		if g.Sizes() != want.sizes {
			t.Errorf("%v: sizes %+v, want %+v", g.ID(), g.Sizes(), want.sizes)
		}
		if got := pqkx.IsPostQuantum(g); got != want.postQuantum {
			t.Errorf("%v: IsPostQuantum = %v, want %v", g.ID(), got, want.postQuantum)
		}
		if g.FIPS() != want.fips {
			t.Errorf("%v: FIPS = %v, want %v", g.ID(), g.FIPS(), want.fips)
		}
	}
}

func TestFIPSIsApproved(t *testing.T) {
	for _, g := range preset.FIPS().Groups() {
		if !g.FIPS() {
			t.Errorf("%v is in the FIPS preset but not approved", g.ID())
		}
	}
}

// TestAgreement runs every group of every preset, and the FIPS preset against
// the default one in both directions: same wire, other code.
func TestAgreement(t *testing.T) {
	agree := func(t *testing.T, client, server pqkx.Group) {
		t.Helper()
		ks, err := client.KeyShare()
		if err != nil {
			t.Fatal(err)
		}
		defer ks.Destroy()
		serverSecret, share, err := server.Encapsulate(ks.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		clientSecret, err := ks.Decapsulate(share)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(clientSecret, serverSecret) {
			t.Error("client and server disagree")
		}
		got := pqkx.Sizes{ClientShare: len(ks.Bytes()), ServerShare: len(share), SharedSecret: len(serverSecret)}
		if got != client.Sizes() {
			t.Errorf("got sizes %+v, want %+v", got, client.Sizes())
		}
		if _, err := ks.Decapsulate(share[1:]); !errors.Is(err, pqkx.ErrKeyShare) {
			t.Errorf("short server share: got error %v, want ErrKeyShare", err)
		}
	}
	for _, g := range preset.All().Groups() {
		t.Run(g.ID().String(), func(t *testing.T) { agree(t, g, g) })
	}
	for _, g := range preset.FIPS().Groups() {
		t.Run("FIPS/"+g.ID().String(), func(t *testing.T) {
			agree(t, g, g)
			if other, ok := preset.Default().Group(g.ID()); ok {
				agree(t, g, other)
				agree(t, other, g)
			}
		})
	}
}
