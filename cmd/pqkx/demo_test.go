package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/preset"
)

// TestDemoJSON runs every group and compares its sizes, on paper and on the
// wire.
func TestDemoJSON(t *testing.T) {
	t.Parallel()
	var got []result
	if err := json.Unmarshal([]byte(must(t, "demo", "--json", "--runs", "1")), &got); err != nil {
		t.Fatal(err)
	}
	groups := preset.All().Groups()
	if len(got) != len(groups) {
		t.Fatalf("%d groups, want %d", len(got), len(groups))
	}
	for i, g := range groups {
		r, s := got[i], g.Sizes()
		if !r.OK || r.Error != "" || r.Group != g.ID().String() || r.Code != uint16(g.ID()) || r.PostQuantum != pqkx.IsPostQuantum(g) ||
			r.ClientShare != s.ClientShare || r.ServerShare != s.ServerShare || r.SharedSecret != s.SharedSecret {
			t.Errorf("%v: %+v", g.ID(), r)
		}
		if r.ClientBytes <= int64(s.ClientShare) || r.ServerBytes <= int64(s.ServerShare) || r.HandshakeMicros <= 0 {
			t.Errorf("%v: wire bytes or time cannot be: %+v", g.ID(), r)
		}
		if !strings.HasPrefix(r.CipherSuite, "TLS_") || r.HelloRetryRequest {
			t.Errorf("%v: suite %q, HelloRetryRequest %v", g.ID(), r.CipherSuite, r.HelloRetryRequest)
		}
	}
}

func TestDemoTable(t *testing.T) {
	t.Parallel()
	out := must(t, "demo", "--runs", "2", "--group", defaultName(), "--group", "p256")
	lines := strings.Split(out, "\n")
	if !strings.HasPrefix(lines[3], defaultName()+" ") || !strings.HasSuffix(lines[3], " ms  ok") || !strings.Contains(lines[3], "resists") {
		t.Errorf("line %q", lines[3])
	}
	if !strings.HasPrefix(lines[4], classicalName+" ") || !strings.Contains(lines[4], "does not resist") {
		t.Errorf("line %q", lines[4])
	}
	if !strings.Contains(out, "2 of 2 ok; 1 of them keep") {
		t.Errorf("no closing line:\n%s", out)
	}
}

// wrongGroup answers with a secret that is not the client's.
type wrongGroup struct{ pqkx.Group }

func (g wrongGroup) Encapsulate(share []byte) (secret, answer []byte, err error) {
	secret, answer, err = g.Group.Encapsulate(share)
	if err == nil {
		secret[0]++
	}
	return secret, answer, err
}

// brokenGroup has no shares.
type brokenGroup struct{ pqkx.Group }

func (brokenGroup) KeyShare() (pqkx.KeyShare, error) { return nil, fmt.Errorf("out of\norder") }

// TestDemoFails: the demonstration can fail, says which group did, and goes on.
func TestDemoFails(t *testing.T) {
	t.Parallel()
	cert, err := makeCertificate()
	if err != nil {
		t.Fatal(err)
	}
	g := preset.All().Groups()
	d := &demo{groups: []pqkx.Group{wrongGroup{g[0]}, brokenGroup{g[1]}, g[2]}, runs: 1, cert: cert}
	var out bytes.Buffer
	err = d.table(context.Background(), &out)
	if err == nil || !strings.HasPrefix(err.Error(), fmt.Sprintf("%v, %v failed: ", g[0].ID(), g[1].ID())) {
		t.Errorf("error %v", err)
	}
	if s := out.String(); strings.Count(s, "failed: ") != 2 || !strings.Contains(s, "out of; order") || !strings.Contains(s, "1 of 3 ok") {
		t.Errorf("output:\n%s", s)
	}
	out.Reset()
	if err := d.json(context.Background(), &out); err == nil {
		t.Error("no error with --json")
	}
	var results []result
	if err := json.Unmarshal(out.Bytes(), &results); err != nil {
		t.Fatal(err)
	}
	if results[0].OK || results[0].Error == "" || results[1].OK || !results[2].OK {
		t.Errorf("results %+v", results)
	}
}

// TestDemoEndsWithContext: an interrupt is named as such, not as the failure of
// groups that never had their turn.
func TestDemoEndsWithContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errors.New("enough"))
	for _, args := range [][]string{{"demo"}, {"demo", "--json"}} {
		var stdout, stderr bytes.Buffer
		status := run(ctx, args, stdio{nil, &stdout, &stderr})
		if status != exitFailure || stderr.String() != "pqkx: demo: enough\n" {
			t.Errorf("%v: exit status %d: %s", args, status, &stderr)
		}
		if s := stdout.String(); strings.Contains(s, "failed") || strings.Contains(s, "{") {
			t.Errorf("%v tells of groups: %s", args, s)
		}
	}
}
