package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/tls13"
)

const connectDoc = `
Connect shakes hands with a TLS 1.3 server and tells on stderr what was offered
and what was negotiated. Then it sends stdin to the server and prints what comes
back; or, with --http PATH, it asks for that path and prints the answer; or, with
--json, it prints what was negotiated on stdout and ends. The port is 443 unless
HOST:PORT has one.

If a server took a classical group although a post-quantum one was offered,
connect makes a second connection, which offers post-quantum groups alone and
ends after the handshake: if the server accepts that, there is a warning.
`

// connectOptions are the flags of connect.
type connectOptions struct {
	selection
	ca, serverName, alpn, keylog string
	path                         string
	include, insecure, json      bool
	probe                        bool
	timeout                      time.Duration
}

func runConnect(ctx context.Context, args []string, std stdio) error {
	f := newFlags("connect", "HOST:PORT", connectDoc)
	var o connectOptions
	o.register(f)
	f.StringVar(&o.ca, "ca", "", "`FILE` with the roots to trust in PEM (default the system's)")
	f.BoolVar(&o.insecure, "insecure", false, "go on whatever the certificate")
	f.StringVar(&o.serverName, "servername", "", "`NAME` to send and to verify (default HOST)")
	f.StringVar(&o.alpn, "alpn", "", "`LIST` of application protocols to offer (default http/1.1 with --http)")
	f.StringVar(&o.keylog, "keylog", "", "`FILE` to append the connection's secrets to, for Wireshark")
	f.StringVar(&o.path, "http", "", "`PATH` to ask for over HTTP/1.1")
	f.BoolVar(&o.include, "include", false, "with --http, print the answer's status and header as well")
	f.BoolVar(&o.json, "json", false, "print what was negotiated as JSON, and end")
	f.BoolVar(&o.probe, "probe", true, "make the second connection")
	f.DurationVar(&o.timeout, "timeout", 10*time.Second, "`DURATION` that connecting, the handshake and,\nwith --http, each wait for data may take")
	operands, err := f.parse(args, 1, std)
	if err != nil {
		return err
	}
	switch {
	case o.json && o.path != "":
		return usagef("--json and --http exclude each other")
	case o.include && o.path == "":
		return usagef("--include needs --http")
	case o.path != "" && !strings.HasPrefix(o.path, "/"):
		return usagef("--http: the path has to start with /")
	case o.timeout <= 0:
		return usagef("--timeout: %v is not positive", o.timeout)
	}
	return o.connect(ctx, operands[0], std)
}

// connect makes the connection and does with it what the flags say.
func (o *connectOptions) connect(ctx context.Context, target string, std stdio) error {
	host, address, err := splitTarget(target)
	if err != nil {
		return err
	}
	config, err := o.config(host)
	if err != nil {
		return err
	}
	closeLog, err := openKeyLog(config, o.keylog)
	if err != nil {
		return err
	}
	defer closeLog()

	c, err := dial(ctx, address, config, o.timeout)
	if err != nil {
		return err
	}
	defer c.conn.Close()
	facts := newFacts(address, c, config)
	if o.json {
		c.conn.Close() // a server of one thread has time for the second connection then
	}
	l := &lookout{address, config, o.probe, min(o.timeout, probeTimeout)}
	facts.Warning, facts.Note = l.look(ctx, c.state)
	if o.json {
		return printJSON(std.out, facts)
	}
	facts.print(std.err)
	if o.path != "" {
		return o.get(ctx, c.conn, httpHost(config.ServerName, address), std)
	}
	return pipe(ctx, c.conn, std)
}

// config makes the client's configuration.
func (o *connectOptions) config(host string) (*tls13.Config, error) {
	provider, err := o.provider()
	if err != nil {
		return nil, err
	}
	config := &tls13.Config{
		Provider:           provider,
		ServerName:         host,
		InsecureSkipVerify: o.insecure,
		NextProtos:         splitList(o.alpn),
		HandshakeTimeout:   o.timeout,
	}
	if o.serverName != "" {
		config.ServerName = o.serverName
	}
	if o.path != "" && config.NextProtos == nil {
		config.NextProtos = []string{"http/1.1"}
	}
	if o.ca != "" {
		data, err := os.ReadFile(o.ca)
		if err != nil {
			return nil, err
		}
		if config.RootCAs, err = parsePool(o.ca, data); err != nil {
			return nil, err
		}
	}
	return config, nil
}

// splitTarget takes host:port, host, [v6]:port, v6 or the start of a URL apart.
func splitTarget(target string) (host, address string, err error) {
	target = strings.TrimSuffix(strings.TrimPrefix(target, "https://"), "/")
	host, port, err := net.SplitHostPort(target)
	if err != nil {
		host, port = target, "443"
		if strings.HasPrefix(target, "[") && strings.HasSuffix(target, "]") {
			host = strings.Trim(target, "[]")
		}
		if strings.ContainsAny(host, ":[]") && net.ParseIP(host) == nil {
			return "", "", usagef("%q is not host:port", target)
		}
	}
	if host == "" || port == "" || strings.Contains(target, "/") {
		return "", "", usagef("%q is not host:port", target)
	}
	return host, net.JoinHostPort(host, port), nil
}

// A connection is a handshake that is done.
type connection struct {
	conn  *tls13.Conn
	state tls13.ConnectionState
	took  time.Duration // of the handshake
}

// dial connects and shakes hands within the timeout.
func dial(ctx context.Context, address string, config *tls13.Config, timeout time.Duration) (*connection, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("no answer within %v", timeout))
	defer cancel()
	var d net.Dialer
	raw, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, causeOf(ctx, err)
	}
	conn := tls13.Client(raw, config)
	start := time.Now()
	if err := conn.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, explainFailure(causeOf(ctx, err), config.Provider)
	}
	return &connection{conn, conn.ConnectionState(), time.Since(start)}, nil
}

// causeOf says why ctx ended, if it has, in place of what came of that.
func causeOf(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// explainFailure adds to an error what its user can do about it.
func explainFailure(err error, p *pqkx.Provider) error {
	var alert *tls13.PeerAlertError
	var authority x509.UnknownAuthorityError
	var hostname x509.HostnameError
	switch {
	case errors.As(err, &alert):
		return explainAlert(alert, p)
	case errors.As(err, &authority):
		return fmt.Errorf("%w; --ca FILE names a root to trust, --insecure goes on without", err)
	case errors.As(err, &hostname):
		return fmt.Errorf("%w; --servername NAME asks for another name", err)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the server closed the connection during the handshake")
	}
	return err
}

func explainAlert(alert *tls13.PeerAlertError, p *pqkx.Provider) error {
	switch alert.Alert {
	case tls13.AlertHandshakeFailure, tls13.AlertInsufficientSecurity:
		if p.Policy() == pqkx.Require {
			return fmt.Errorf("policy require: the server accepts no post-quantum group that was offered (%s): %w",
				joinNames(p.SupportedGroups()), alert)
		}
		return fmt.Errorf("the server accepts no group that was offered (%s): %w", joinNames(p.SupportedGroups()), alert)
	case tls13.AlertProtocolVersion:
		return fmt.Errorf("the server does not speak TLS 1.3: %w", alert)
	case tls13.AlertNoApplicationProtocol:
		return fmt.Errorf("the server speaks no protocol that was offered, see --alpn: %w", alert)
	}
	return alert
}
