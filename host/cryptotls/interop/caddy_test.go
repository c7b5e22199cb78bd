package interop_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/internal/peers"
)

// caddyfile serves a page with the certificate given. {$NAME} is Caddy's own
// notation for the environment.
const caddyfile = `{
	admin off
	auto_https off
	persist_config off
}
https://127.0.0.1:{$PORT}, https://localhost:{$PORT} {
	bind 127.0.0.1
	tls {$CERTIFICATE} {$KEY}
	header Content-Type text/html
	respond "served by Caddy"
}
`

// buildCaddy builds Caddy with the overlay of this very test.
func buildCaddy(t *testing.T) string {
	t.Helper()
	overlay := os.Getenv("PQKX_OVERLAY")
	if overlay == "" {
		t.Fatal("PQKX_OVERLAY has to name the overlay; scripts/test-overlay sets it")
	}
	program := filepath.Join(t.TempDir(), "caddy")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-overlay", overlay, "-o", program, "./caddy")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// startCaddy starts the server and returns its URL. groups is what who runs it
// says in the environment, if anything.
func startCaddy(t *testing.T, program, groups string, c *peers.Credentials) string {
	t.Helper()
	dir := t.TempDir()
	config := filepath.Join(dir, "Caddyfile")
	if err := os.WriteFile(config, []byte(caddyfile), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	l.Close()
	cmd := exec.CommandContext(t.Context(), program, "run", "--config", config, "--adapter", "caddyfile")
	cmd.Env = []string{
		"HOME=" + dir, "XDG_DATA_HOME=" + dir, "XDG_CONFIG_HOME=" + dir,
		"PORT=" + port, "CERTIFICATE=" + c.CertificateFile, "KEY=" + c.KeyFile,
	}
	if groups != "" {
		cmd.Env = append(cmd.Env, "PQKX_GROUPS="+groups)
	}
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("Caddy:\n%s", log.String())
		}
	})
	awaitPort(t, port)
	return fmt.Sprintf("https://127.0.0.1:%s/", port)
}

func awaitPort(t *testing.T, port string) {
	t.Helper()
	for end := time.Now().Add(peers.Limit); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if conn, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
			conn.Close()
			return
		}
	}
	t.Fatal("Caddy does not listen")
}

// TestCaddy serves the browsers. Caddy has a fixed list of groups, so the
// obsolete one takes a word in the environment.
func TestCaddy(t *testing.T) {
	program := buildCaddy(t)
	c := peers.NewCredentials(t)
	const list = "X25519MLKEM768:X25519Kyber768Draft00:x25519"
	for _, test := range []struct {
		name    string // short, for it is in the path of a socket of Chromium's
		browser peers.ChromiumPeer
		groups  string
		want    pqkx.NamedGroup
	}{
		{"new", peers.Chromium, "", pqkx.X25519MLKEM768},
		{"old", peers.Chromium130, "", pqkx.X25519},
		{"new list", peers.Chromium, list, pqkx.X25519MLKEM768},
		{"old list", peers.Chromium130, list, pqkx.X25519Kyber768Draft00},
	} {
		t.Run(test.name, func(t *testing.T) {
			url := startCaddy(t, program, test.groups, c)
			b := test.browser.Start(t)
			v, err := b.Get(url)
			if err != nil {
				t.Fatal(err)
			}
			if v.Body != "served by Caddy" || !peers.SameGroup(v.Group, test.want) {
				t.Errorf("%s got %q over %s, want %v", b.Product, v.Body, v.Group, test.want)
			}
			t.Logf("%s: %s, %s", b.Product, v.Version, v.Group)
		})
	}
}
