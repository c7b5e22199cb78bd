package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/preset"
)

func TestGroupsJSON(t *testing.T) {
	t.Parallel()
	var got []groupInfo
	if err := json.Unmarshal([]byte(must(t, "groups", "--json")), &got); err != nil {
		t.Fatal(err)
	}
	groups := preset.All().Groups()
	if len(got) != len(groups) {
		t.Fatalf("%d groups, want %d", len(got), len(groups))
	}
	for i, g := range groups {
		s := g.Sizes()
		if got[i].Group != g.ID().String() || got[i].Code != uint16(g.ID()) || got[i].PostQuantum != pqkx.IsPostQuantum(g) ||
			got[i].ClientShare != s.ClientShare || got[i].ServerShare != s.ServerShare || got[i].SharedSecret != s.SharedSecret ||
			got[i].FIPS != g.FIPS() {
			t.Errorf("%v: got %+v, sizes are %+v", g.ID(), got[i], s)
		}
		if got[i].Status == unknown || got[i].Document == "" || got[i].Backend == "?" {
			t.Errorf("%v: no document or backend in %+v", g.ID(), got[i])
		}
		if (got[i].Kind == "classical") == got[i].PostQuantum {
			t.Errorf("%v: kind %q", g.ID(), got[i].Kind)
		}
	}
}

func TestGroupsTable(t *testing.T) {
	t.Parallel()
	lines := strings.Split(strings.TrimSpace(must(t, "groups")), "\n")
	groups := preset.All().Groups()
	if len(lines) != 1+len(groups) {
		t.Fatalf("%d lines for %d groups", len(lines), len(groups))
	}
	for i, g := range groups {
		if f := strings.Fields(lines[i+1]); f[0] != g.ID().String() || f[2] != hexCode(g.ID()) {
			t.Errorf("line %q is not for %v", lines[i+1], g.ID())
		}
	}
	if strings.Contains(lines[1], "\x1b") {
		t.Error("colour without a terminal")
	}
}

func TestPaint(t *testing.T) {
	columns := []column{{title: "A"}, {title: "B", right: true}, {title: "C"}}
	rows := [][]cell{{{"xx", green}, {"1", plain}, {"é", plain}}, {{"y", plain}, {"22", plain}, {}}}
	fit(columns, rows)
	if got, want := row(columns, rows[0], false), "xx   1  é\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := row(columns, rows[0], true), "\x1b[32mxx\x1b[0m   1  é\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if newPainter(new(strings.Builder)) {
		t.Error("a builder is taken for a terminal")
	}
}
