// Command instructions counts the instructions of each step of a key exchange
// under valgrind: a figure that repeats on a machine that is busy.
//
//	go run ./bench/instructions [group...]
//
// Without arguments it takes x25519, MLKEM768 and X25519MLKEM768; "all" is every
// group. Each count is the difference between a run that does the step many
// times and one that only makes ready for it, over the number of times. Keys
// are fresh, and rejection sampling takes what it takes, so that the last
// digits vary. Valgrind has no AVX-512: code that would use it takes another
// path there.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/bench"
	"github.com/pqkx/pqkx/preset"
)

// task, in the environment, makes the program the one that is counted: the
// implementation, the group, the operation, and how many times.
const task = "PQKX_BENCH_INSTRUCTIONS"

// times is how often a step is done.
const times = 64

func main() {
	if t := os.Getenv(task); t != "" {
		if err := work(t); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "instructions:", err)
		os.Exit(1)
	}
}

var operations = []string{bench.ClientShare, bench.ServerAnswer, bench.ClientFinish}

func run(ctx context.Context, w io.Writer, names []string) error {
	valgrind, err := exec.LookPath("valgrind")
	if err != nil {
		return errors.New("valgrind is not installed")
	}
	groups, err := choose(names)
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "GROUP\tBY\t%s\tTOGETHER\t\n", strings.ToUpper(strings.Join(operations, "\t")))
	for _, s := range bench.Subjects(groups) {
		base, err := count(ctx, valgrind, s, bench.ClientShare, 0)
		if err != nil {
			return err
		}
		fmt.Fprintf(t, "%v\t%s\t", s.Group, s.Implementation)
		sum := 0
		for _, op := range operations {
			n, err := count(ctx, valgrind, s, op, times)
			if err != nil {
				return err
			}
			each := (n - base) / times
			sum += each
			fmt.Fprintf(t, "%d\t", each)
		}
		fmt.Fprintf(t, "%d\t\n", sum)
	}
	return t.Flush()
}

// choose returns the groups with these names.
func choose(names []string) ([]pqkx.Group, error) {
	all := preset.All().Groups()
	if len(names) == 0 {
		names = []string{"x25519", "MLKEM768", "X25519MLKEM768"}
	}
	if slices.Equal(names, []string{"all"}) {
		return all, nil
	}
	var chosen []pqkx.Group
	for _, name := range names {
		i := slices.IndexFunc(all, func(g pqkx.Group) bool { return strings.EqualFold(g.ID().String(), name) })
		if i < 0 {
			return nil, fmt.Errorf("unknown group %q", name)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

var instructions = regexp.MustCompile(`I\s+refs:\s+([0-9,]+)`)

// count returns the instructions of a process that does the step n times.
func count(ctx context.Context, valgrind string, s bench.Subject, op string, n int) (int, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	cmd := exec.CommandContext(ctx, valgrind, "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null", self)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %v %s %d", task, s.Implementation, s.Group, op, n), "GOMAXPROCS=1", "GOGC=off")
	var out bytes.Buffer
	cmd.Stderr = &out
	if err := cmd.Run(); err != nil {
		return 0, fmt.Errorf("%s, %v, %s: %w\n%s", s.Implementation, s.Group, op, err, &out)
	}
	m := instructions.FindSubmatch(out.Bytes())
	if m == nil {
		return 0, fmt.Errorf("valgrind gave no count:\n%s", &out)
	}
	return strconv.Atoi(strings.ReplaceAll(string(m[1]), ",", ""))
}

// work makes ready for every step, and does one of them.
func work(t string) error {
	var implementation, group, op string
	var n int
	if _, err := fmt.Sscan(t, &implementation, &group, &op, &n); err != nil {
		return err
	}
	groups, err := choose([]string{group})
	if err != nil {
		return err
	}
	for _, s := range bench.Subjects(groups) {
		if s.Implementation == implementation {
			return repeat(s.Exchange, op, n)
		}
	}
	return fmt.Errorf("no %s of %s", group, implementation)
}

func repeat(e bench.Exchange, op string, n int) error {
	var clients [times]bench.Finisher
	var shares, answers [times][]byte
	var err error
	for i := range times {
		if clients[i], shares[i], err = e.Share(); err != nil {
			return err
		}
		if _, answers[i], err = e.Answer(shares[i]); err != nil {
			return err
		}
	}
	for i := range n {
		switch op {
		case bench.ClientShare:
			_, _, err = e.Share()
		case bench.ServerAnswer:
			_, _, err = e.Answer(shares[i])
		case bench.ClientFinish:
			_, err = clients[i].Finish(answers[i])
		}
		if err != nil {
			return err
		}
	}
	return nil
}
