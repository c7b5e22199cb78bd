package auto

import (
	"crypto/fips140"
	"crypto/tls"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/host/cryptotls"
)

func TestParse(t *testing.T) {
	if fips140.Enforced() {
		t.Skip("only approved groups are there to be named")
	}
	p, err := parse("X25519Kyber768Draft00:x25519mlkem768:X25519")
	if err != nil {
		t.Fatal(err)
	}
	want := []pqkx.NamedGroup{pqkx.X25519Kyber768Draft00, pqkx.X25519MLKEM768, pqkx.X25519}
	if got := p.SupportedGroups(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for list, text := range map[string]string{
		"X25519MLKEM768:":         `no group ""; there are X25519MLKEM768,`,
		"x25519:0x6399":           `no group "0x6399"`,
		"x25519 X25519MLKEM768":   "no group",
		"x25519:X25519":           "two groups",
		"X25519Kyber768Draft00,x": "no group",
	} {
		if _, err := parse(list); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%q: error %v, want one with %q", list, err, text)
		}
	}
}

// asProgram in the environment makes the test binary print what a client of
// crypto/tls offers in this process.
const asProgram = "PQKX_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		printOffer()
		return
	}
	os.Exit(m.Run())
}

func printOffer() {
	client, server := net.Pipe()
	go func() {
		defer client.Close()
		tls.Client(client, &tls.Config{ServerName: "localhost", CurvePreferences: []tls.CurveID{tls.X25519}}).Handshake()
	}()
	tls.Server(server, &tls.Config{GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		for _, id := range hello.SupportedCurves {
			os.Stdout.WriteString(id.String() + " ")
		}
		os.Exit(0)
		return nil, nil
	}}).Handshake()
}

func offer(t *testing.T, groups string) (string, error) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), asProgram+"=1", variable+"="+groups)
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func TestVariable(t *testing.T) {
	if fips140.Enabled() {
		t.Skip("crypto/tls keeps its own groups in FIPS mode")
	}
	const list = "X25519Kyber768Draft00:X25519MLKEM768"
	if ok, _ := cryptotls.Available(); !ok {
		if got, err := offer(t, list); got != "X25519" || err != nil {
			t.Errorf("without the overlay: %q, %v; want what the program says", got, err)
		}
		return
	}
	if got, err := offer(t, list); got != "X25519Kyber768Draft00 X25519MLKEM768" || err != nil {
		t.Errorf("with a list: %q, %v", got, err)
	}
	if got, err := offer(t, ""); got != "X25519" || err != nil {
		t.Errorf("without a list: %q, %v; want what the program says", got, err)
	}
	if got, err := offer(t, "nothing"); err == nil || !strings.HasPrefix(got, "pqkx: "+variable+": no group") {
		t.Errorf("with an unknown name: %q, %v", got, err)
	}
}
