package peers

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"testing"
	"time"
)

var (
	// Chromium is Debian's, a person's browser of today. It offers
	// X25519MLKEM768 and X25519, each with a share.
	Chromium = ChromiumPeer{Program{name: "Chromium (Debian)", command: "chromium"}}

	// Chromium130 is of October 2024, the last release with the draft of
	// Kyber. It offers X25519Kyber768Draft00 and X25519, each with a share.
	// Nobody mends its faults: it is for loopback only.
	Chromium130 = ChromiumPeer{Program{name: "Chromium 130", file: ".peers/chromium-130"}}
)

// A ChromiumPeer drives [Chromium] or [Chromium130].
type ChromiumPeer struct{ Program }

// flags make a browser quiet and let it accept our certificate. It runs as
// root in CI, where it has no sandbox; what it visits is our own.
var flags = []string{
	"--headless",
	"--no-sandbox",
	"--disable-gpu",
	"--disable-quic",
	"--no-first-run",
	"--disable-background-networking",
	"--disable-component-update",
	"--disable-sync",
	"--ignore-certificate-errors",
	"--remote-debugging-pipe",
}

// A Browser is a running Chromium with one page.
type Browser struct {
	Product string // name and version, by its own account

	process  *process
	devtools *devtools
	page     string // DevTools session
}

// Start starts a browser with a new and empty profile. It ends with the test.
func (c ChromiumPeer) Start(tb testing.TB) *Browser {
	tb.Helper()
	cmd := exec.Command(c.Path(tb), append(flags, "--user-data-dir="+tb.TempDir())...)
	cmd.Env = environment(tb)
	d, theirs, err := newDevtools()
	if err != nil {
		tb.Fatal(err)
	}
	cmd.ExtraFiles = theirs
	b := &Browser{devtools: d, process: start(tb, cmd)}
	for _, f := range theirs {
		f.Close()
	}
	tb.Cleanup(b.close) // before that of process: the profile is at rest then
	if err := b.open(); err != nil {
		tb.Fatalf("%v: %v", c, err)
	}
	return b
}

// open makes the page and has its events reported.
func (b *Browser) open() error {
	if err := b.devtools.setDeadline(time.Now().Add(Limit)); err != nil {
		return err
	}
	var version struct{ Product string }
	if err := b.devtools.call("", "Browser.getVersion", nil, &version); err != nil {
		return err
	}
	b.Product = version.Product

	var target struct{ TargetID string }
	params := map[string]any{"url": "about:blank"}
	if err := b.devtools.call("", "Target.createTarget", params, &target); err != nil {
		return err
	}
	var attached struct{ SessionID string }
	params = map[string]any{"targetId": target.TargetID, "flatten": true}
	if err := b.devtools.call("", "Target.attachToTarget", params, &attached); err != nil {
		return err
	}
	b.page = attached.SessionID
	for _, method := range []string{"Network.enable", "Page.enable"} {
		if err := b.devtools.call(b.page, method, nil, nil); err != nil {
			return err
		}
	}
	params = map[string]any{"enabled": true}
	return b.devtools.call(b.page, "Page.setLifecycleEventsEnabled", params, nil)
}

// close asks the browser to end, and leaves it to the process to insist.
func (b *Browser) close() {
	b.devtools.setDeadline(time.Now().Add(time.Second))
	if b.devtools.call("", "Browser.close", nil, nil) == nil {
		b.process.endsWithin(5 * time.Second)
	}
	b.devtools.close()
}

// Get opens an HTML page and returns its text and what the browser says of the
// connection. A failure has the browser's own name for it, such as
// net::ERR_SSL_PROTOCOL_ERROR.
func (b *Browser) Get(url string) (*Visit, error) {
	if err := b.devtools.setDeadline(time.Now().Add(Limit)); err != nil {
		return nil, err
	}
	b.devtools.events = nil // of the page before
	var navigation struct{ LoaderID, ErrorText string }
	if err := b.devtools.call(b.page, "Page.navigate", map[string]any{"url": url}, &navigation); err != nil {
		return nil, err
	}
	if navigation.ErrorText != "" {
		return nil, fmt.Errorf("%s: %s", url, navigation.ErrorText)
	}
	v, err := b.awaitPage(navigation.LoaderID)
	if err != nil {
		return nil, err
	}
	v.Body, err = b.Evaluate("document.body.innerText")
	return v, err
}

// awaitPage waits until the page that loader loads is complete. Events of
// another loader are late ones of the page before.
func (b *Browser) awaitPage(loader string) (*Visit, error) {
	v := new(Visit)
	for {
		m, err := b.devtools.event(b.page)
		if err != nil {
			return nil, err
		}
		if m.Method != "Network.responseReceived" && m.Method != "Page.lifecycleEvent" {
			continue
		}
		var event pageEvent
		if err := json.Unmarshal(m.Params, &event); err != nil {
			return nil, err
		}
		switch {
		case event.LoaderID != loader:
		case event.Type == "Document":
			security := event.Response.SecurityDetails
			v.Status = event.Response.Status
			v.Group, v.Version, v.Cipher = security.KeyExchangeGroup, security.Protocol, security.Cipher
		case event.Name == "load":
			return v, nil
		}
	}
}

// A pageEvent has the parameters of Network.responseReceived and
// Page.lifecycleEvent that matter here.
type pageEvent struct {
	LoaderID string
	Name     string // Page.lifecycleEvent
	Type     string // Network.responseReceived, as the next
	Response struct {
		Status          int
		SecurityDetails struct{ Protocol, KeyExchangeGroup, Cipher string }
	}
}

// Evaluate returns the value of a JavaScript expression on the page, a string or
// the promise of one.
func (b *Browser) Evaluate(expression string) (string, error) {
	if err := b.devtools.setDeadline(time.Now().Add(Limit)); err != nil {
		return "", err
	}
	var evaluated struct {
		Result           struct{ Value string }
		ExceptionDetails *struct {
			Exception struct{ Description string }
		}
	}
	params := map[string]any{"expression": expression, "awaitPromise": true, "returnByValue": true}
	if err := b.devtools.call(b.page, "Runtime.evaluate", params, &evaluated); err != nil {
		return "", err
	}
	if e := evaluated.ExceptionDetails; e != nil {
		return "", fmt.Errorf("page: %s", e.Exception.Description)
	}
	return evaluated.Result.Value, nil
}
