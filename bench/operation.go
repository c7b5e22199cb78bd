package bench

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/pqkx/pqkx"
)

// Operations, of results of the kinds operation and handshake.
const (
	ClientShare  = "client-share"
	ServerAnswer = "server-answer"
	ClientFinish = "client-finish"
	WholeThing   = "exchange" // the three together
	TLSHandshake = "handshake"
)

// Variants of a subject, the control for what pqkx does with classical shares.
const (
	SharedShare   = "classical-share-shared"   // offered as well, with one private key for both
	SeparateShare = "classical-share-separate" // offered as well, with a private key of its own
	Retry         = "hello-retry-request"      // the client sends a share that the server does not want
)

// Roles of a result.
const (
	Client = "client"
	Server = "server"
	Both   = "both"
)

// steps are the operations with those who do them, in order.
var steps = []struct{ operation, role string }{
	{ClientShare, Client}, {ServerAnswer, Server}, {ClientFinish, Client}, {WholeThing, Both},
}

// perBlock is how many exchanges make up one sample.
const perBlock = 8

// operations measures the steps of the exchange. Each has a fresh key, and is
// timed by itself: the shortest takes a hundred times as long as reading the clock.
func (r *run) operations(ctx context.Context) error {
	release := pin()
	defer release()
	var subjects []*subject
	found := map[string]*subject{}
	for _, s := range Subjects(r.Groups) {
		if err := agree(s.Exchange); err != nil {
			return fmt.Errorf("%s/%v: %w", s.Implementation, s.Group, err)
		}
		timed := operationSubject(s)
		subjects = append(subjects, timed)
		found[s.Implementation+"/"+s.Group.String()] = timed
	}
	for _, s := range subjects {
		for _, name := range []string{Standard + "/" + r.Baseline.String(), Standard + "/" + s.metrics[0].Group} {
			if b := found[name]; b != nil && b != s {
				s.against = append(s.against, against{name, b})
			}
		}
		if len(s.against) == 2 && s.against[0] == s.against[1] {
			s.against = s.against[:1] // the group is the baseline
		}
	}
	controls := r.shareControls()
	results, err := r.interleave(ctx, "operations", r.rounds(15, 60), append(subjects, controls...), whole)
	if err != nil {
		return err
	}
	r.report.add(results...)
	for _, s := range Subjects(r.Groups) {
		r.report.add(operationAllocations(s)...)
	}
	return nil
}

// agree runs an exchange and compares the secrets.
func agree(e Exchange) error {
	f, share, err := e.Share()
	if err != nil {
		return err
	}
	ours, answer, err := e.Answer(share)
	if err != nil {
		return err
	}
	theirs, err := f.Finish(answer)
	if err == nil && !bytes.Equal(ours, theirs) {
		err = fmt.Errorf("the secrets differ")
	}
	return err
}

func operationSubject(s Subject) *subject {
	timed := &subject{measure: func() ([]float64, error) { return timeBlock(s.Exchange) }}
	for _, step := range steps {
		timed.metrics = append(timed.metrics, Result{Kind: Operation, Implementation: s.Implementation,
			Group: s.Group.String(), Operation: step.operation, Role: step.role, Metric: "time", Unit: "ns"})
	}
	return timed
}

// timeBlock returns the medians of the steps over a block of exchanges.
func timeBlock(e Exchange) ([]float64, error) {
	var times [4][perBlock]float64
	for i := range perBlock {
		t0 := time.Now()
		f, share, err := e.Share()
		t1 := time.Now()
		if err != nil {
			return nil, err
		}
		_, answer, err := e.Answer(share)
		t2 := time.Now()
		if err != nil {
			return nil, err
		}
		_, err = f.Finish(answer)
		t3 := time.Now()
		if err != nil {
			return nil, err
		}
		for j, d := range []time.Duration{t1.Sub(t0), t2.Sub(t1), t3.Sub(t2), t3.Sub(t0)} {
			times[j][i] = float64(d)
		}
	}
	medians := make([]float64, len(times))
	for j := range times {
		medians[j] = quantile(times[j][:], 0.5)
	}
	return medians, nil
}

// shareControls compare the two ways to offer a hybrid and its classical half.
func (r *run) shareControls() []*subject {
	var controls []*subject
	for _, g := range r.Groups {
		half := component(g, r.Groups)
		if half == nil {
			continue
		}
		shared := r.shareControl(g, half, SharedShare, g)
		separate := r.shareControl(g, half, SeparateShare, hidden{g})
		separate.against = []against{{SharedShare, shared}}
		controls = append(controls, shared, separate)
	}
	return controls
}

func (r *run) shareControl(g, half pqkx.Group, variant string, offered pqkx.Group) *subject {
	p := offering(offered, half)
	return &subject{
		metrics: []Result{{Kind: Operation, Implementation: Ours, Group: g.ID().String(), Operation: ClientShare,
			Role: Client, Variant: variant, Metric: "time", Unit: "ns"}},
		measure: func() ([]float64, error) {
			var times [perBlock]float64
			for i := range times {
				start := time.Now()
				if _, err := p.KeyShares(0); err != nil {
					return nil, err
				}
				times[i] = float64(time.Since(start))
			}
			return []float64{quantile(times[:], 0.5)}, nil
		},
	}
}

// component returns the group of a hybrid's classical half, if it is in groups.
func component(g pqkx.Group, groups []pqkx.Group) pqkx.Group {
	ks, err := g.KeyShare()
	if err != nil {
		return nil
	}
	defer ks.Destroy()
	h, ok := ks.(pqkx.HybridKeyShare)
	if !ok {
		return nil
	}
	id := h.Component().Group().ID()
	if i := slices.IndexFunc(groups, func(g pqkx.Group) bool { return g.ID() == id }); i >= 0 {
		return groups[i]
	}
	return nil
}

// offering is a provider that sends shares of exactly these groups.
func offering(groups ...pqkx.Group) *pqkx.Provider {
	p, err := pqkx.New(groups...)
	if err != nil {
		panic(err) // they come from a provider
	}
	var ids []pqkx.NamedGroup
	for _, g := range groups {
		ids = append(ids, g.ID())
	}
	if p, err = p.WithShares(ids...); err != nil {
		panic(err)
	}
	return p
}

// hidden is a hybrid whose classical half cannot be offered by itself.
type hidden struct{ pqkx.Group }

func (h hidden) PostQuantum() bool { return pqkx.IsPostQuantum(h.Group) }

func (h hidden) KeyShare() (pqkx.KeyShare, error) {
	ks, err := h.Group.KeyShare()
	return struct{ pqkx.KeyShare }{ks}, err
}

// operationAllocations counts what the steps allocate.
func operationAllocations(s Subject) []Result {
	const n = 16
	var finishers [n]Finisher
	var shares, answers [n][]byte
	work := []func(int){
		func(i int) { finishers[i], shares[i], _ = s.Exchange.Share() },
		func(i int) { _, answers[i], _ = s.Exchange.Answer(shares[i]) },
		func(i int) { finishers[i].Finish(answers[i]) },
		func(int) { agree(s.Exchange) },
	}
	var results []Result
	for j, step := range steps {
		count, size := allocations(n, work[j])
		base := Result{Kind: Operation, Implementation: s.Implementation, Group: s.Group.String(), Operation: step.operation, Role: step.role}
		results = append(results, memory(base, count, size)...)
	}
	return results
}

// memory makes the results for allocations and their bytes.
func memory(base Result, count, size []float64) []Result {
	base.Metric, base.Unit = "allocations", "1"
	allocations := base.summarize(count)
	base.Metric, base.Unit = "allocated", "B"
	return []Result{allocations, base.summarize(size)}
}

// allocations returns how many allocations each of five rounds of n calls of f
// made, and their bytes, by call.
func allocations(n int, f func(i int)) (count, size []float64) {
	var before, after runtime.MemStats
	for range 5 {
		runtime.ReadMemStats(&before)
		for i := range n {
			f(i)
		}
		runtime.ReadMemStats(&after)
		count = append(count, float64(after.Mallocs-before.Mallocs)/float64(n))
		size = append(size, float64(after.TotalAlloc-before.TotalAlloc)/float64(n))
	}
	return count, size
}
