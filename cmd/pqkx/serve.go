package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"

	"github.com/pqkx/pqkx/tls13"
)

const serveDoc = `
Serve is an HTTPS server with a page that tells each visitor which group their
browser negotiated and whether that resists a quantum computer; /json has the
same for programs. With --to it has no page, and forwards the decrypted stream
of every connection to a plain TCP service, and its answer back.

It prints its URL on stdout, and a line for each connection on stderr. SIGINT or
SIGTERM end it.

Without --cert and --key it makes a certificate at start, which nobody trusts:
a browser warns, and one may go on. With --ca-out FILE its root is written to
FILE, for clients to trust: pqkx connect --ca FILE, or curl --cacert FILE.
`

// serveOptions are the flags of serve.
type serveOptions struct {
	selection
	listen, to       string
	cert, key, caOut string
	alpn, keylog     string
	alpnGiven        bool
	told             string // what to say once the server is up
}

func runServe(ctx context.Context, args []string, std stdio) error {
	f := newFlags("serve", "", serveDoc)
	var o serveOptions
	o.register(f)
	f.StringVar(&o.listen, "listen", "127.0.0.1:4433", "`HOST:PORT` to listen on; port 0 takes a free one")
	f.StringVar(&o.to, "to", "", "`HOST:PORT` of a plain service to forward to")
	f.StringVar(&o.cert, "cert", "", "`FILE` with the certificate chain in PEM")
	f.StringVar(&o.key, "key", "", "`FILE` with the private key in PEM")
	f.StringVar(&o.caOut, "ca-out", "", "`FILE` to write the root of the made certificate to")
	f.StringVar(&o.alpn, "alpn", "", "`LIST` of application protocols (default http/1.1 for the page, none with --to)")
	f.StringVar(&o.keylog, "keylog", "", "`FILE` to append the secrets of every connection to, for Wireshark")
	if _, err := f.parse(args, 0, std); err != nil {
		return err
	}
	if o.to != "" {
		if _, port, err := net.SplitHostPort(o.to); err != nil || port == "" {
			return usagef("--to: %q is not host:port", o.to)
		}
	}
	o.alpnGiven = f.given("alpn")
	return o.run(ctx, std)
}

func (o *serveOptions) run(ctx context.Context, std stdio) error {
	log := newLogger(std.err)
	config, closeLog, err := o.config()
	if err != nil {
		return err
	}
	defer closeLog()
	ln, err := tls13.Listen("tcp", o.listen, config)
	if err != nil {
		return err
	}
	defer ln.Close()
	if o.told != "" {
		log.printf("%s", o.told)
	}
	if !isLoopback(ln.Addr()) {
		log.printf("warning: %v can be reached from other machines", ln.Addr())
	}
	s := &server{config: config, log: log}
	scheme := "https"
	if o.to != "" {
		scheme, s.service = "tls", newForwarder(o.to, log)
	} else {
		s.service, s.redirectHTTP = newPage(config.Provider, log), true
	}
	if _, err := fmt.Fprintln(std.out, serverURL(scheme, ln.Addr())); err != nil {
		return err
	}
	return s.serve(ctx, ln)
}

// config makes the server's configuration.
func (o *serveOptions) config() (config *tls13.Config, closeLog func(), err error) {
	provider, err := o.provider()
	if err != nil {
		return nil, nil, err
	}
	cert, err := o.certificate()
	if err != nil {
		return nil, nil, err
	}
	config = &tls13.Config{Provider: provider, Certificates: []tls.Certificate{cert}}
	switch {
	case o.alpnGiven:
		config.NextProtos = splitList(o.alpn)
	case o.to == "":
		config.NextProtos = []string{"http/1.1"}
	}
	closeLog, err = openKeyLog(config, o.keylog)
	return config, closeLog, err
}

// certificate loads the certificate, or makes one and has that told.
func (o *serveOptions) certificate() (tls.Certificate, error) {
	switch {
	case (o.cert == "") != (o.key == ""):
		return tls.Certificate{}, usagef("--cert and --key go together")
	case o.cert != "" && o.caOut != "":
		return tls.Certificate{}, usagef("--ca-out is for a certificate that serve makes, not for --cert")
	case o.cert != "":
		return loadCertificate(o.cert, o.key)
	}
	var names []string
	if host, _, err := net.SplitHostPort(o.listen); err == nil && host != "" && !isUnspecified(host) {
		names = append(names, host)
	}
	m, err := makeCertificate(names...)
	if err != nil {
		return tls.Certificate{}, err
	}
	if o.caOut == "" {
		o.told = "made a certificate that browsers will warn of; --ca-out FILE writes its root, for clients to trust"
		return m.leaf, nil
	}
	if err := os.WriteFile(o.caOut, m.root.PEM(), 0o644); err != nil {
		return tls.Certificate{}, err
	}
	o.told = fmt.Sprintf("made a certificate; its root is in %s: pqkx connect --ca %[1]s, or curl --cacert %[1]s", o.caOut)
	return m.leaf, nil
}

// loadCertificate reads a chain and its key. Every error names the file, or both
// where they do not fit.
func loadCertificate(cert, key string) (tls.Certificate, error) {
	c, err := tls.LoadX509KeyPair(cert, key)
	var path *fs.PathError
	if err != nil && !errors.As(err, &path) {
		err = fmt.Errorf("%s and %s: %w", cert, key, err)
	}
	return c, err
}

// openKeyLog makes config append its secrets to file, if one is named.
func openKeyLog(config *tls13.Config, file string) (closeLog func(), err error) {
	if file == "" {
		return func() {}, nil
	}
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	config.KeyLogWriter = f
	return func() { f.Close() }, nil
}

// splitList splits at commas, and drops spaces and what is empty.
func splitList(list string) []string {
	var items []string
	for s := range strings.SplitSeq(list, ",") {
		if s = strings.TrimSpace(s); s != "" {
			items = append(items, s)
		}
	}
	return items
}

func isLoopback(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

func isUnspecified(host string) bool {
	ip := net.ParseIP(host)
	return ip != nil && ip.IsUnspecified()
}

// serverURL is where a client on this machine reaches addr.
func serverURL(scheme string, addr net.Addr) string {
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return scheme + "://" + addr.String()
	}
	if isUnspecified(host) {
		host = "localhost"
	}
	url := scheme + "://" + net.JoinHostPort(host, port)
	if scheme == "https" {
		url += "/"
	}
	return url
}
