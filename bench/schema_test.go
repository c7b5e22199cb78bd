package bench_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/pqkx/pqkx/bench"
	"github.com/pqkx/pqkx/preset"
)

// validate checks JSON against the schema of reports.
func validate(t *testing.T, report []byte) error {
	t.Helper()
	schema := new(jsonschema.Schema)
	if err := json.Unmarshal(bench.Schema, schema); err != nil {
		t.Fatal(err)
	}
	resolved, err := schema.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	var instance any
	if err := json.Unmarshal(report, &instance); err != nil {
		t.Fatal(err)
	}
	return resolved.Validate(instance)
}

// TestSmoke is a tenth of a quick run: every kind and every subject, against
// the schema.
func TestSmoke(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	var told []string
	last := 0.0
	r, err := bench.Run(context.Background(), bench.Options{Quick: true, Effort: 0.1, Seed: 1, Progress: func(done float64, what string) {
		if done < last || done > 1 {
			t.Errorf("progress from %v to %v", last, done)
		}
		if last = done; !slices.Contains(told, what) {
			told = append(told, what)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if len(told) < 10 {
		t.Errorf("progress told only %q", told)
	}
	var b bytes.Buffer
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	if err := validate(t, b.Bytes()); err != nil {
		t.Error(err)
	}
	checkSubjects(t, r)
	checkSane(t, r)
}

// checkSubjects looks for everybody who has to be in a whole report.
func checkSubjects(t *testing.T, r *bench.Report) {
	t.Helper()
	found := map[string]bool{}
	for _, res := range r.Results {
		found[strings.Join([]string{res.Kind, res.Subject(), res.Group, res.Metric}, " ")] = true
	}
	var want []string
	for _, s := range bench.Subjects(preset.All().Groups()) {
		want = append(want, fmt.Sprintf("operation %s %v time", s.Implementation, s.Group), fmt.Sprintf("operation %s %v allocations", s.Implementation, s.Group))
	}
	c, err := bench.NewCredential(bench.ECDSA)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range bench.Stacks(preset.All().Groups(), c) {
		for _, metric := range []string{"handshake %s %v cpu", "handshake %s %v rate", "handshake %s %v allocated", "wire %s %v bytes",
			"wire %s %v segments", "wire %s %v records", "wire %s %v round-trips", "network %s %v latency", "footprint %s %v connection"} {
			want = append(want, fmt.Sprintf(metric, s.Host, s.Group))
		}
	}
	for _, id := range preset.All().SupportedGroups() {
		want = append(want, fmt.Sprintf("footprint tls13 %v program", id))
		for _, metric := range []string{"cpu", "rate", "allocated"} {
			want = append(want, fmt.Sprintf("handshake %s %v %s", bench.HostOverlaid, id, metric))
		}
	}
	want = append(want, "footprint tls13 all program", "footprint tls13 default program", "footprint crypto/tls all program")
	if len(want) < 200 {
		t.Fatalf("only %d things are looked for", len(want))
	}
	for _, w := range want {
		if !found[w] {
			t.Errorf("the report lacks %q", w)
		}
	}
}

// checkSane checks what holds of any result on any machine.
func checkSane(t *testing.T, r *bench.Report) {
	t.Helper()
	seen := map[string]bool{}
	for _, res := range r.Results {
		key := fmt.Sprint(res.Key())
		if seen[key] {
			t.Errorf("two results of %s", key)
		}
		seen[key] = true
		if !(res.Low <= res.Value && res.Value <= res.High) {
			t.Errorf("%s: %v is not from %v to %v", key, res.Value, res.Low, res.High)
		}
		if res.Value == 0 && res.Metric != "packets" {
			t.Errorf("%s: zero", key)
		}
		if timed := res.Unit == "ns" || res.Unit == "1/s"; timed && res.Metric[len(res.Metric)-3:] != "p95" && res.Metric[len(res.Metric)-3:] != "p99" && len(res.Samples) != res.N {
			t.Errorf("%s: %d samples of %d", key, len(res.Samples), res.N)
		}
	}
}

// TestSchemaRefuses changes a good report, so that the schema is known to be
// able to refuse one.
func TestSchemaRefuses(t *testing.T) {
	r, err := bench.Run(context.Background(), bench.Options{Quick: true, Kinds: []string{bench.Wire}, Groups: preset.Default().Groups()[:4]})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	if err := validate(t, b.Bytes()); err != nil {
		t.Fatal(err)
	}
	for _, change := range []struct{ old, new string }{
		{`"schema": 1`, `"schema": 2`},
		{`"skipped"`, `"dropped"`},
		{`"seconds": `, `"seconds": -`},
		{`"kind":"wire"`, `"kind":"wires"`},
		{`"host":"tls13",`, ``},
		{`"metric":"bytes"`, `"metric":"octets"`},
		{`"role":"client"`, `"role":"nobody"`},
		{`"unit":"B"`, `"unit":"ratio"`},
		{`"n":9`, `"n":0`},
		{`"value":`, `"baseline":"x","value":`},
	} {
		bent := strings.Replace(b.String(), change.old, change.new, 1)
		if bent == b.String() {
			t.Errorf("the report has no %q", change.old)
			continue
		}
		if err := validate(t, []byte(bent)); err == nil {
			t.Errorf("with %q in place of %q the report is still valid", change.new, change.old)
		}
	}
}

func TestRead(t *testing.T) {
	r, err := bench.Run(context.Background(), bench.Options{Quick: true, Kinds: []string{bench.Wire}, Groups: preset.Default().Groups()[3:4]})
	if err != nil {
		t.Fatal(err)
	}
	var b, again bytes.Buffer
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	read, err := bench.Read(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if err := read.Write(&again); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), again.Bytes()) {
		t.Errorf("a report that was read and written is another:\n%s\n%s", &b, &again)
	}
	for _, bad := range []string{"", "[]", `{"schema": 2}`, `{"schema"`} {
		if _, err := bench.Read(strings.NewReader(bad)); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}
