package peers

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

var (
	// Tshark is Wireshark without its window: the judge of what is on the
	// wire, and of the key schedule, since it decrypts from a key log.
	Tshark = Program{name: "tshark", command: "tshark"}

	// Dumpcap is the part of Wireshark that captures.
	Dumpcap = Program{name: "dumpcap", command: "dumpcap"}
)

// A Capture records what passes over one loopback port.
type Capture struct {
	tb      testing.TB
	file    string
	port    int
	dumpcap *process
}

// StartCapture records the port of a loopback address until [Capture.Stop], or
// the end of the test. To capture takes root, or the rights that Debian gives
// to the group wireshark; without them tshark counts as missing.
func StartCapture(tb testing.TB, addr string) *Capture {
	tb.Helper()
	_, digits, err := net.SplitHostPort(addr)
	if err != nil {
		tb.Fatal(err)
	}
	port, err := strconv.Atoi(digits)
	if err != nil {
		tb.Fatal(err)
	}
	c := &Capture{tb: tb, port: port, file: filepath.Join(tb.TempDir(), "capture.pcapng")}
	cmd := exec.Command(Dumpcap.Path(tb), "-q", "-i", "lo", "-f", fmt.Sprintf("port %d", port),
		"-w", c.file, "-a", "duration:300") // no orphan for long, whatever happens to the test
	cmd.Env = environment(tb)
	c.dumpcap = start(tb, cmd)
	if err := c.mark("start of capture"); errors.Is(err, errCaptureEnded) {
		Missing(tb, Tshark.name, fmt.Errorf("no right to capture? %s", c.dumpcap.output))
	} else if err != nil {
		tb.Fatal(err)
	}
	return c
}

// Stop ends the capture, when all that was sent before is in the file.
func (c *Capture) Stop() {
	c.tb.Helper()
	if err := c.mark("end of capture"); err != nil {
		c.tb.Fatal(err)
	}
	c.dumpcap.cmd.Process.Signal(os.Interrupt)
	if !c.dumpcap.endsWithin(Limit) {
		c.tb.Fatal("dumpcap does not end")
	}
}

var errCaptureEnded = errors.New("dumpcap ended")

// mark sends a datagram to the port, where nobody receives it, until it is in
// the file: dumpcap neither says when it begins nor when it has written all.
func (c *Capture) mark(text string) error {
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer conn.Close()
	to := &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: c.port}
	for end := time.Now().Add(Limit); time.Now().Before(end); {
		if _, err := conn.WriteTo([]byte(text), to); err != nil {
			return err
		}
		if c.dumpcap.endsWithin(50 * time.Millisecond) {
			return errCaptureEnded
		}
		if captured, err := os.ReadFile(c.file); err == nil && bytes.Contains(captured, []byte(text)) {
			return nil
		}
	}
	return fmt.Errorf("%q not captured after %v", text, Limit)
}

// Conversation returns the application data of the first TCP connection, both
// directions, as tshark decrypts it with a key log; an empty one is none.
func (c *Capture) Conversation(keyLog []byte) string {
	c.tb.Helper()
	return c.tshark(keyLog, "-q", "-z", "follow,tls,ascii,0")
}

// Fields returns fields of Wireshark's in the packets that its display filter
// selects: a line for each packet, with a tab between fields.
func (c *Capture) Fields(keyLog []byte, filter string, fields ...string) string {
	c.tb.Helper()
	args := []string{"-Y", filter, "-T", "fields"}
	for _, field := range fields {
		args = append(args, "-e", field)
	}
	return c.tshark(keyLog, args...)
}

// Bytes returns the capture as it is in the file.
func (c *Capture) Bytes() []byte {
	c.tb.Helper()
	captured, err := os.ReadFile(c.file)
	if err != nil {
		c.tb.Fatal(err)
	}
	return captured
}

// tshark reads the capture with arguments for what to print.
func (c *Capture) tshark(keyLog []byte, args ...string) string {
	c.tb.Helper()
	cmd := []string{Tshark.Path(c.tb), "-n", "-r", c.file, "-d", fmt.Sprintf("tcp.port==%d,tls", c.port)}
	if len(keyLog) > 0 {
		file := filepath.Join(c.tb.TempDir(), "keylog")
		if err := os.WriteFile(file, keyLog, 0o600); err != nil {
			c.tb.Fatal(err)
		}
		cmd = append(cmd, "-o", "tls.keylog_file:"+file)
	}
	out, err := run(c.tb, append(cmd, args...), environment(c.tb), "")
	if err != nil {
		c.tb.Fatal(err)
	}
	return string(out)
}
