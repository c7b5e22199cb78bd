package bench

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/bench/link"
	"github.com/pqkx/pqkx/preset"
)

// TestSubjectsAgree runs every pair of implementations of a group against each
// other: that they are compared says that they do the same.
func TestSubjectsAgree(t *testing.T) {
	subjects := Subjects(allGroups())
	pairs := 0
	for _, a := range subjects {
		for _, b := range subjects {
			if a.Group != b.Group {
				continue
			}
			f, share, err := a.Exchange.Share()
			if err != nil {
				t.Fatal(err)
			}
			ours, answer, err := b.Exchange.Answer(share)
			if err != nil {
				t.Fatalf("%v: %s answers %s: %v", a.Group, b.Implementation, a.Implementation, err)
			}
			theirs, err := f.Finish(answer)
			if err != nil || !bytes.Equal(ours, theirs) {
				t.Errorf("%v: %s and %s: secrets differ, %v", a.Group, a.Implementation, b.Implementation, err)
			}
			pairs++
		}
	}
	if pairs < 50 {
		t.Errorf("only %d pairs", pairs)
	}
}

// TestClientHello has the published sizes of Go's ClientHello.
func TestClientHello(t *testing.T) {
	c := credential(t, ECDSA)
	for _, test := range []struct {
		groups []pqkx.NamedGroup
		size   int
	}{
		{[]pqkx.NamedGroup{pqkx.X25519}, 261},
		{[]pqkx.NamedGroup{pqkx.X25519MLKEM768}, 1445},
		{[]pqkx.NamedGroup{pqkx.X25519MLKEM768, pqkx.X25519}, 1483},
		{[]pqkx.NamedGroup{pqkx.SecP256r1MLKEM768}, 1478},
		{[]pqkx.NamedGroup{pqkx.SecP384r1MLKEM1024}, 1894},
	} {
		s := cryptoTLSStack(c, "", test.groups, test.groups[0])
		flights, err := s.flights()
		if err != nil {
			t.Fatal(err)
		}
		if flights[0].bytes != test.size || flights[0].records != 1 {
			t.Errorf("ClientHello with %v: %+v, want %d bytes in one record", test.groups, flights[0], test.size)
		}
	}
}

func credential(t *testing.T, kind string) *Credential {
	t.Helper()
	c, err := NewCredential(kind)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestStacks checks that each stack negotiates what it says, and counts its
// flights.
func TestStacks(t *testing.T) {
	for _, kind := range []string{ECDSA, RSA} {
		c := credential(t, kind)
		stacks := append(Stacks(allGroups(), c), Variants(allGroups(), c)...)
		for _, s := range stacks {
			if err := s.check(); err != nil {
				t.Error(err)
			}
			want := 3
			if s.Variant == Retry {
				want = 5
			}
			if flights, err := s.flights(); err != nil || len(flights) != want {
				t.Errorf("%s, %v, %s: flights %v, %v; want %d", s.Host, s.Group, s.Variant, flights, err, want)
			}
		}
		if len(stacks) < 40 {
			t.Errorf("only %d stacks", len(stacks))
		}
	}
}

// TestRootAndLeaf checks that the leaf is not its own root.
func TestRootAndLeaf(t *testing.T) {
	for _, kind := range []string{ECDSA, RSA} {
		c := credential(t, kind)
		if c.Leaf.Leaf.CheckSignature(c.Leaf.Leaf.SignatureAlgorithm, c.Leaf.Leaf.RawTBSCertificate, c.Leaf.Leaf.Signature) == nil {
			t.Errorf("%s: the leaf is self-signed", kind)
		}
		if c.Leaf.Leaf.Issuer.CommonName == c.Leaf.Leaf.Subject.CommonName {
			t.Errorf("%s: issuer and subject are one", kind)
		}
	}
}

func TestCheckFindsWrongGroup(t *testing.T) {
	s := cryptoTLSStack(credential(t, ECDSA), "", []pqkx.NamedGroup{pqkx.X25519}, pqkx.X25519)
	s.Group = pqkx.Secp256r1
	if err := s.check(); err == nil {
		t.Error("a stack that negotiates another group passes")
	}
	s.Group, s.Variant = pqkx.X25519, Retry
	if err := s.check(); err == nil {
		t.Error("a stack without HelloRetryRequest passes as one with it")
	}
	s = cryptoTLSStack(credential(t, ECDSA), "", []pqkx.NamedGroup{pqkx.X25519}, pqkx.Secp256r1)
	if err := s.check(); err == nil {
		t.Error("client and server with no group in common shook hands")
	}
}

func TestOptions(t *testing.T) {
	for why, o := range map[string]Options{
		"kind":     {Kinds: []string{"taste"}},
		"baseline": {Baseline: pqkx.X25519, Groups: preset.Default().Groups()[:1]},
		"MSS":      {MSS: -1},
		"effort":   {Effort: -1},
		"rtt":      {Links: []link.Params{{RTT: -1}}, Kinds: []string{Network}},
	} {
		if _, err := Run(context.Background(), o); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%+v: %v, want an error about %q", o, err, why)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, kind := range Kinds() {
		if _, err := Run(ctx, Options{Kinds: []string{kind}}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s, cancelled: %v", kind, err)
		}
	}
}

// TestInterleave checks the order of turns, and that ratios are of pairs.
func TestInterleave(t *testing.T) {
	var order []string
	turn := func(name string, values ...float64) *subject {
		i := -1 // the warm-up
		return &subject{
			metrics: []Result{{Group: name, Metric: "time", Unit: "ns"}},
			measure: func() ([]float64, error) {
				order = append(order, name)
				if i++; i == 0 {
					return []float64{1e9}, nil
				}
				return []float64{values[i-1]}, nil
			},
		}
	}
	a, b := turn("a", 100, 200, 400), turn("b", 300, 600, 400)
	b.against = []against{{"a", a}}
	r := &run{}
	results, err := r.interleave(context.Background(), "test", 3, []*subject{a, b}, whole)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(order, ""); got != "abbaabba" {
		t.Errorf("turns were %s", got)
	}
	if len(results) != 3 {
		t.Fatalf("results %+v", results)
	}
	if r := results[0]; r.Value != 200 || r.Low != 150 || r.High != 300 || r.N != 3 || !r.Noisy || !slices.Equal(r.Samples, []float64{100, 200, 400}) {
		t.Errorf("a: %+v", r)
	}
	// 3, 3 and 1: not 400/200.
	if r := results[2]; r.Value != 3 || r.Low != 2 || r.High != 3 || r.Unit != "ratio" || r.Baseline != "a" || r.Noisy {
		t.Errorf("ratio of b: %+v", r)
	}
	broken := &subject{measure: func() ([]float64, error) { return nil, io.ErrClosedPipe }}
	if _, err := r.interleave(context.Background(), "test", 1, []*subject{broken}, whole); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("a subject that fails: %v", err)
	}
}

func TestQuantile(t *testing.T) {
	samples := []float64{5, 1, 3, 2, 4}
	for q, want := range map[float64]float64{0: 1, 0.25: 2, 0.5: 3, 0.875: 4.5, 1: 5} {
		if got := quantile(samples, q); got != want {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
	if samples[0] != 5 {
		t.Error("the samples were sorted in place")
	}
	if got := quantile([]float64{7}, 0.99); got != 7 {
		t.Errorf("quantile of one is %v", got)
	}
}

func TestRound(t *testing.T) {
	for v, want := range map[float64]float64{0: 0, 1.23456789: 1.2346, 0.000123456789: 0.00012346, 12345.678: 12346, 1234567.8: 1234568, 100: 100} {
		if got := round(v); got != want {
			t.Errorf("round(%v) = %v, want %v", v, got, want)
		}
	}
}

// TestConfidence has values of the binomial distribution's approximation.
func TestConfidence(t *testing.T) {
	low, high := confidence(10000, 0.5)
	if round(low) != 0.4902 || round(high) != 0.5098 {
		t.Errorf("of the median of 10000: %v to %v", low, high)
	}
	if low, high = confidence(200, 0.99); round(low) != 0.97621 || high != 1 {
		t.Errorf("of the 99th percentile of 200: %v to %v", low, high)
	}
}

func TestFewSamplesHaveNoTail(t *testing.T) {
	for n, want := range map[int]int{39: 1, 40: 2, 199: 2, 200: 3} {
		if got := latencies(Result{}, make([]float64, n)); len(got) != want {
			t.Errorf("%d handshakes give %d results, want %d", n, len(got), want)
		}
	}
}

func TestNoisy(t *testing.T) {
	r := newReport(Options{})
	r.Machine.Cores, r.Noise.LoadBefore = 2, 2
	r.finish(1, []float64{100, 100, 101, 102})
	if r.Noise.Noisy || r.Noise.Spread == 0 {
		t.Errorf("a steady machine: %+v", r.Noise)
	}
	r.finish(1, []float64{100, 100, 120, 130})
	if !r.Noise.Noisy {
		t.Errorf("an unsteady machine: %+v", r.Noise)
	}
	r.Noise.LoadBefore = 2.01
	if r.finish(1, []float64{100, 100, 101, 102}); !r.Noise.Noisy {
		t.Errorf("a machine that was busy: %+v", r.Noise)
	}
	r.Noise.LoadBefore = 0
	r.add(Result{Unit: "ns", Noisy: true}, Result{Unit: "B"}, Result{Unit: "ns"})
	r.finish(1, []float64{100, 100, 101, 102})
	if !r.Noise.Noisy || r.Noise.Results != 0.5 {
		t.Errorf("half of the results are noisy: %+v", r.Noise)
	}
	steady := Result{Unit: "ns"}.summarize([]float64{100, 101, 102})
	if steady.Noisy {
		t.Errorf("a steady result: %+v", steady)
	}
}

// TestPipe checks that a flight arrives when its sender waits, and is counted.
func TestPipe(t *testing.T) {
	client, server := newPipe()
	hello := []byte{22, 3, 1, 0, 3, 'a', 'b', 'c'}
	client.Write(hello[:4])
	client.Write(hello[4:])
	client.Write([]byte{20, 3, 3, 0, 1, 1})
	go func() {
		server.Write([]byte{23, 3, 3, 0, 0})
		server.Close()
	}()
	got, err := io.ReadAll(client)
	if err != nil || len(got) != 5 {
		t.Errorf("client reads %v, %v", got, err)
	}
	if want := []flight{{14, 2}}; !slices.Equal(client.flights, want) {
		t.Errorf("flights %v, want %v", client.flights, want)
	}
	client.Close()
	client.Close()
	if got, err := io.ReadAll(server); err != nil || !bytes.HasPrefix(got, hello) || len(got) != 14 {
		t.Errorf("server reads %v, %v", got, err)
	}
	if _, err := client.Write(hello); err == nil {
		t.Error("a closed end was written to")
	}
}

// TestSharedClassicalShare checks that the control differs from the subject in
// the number of private keys.
func TestSharedClassicalShare(t *testing.T) {
	groups := allGroups()
	hybrid := groups[0]
	half := component(hybrid, groups)
	if half == nil || half.ID() != pqkx.X25519 {
		t.Fatalf("the classical half of %v is %v", hybrid.ID(), half)
	}
	if component(half, groups) != nil || component(hybrid, groups[:1]) != nil {
		t.Error("a classical half that is not there")
	}
	for _, test := range []struct {
		offered pqkx.Group
		same    bool
	}{{hybrid, true}, {hidden{hybrid}, false}} {
		shares, err := offering(test.offered, half).KeyShares(0)
		if err != nil || len(shares) != 2 {
			t.Fatal(shares, err)
		}
		if same := bytes.HasSuffix(shares[0].Bytes(), shares[1].Bytes()); same != test.same {
			t.Errorf("%T: both shares have the same public key: %v", test.offered, same)
		}
	}
}
