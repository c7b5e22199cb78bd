package peers

import (
	"embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

//go:embed js
var scripts embed.FS

// script writes one of the embedded scripts to a file, which lives as long as
// the test, and returns its path.
func script(tb testing.TB, name string) string {
	tb.Helper()
	text, err := scripts.ReadFile("js/" + name)
	if err != nil {
		tb.Fatal(err)
	}
	path := filepath.Join(tb.TempDir(), name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// request is the argument of the client scripts.
type request struct {
	URL    string `json:"url"`
	Root   string `json:"root"`
	Groups string `json:"groups,omitempty"`
	Label  string `json:"label,omitempty"` // of the exporter
}

// service is the argument of the server scripts.
type service struct {
	Certificate string `json:"certificate"`
	Key         string `json:"key"`
	Groups      string `json:"groups,omitempty"`
}

func asJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // request and service are strings alone
	}
	return string(text)
}

// visit runs a client script and parses what it prints.
func visit(tb testing.TB, cmd, env []string, body string) (*Visit, error) {
	tb.Helper()
	out, err := run(tb, cmd, env, body)
	if err != nil {
		return nil, err
	}
	v := new(Visit)
	if err := json.Unmarshal(out, v); err != nil {
		return nil, fmt.Errorf("%s printed %q: %w", filepath.Base(cmd[0]), out, err)
	}
	return v, nil
}

// serve starts a server script and waits for its port.
func serve(tb testing.TB, cmd, env []string) *Server {
	tb.Helper()
	c := exec.Command(cmd[0], cmd[1:]...)
	c.Env = env
	port, err := strconv.Atoi(start(tb, c).waitFor(tb, after("port ")))
	if err != nil {
		tb.Fatal(err)
	}
	return serverOn(port)
}
