package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

func TestMain(m *testing.M) {
	if os.Getenv(task) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestCount(t *testing.T) {
	if testing.Short() {
		t.Skip("runs under valgrind")
	}
	if _, err := exec.LookPath("valgrind"); err != nil {
		t.Skip(err)
	}
	var out bytes.Buffer
	if err := run(context.Background(), &out, []string{"mlkem512"}); err != nil {
		t.Fatal(err)
	}
	// Five digits at least: a negative or tiny count is a difference of noise.
	row := regexp.MustCompile(`(?m)^ *MLKEM512 +(ours|circl)( +[0-9]{5,7}){4}$`)
	if got := row.FindAllString(out.String(), -1); len(got) != 2 {
		t.Errorf("rows %q in\n%s", got, &out)
	}
}

func TestRefuses(t *testing.T) {
	if _, err := choose([]string{"x25518"}); err == nil || !strings.Contains(err.Error(), "x25518") {
		t.Errorf("an unknown group: %v", err)
	}
	for _, bad := range []string{"ours", "ours x25519 client-share many", "theirs x25519 client-share 1", "ours none client-share 1"} {
		if work(bad) == nil {
			t.Errorf("the task %q was done", bad)
		}
	}
}
