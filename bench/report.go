package bench

import (
	"bytes"
	"cmp"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"time"
)

// Schema is the JSON Schema (draft 2020-12) of a [Report]. It documents every
// field.
//
//go:embed schema.json
var Schema []byte

// SchemaVersion is the version of that schema. Another major version is not
// read by [Read].
const SchemaVersion = 1

// A Report is what a run found. The JSON Schema tells about its fields.
type Report struct {
	Schema   int       `json:"schema"`
	Time     time.Time `json:"time"`
	Seconds  float64   `json:"seconds"`
	Command  string    `json:"command,omitempty"`
	Quick    bool      `json:"quick"`
	Effort   float64   `json:"effort"`
	Seed     uint64    `json:"seed"`
	MSS      int       `json:"mss"`
	Baseline string    `json:"baseline"`
	Machine  Machine   `json:"machine"`
	Noise    Noise     `json:"noise"`
	Skipped  []Skipped `json:"skipped"`
	Results  []Result  `json:"results,omitempty"`
}

// Noise tells how steady the machine was: the spread of a fixed piece of work
// that ran all over the run, as the distance of the quartiles over the median,
// the share of noisy ones among the results that take time, and how much else
// the machine had to do, which lengthens what is measured by the clock on the
// wall.
type Noise struct {
	Spread     float64 `json:"spread"`
	Results    float64 `json:"noisy_results"`
	LoadBefore float64 `json:"load_before"`
	LoadAfter  float64 `json:"load_after"`
	Noisy      bool    `json:"noisy"`
}

// Skipped is something that was not measured, and why.
type Skipped struct {
	What string `json:"what"`
	Why  string `json:"why"`
}

// A Result is one measured value: the subject, the metric, and the median with
// the quartiles. Fields that do not apply are empty.
type Result struct {
	Kind           string `json:"kind"`
	Implementation string `json:"implementation,omitempty"`
	Host           string `json:"host,omitempty"`
	Group          string `json:"group"`
	Operation      string `json:"operation,omitempty"`
	Role           string `json:"role,omitempty"`
	Certificate    string `json:"certificate,omitempty"`
	Variant        string `json:"variant,omitempty"`
	Flight         int    `json:"flight,omitempty"`
	Stack          string `json:"stack,omitempty"`
	Link           string `json:"link,omitempty"`
	Cores          int    `json:"cores,omitempty"`
	Metric         string `json:"metric"`
	Baseline       string `json:"baseline,omitempty"`

	Value   float64   `json:"value"`
	Low     float64   `json:"low"`
	High    float64   `json:"high"`
	Unit    string    `json:"unit"`
	Samples []float64 `json:"samples,omitempty"`
	N       int       `json:"n"`
	Noisy   bool      `json:"noisy,omitempty"`
}

// Key identifies what a result is of, for comparing runs.
func (r *Result) Key() Result {
	k := *r
	k.Value, k.Low, k.High, k.Unit, k.Samples, k.N, k.Noisy = 0, 0, 0, "", nil, 0, false
	return k
}

// Subject names who was measured: the implementation or the host.
func (r *Result) Subject() string { return cmp.Or(r.Implementation, r.Host) }

// noisySpread is the spread, and noisyResults the share of noisy results, from
// which a run is called noisy, as it also is where the machine had more to do
// than it has cores when the run started, and noisyQuartiles the spread from which a result
// is.
const (
	noisySpread    = 0.05
	noisyResults   = 0.25
	noisyQuartiles = 0.15
)

// timed are the units whose values depend on the mood of the machine.
var timed = []string{"ns", "1/s"}

// summarize sets the result to the median and the quartiles of samples.
func (r Result) summarize(samples []float64) Result {
	r.Value, r.Low, r.High = quantile(samples, 0.5), quantile(samples, 0.25), quantile(samples, 0.75)
	r.N = len(samples)
	if r.Samples = nil; slices.Contains(timed, r.Unit) {
		r.Samples = make([]float64, len(samples))
		for i, v := range samples {
			r.Samples[i] = round(v)
		}
	}
	r.Value, r.Low, r.High = round(r.Value), round(r.Low), round(r.High)
	r.Noisy = slices.Contains(timed, r.Unit) && r.High-r.Low > noisyQuartiles*r.Value
	return r
}

// quantile returns the q-quantile, between the samples where it falls there.
func quantile(samples []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(samples))
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 == len(sorted) {
		return sorted[i]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// round keeps five digits: more than any of this is worth.
func round(v float64) float64 {
	if v == 0 || math.Abs(v) >= 1e5 {
		return math.Round(v)
	}
	scale := math.Pow(10, 4-math.Floor(math.Log10(math.Abs(v))))
	return math.Round(v*scale) / scale
}

func newReport(o Options) *Report {
	return &Report{
		Schema: SchemaVersion, Time: time.Now().UTC().Truncate(time.Second),
		Quick: o.Quick, Effort: o.Effort, Seed: o.Seed, MSS: o.MSS, Baseline: o.Baseline.String(),
		Machine: describeMachine(o.Groups),
		Noise:   Noise{LoadBefore: load()},
		Skipped: []Skipped{}, Results: []Result{},
	}
}

func (r *Report) add(results ...Result) { r.Results = append(r.Results, results...) }

func (r *Report) skip(why string, format string, args ...any) {
	r.Skipped = append(r.Skipped, Skipped{fmt.Sprintf(format, args...), why})
}

func (r *Report) finish(d time.Duration, calibration []float64) {
	r.Seconds = round(d.Seconds())
	r.Noise.LoadAfter = load()
	if len(calibration) > 0 {
		r.Noise.Spread = round((quantile(calibration, 0.75) - quantile(calibration, 0.25)) / quantile(calibration, 0.5))
	}
	noisy, all := 0.0, 0.0
	for _, res := range r.Results {
		if slices.Contains(timed, res.Unit) {
			all++
			if res.Noisy {
				noisy++
			}
		}
	}
	r.Noise.Results = round(noisy / max(1, all))
	r.Noise.Noisy = r.Noise.Spread > noisySpread || r.Noise.Results > noisyResults || r.Noise.LoadBefore > float64(r.Machine.Cores)
}

// Write writes the report as JSON, with a line for each result.
func (r *Report) Write(w io.Writer) error {
	head := *r
	head.Results = nil
	data, err := json.MarshalIndent(&head, "", "  ")
	if err != nil {
		return err
	}
	b := bytes.NewBuffer(bytes.TrimSuffix(data, []byte("\n}")))
	b.WriteString(",\n  \"results\": [")
	for i := range r.Results {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("\n    ")
		line, err := json.Marshal(&r.Results[i])
		if err != nil {
			return err
		}
		b.Write(line)
	}
	b.WriteString("\n  ]\n}\n")
	_, err = w.Write(b.Bytes())
	return err
}

// Read reads a report. It refuses another version of the schema.
func Read(in io.Reader) (*Report, error) {
	r := new(Report)
	if err := json.NewDecoder(in).Decode(r); err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	if r.Schema != SchemaVersion {
		return nil, fmt.Errorf("bench: a report of schema %d, want %d", r.Schema, SchemaVersion)
	}
	return r, nil
}
