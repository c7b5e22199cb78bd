package peers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// environment returns what a peer finds set: where programs are, a home of its
// own, and extra. Nothing that steers TLS leaks in from the test's environment,
// such as GODEBUG, NODE_OPTIONS or SSLKEYLOGFILE.
func environment(tb testing.TB, extra ...string) []string {
	tb.Helper()
	home := tb.TempDir()
	return append([]string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + home,
		"TMPDIR=" + home,
		"LANG=C.UTF-8",
	}, extra...)
}

// run runs a peer until it exits and returns what it printed. An error has what
// it said on standard error.
func run(tb testing.TB, cmd []string, env []string, stdin string) (stdout []byte, err error) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), Limit)
	defer cancel()

	var out, complaint bytes.Buffer
	c := exec.CommandContext(ctx, cmd[0], cmd[1:]...)
	c.Env, c.Stdin, c.Stdout, c.Stderr = env, strings.NewReader(stdin), &out, &complaint
	ownGroup(c)
	c.Cancel = func() error { return killGroup(c) }
	c.WaitDelay = time.Second
	if err := c.Run(); err != nil {
		if ctx.Err() != nil {
			err = fmt.Errorf("%w after %v", err, Limit)
		}
		return out.Bytes(), fmt.Errorf("%s: %w\n%s", filepath.Base(cmd[0]), err, complaint.Bytes())
	}
	return out.Bytes(), nil
}

// A process is a peer that runs until its test ends.
type process struct {
	name   string
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	output *transcript   // standard output and standard error, or what is left of them
	exited chan struct{} // closed when the process is gone
}

// start starts a peer. Its standard input stays open as long as it may run: some
// of the peers that serve take the end of it as their own.
func start(tb testing.TB, c *exec.Cmd) *process {
	tb.Helper()
	p := &process{
		name:   filepath.Base(c.Path),
		cmd:    c,
		output: newTranscript(),
		exited: make(chan struct{}),
	}
	stdin, err := c.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	p.stdin = stdin
	if c.Stdout == nil {
		c.Stdout = p.output
	}
	c.Stderr = p.output
	c.WaitDelay = time.Second
	ownGroup(c)
	if err := c.Start(); err != nil {
		tb.Fatal(err)
	}
	go func() {
		c.Wait() // how a peer ends, killed as a rule, says nothing
		close(p.exited)
	}()
	tb.Cleanup(func() {
		p.stop()
		if tb.Failed() {
			tb.Logf("%s said:\n%s", p.name, p.output)
		}
	})
	return p
}

// stop ends the process and those that it started, and waits for it. One that
// is gone is left alone: its number may belong to another by now.
func (p *process) stop() {
	p.stdin.Close()
	if !p.endsWithin(0) {
		killGroup(p.cmd)
		<-p.exited
	}
}

// endsWithin reports whether the process is gone, after d at most.
func (p *process) endsWithin(d time.Duration) bool {
	select {
	case <-p.exited:
		return true
	case <-time.After(d):
		return false
	}
}

// waitFor returns the result of match on the first line of output that it
// accepts.
func (p *process) waitFor(tb testing.TB, match func(line string) (result string, ok bool)) string {
	tb.Helper()
	timeout := time.After(Limit)
	for seen := 0; ; {
		lines, more := p.output.lines()
		for ; seen < len(lines); seen++ {
			if result, ok := match(lines[seen]); ok {
				return result
			}
		}
		select {
		case <-more:
		case <-p.exited:
			tb.Fatalf("%s ended before it was ready", p.name)
		case <-timeout:
			tb.Fatalf("%s was not ready after %v", p.name, Limit)
		}
	}
}

// after is a match for waitFor: what follows prefix on a line.
func after(prefix string) func(string) (string, bool) {
	return func(line string) (string, bool) {
		_, rest, ok := strings.Cut(line, prefix)
		return strings.TrimSpace(rest), ok
	}
}

// A transcript collects what a process says, up to a limit that no peer reaches
// unless something is wrong.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{} // closed, and replaced, by each write
}

const maxTranscript = 1 << 20

var errTalkative = errors.New("peer says too much")

func newTranscript() *transcript { return &transcript{more: make(chan struct{})} }

func (t *transcript) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.text.Len()+len(b) > maxTranscript {
		return 0, errTalkative
	}
	t.text.Write(b)
	close(t.more)
	t.more = make(chan struct{})
	return len(b), nil
}

// lines returns the complete lines so far, and a channel that is closed when
// there is more.
func (t *transcript) lines() ([]string, <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := strings.SplitAfter(t.text.String(), "\n")
	return lines[:len(lines)-1], t.more
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}
