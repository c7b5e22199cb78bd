package show

import (
	"fmt"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/bench"
)

// headline is the group that most people have to decide about.
var headline = pqkx.X25519MLKEM768.String()

// Conclusions are sentences about what the headline group costs against the
// baseline, made of this report's own figures. There is none where a figure is
// missing.
func Conclusions(r *bench.Report) []string {
	if r.Baseline == headline {
		return nil
	}
	x := newIndex(r)
	var list []string
	list = append(list, cpuConclusion(r, x)...)
	list = append(list, wireConclusion(r, x)...)
	for _, p := range links(r) {
		list = append(list, networkConclusion(r, x, p)...)
	}
	return list
}

func cpuConclusion(r *bench.Report, x index) []string {
	s := bench.Result{Kind: bench.Handshake, Host: bench.HostTLS13, Group: headline, Certificate: bench.ECDSA}
	b := s
	b.Group = r.Baseline
	var found [4]*bench.Result
	for i, key := range []bench.Result{handshake(s, bench.Client, "cpu", ""), handshake(b, bench.Client, "cpu", ""),
		handshake(s, bench.Server, "cpu", ""), handshake(b, bench.Server, "cpu", "")} {
		if found[i] = x[keyOf(key)]; found[i] == nil {
			return nil
		}
	}
	return []string{fmt.Sprintf("CPU: %s in place of %s takes a tls13 client from %s to %s microseconds a handshake and a server from %s to %s.",
		headline, r.Baseline, digits(found[1].Value*micro), digits(found[0].Value*micro), digits(found[3].Value*micro), digits(found[2].Value*micro))}
}

func wireConclusion(r *bench.Report, x index) []string {
	s := bench.Result{Kind: bench.Wire, Host: bench.HostTLS13, Group: headline, Certificate: bench.ECDSA}
	b := s
	b.Group = r.Baseline
	hello := handshake(s, bench.Client, "bytes", "")
	hello.Flight = 1
	segments := hello
	segments.Metric = "segments"
	after, before := x[keyOf(handshake(s, bench.Both, "bytes", ""))], x[keyOf(handshake(b, bench.Both, "bytes", ""))]
	if after == nil || before == nil || x[keyOf(hello)] == nil || x[keyOf(segments)] == nil {
		return nil
	}
	takes := x.text(segments, 1) + " TCP segments"
	if takes == "1 TCP segments" {
		takes = "one TCP segment"
	}
	return []string{fmt.Sprintf("Bytes: a handshake grows from %s to %s; its ClientHello is %s, which takes %s of at most %d.",
		digits(before.Value), digits(after.Value), x.text(hello, 1), takes, r.MSS)}
}

func networkConclusion(r *bench.Report, x index, p path) []string {
	s := bench.Result{Kind: bench.Network, Host: bench.HostTLS13, Group: headline, Certificate: bench.ECDSA, Stack: p.stack, Link: p.link}
	b := s
	b.Group = r.Baseline
	after, before := x[keyOf(handshake(s, bench.Client, "latency", ""))], x[keyOf(handshake(b, bench.Client, "latency", ""))]
	if after == nil || before == nil {
		return nil
	}
	text := fmt.Sprintf("Latency, %v: the median is %s against %s milliseconds", p, digits(after.Value*milli), digits(before.Value*milli))
	after, before = x[keyOf(handshake(s, bench.Client, "latency-p99", ""))], x[keyOf(handshake(b, bench.Client, "latency-p99", ""))]
	if after != nil && before != nil {
		text += fmt.Sprintf("; the 99th percentile is %s [%s, %s] against %s [%s, %s]",
			digits(after.Value*milli), digits(after.Low*milli), digits(after.High*milli),
			digits(before.Value*milli), digits(before.Low*milli), digits(before.High*milli))
	}
	return []string{text + "."}
}
