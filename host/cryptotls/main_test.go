package cryptotls

import (
	"crypto/fips140"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/pqkx/pqkx/internal/overlay"
	"github.com/pqkx/pqkx/preset"
)

// inner in the environment marks a run of the tests under the overlay.
const inner = "PQKX_TEST_OVERLAID"

// needsOverlay skips a test in a program without the overlay. TestUnderOverlay
// runs it in one that has it.
func needsOverlay(tb testing.TB) {
	tb.Helper()
	if ok, reason := Available(); !ok {
		if os.Getenv(inner) != "" {
			tb.Fatal(reason)
		}
		tb.Skip("runs in TestUnderOverlay")
	}
	if fips140.Enabled() && tb.Name() != "TestFIPS" {
		tb.Skip("crypto/tls keeps its own groups in FIPS mode: TestFIPS")
	}
	tb.Cleanup(func() { set(tb, nil) })
}

// TestUnderOverlay builds this package's tests with the overlay and runs them.
func TestUnderOverlay(t *testing.T) {
	if ok, _ := Available(); ok {
		t.Skip("is the overlaid run itself")
	}
	out, err := overlaidTests(t, "-run=^Test|^Example", ".", "./auto")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for line := range strings.Lines(out) {
		if strings.HasPrefix(strings.TrimSpace(line), "--- SKIP") {
			t.Log(strings.TrimSpace(line))
		}
	}
	t.Logf("%d passed under the overlay", strings.Count(out, "--- PASS"))
}

// overlaidTests runs go test with the overlay for the toolchain in use.
func overlaidTests(t *testing.T, args ...string) (string, error) {
	t.Helper()
	tc, err := overlay.Find(t.Context(), ".")
	if err != nil {
		t.Fatal(err)
	}
	o, err := overlay.Make(tc)
	if err != nil {
		t.Fatal(err)
	}
	path, err := o.Write(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	args = append([]string{"test", "-v", "-count=1", "-overlay", path}, args...)
	if raceEnabled {
		args = append(args, "-race")
	}
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Env = append(os.Environ(), inner+"=1", "GODEBUG=")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestNotAvailable(t *testing.T) {
	ok, reason := Available()
	if ok {
		if reason != "" {
			t.Errorf("available, with the reason %q", reason)
		}
		t.Skip("has the overlay")
	}
	if !strings.Contains(reason, "without the overlay") {
		t.Errorf("reason %q", reason)
	}
	if err := Use(preset.Default()); !errors.Is(err, ErrNotAvailable) || !strings.Contains(err.Error(), "pqkx overlay") {
		t.Errorf("Use: error %v, want ErrNotAvailable and a hint", err)
	}
	// Nothing has changed.
	client, server := handshake(t, pair(t))
	if client.CurveID.String() != "X25519MLKEM768" || server.CurveID != client.CurveID {
		t.Errorf("client has %v, server %v", client.CurveID, server.CurveID)
	}
}
