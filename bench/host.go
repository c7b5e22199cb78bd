package bench

import (
	"crypto/tls"
	"fmt"
	"net"
	"slices"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/tls13"
)

// Names of hosts.
const (
	HostTLS13     = "tls13"
	HostCryptoTLS = "crypto/tls"
)

// A Conn is a TLS connection of any host.
type Conn interface {
	net.Conn
	Handshake() error
}

// A Stack is a client and a server of one host, set up for one group.
type Stack struct {
	Host        string
	Group       pqkx.NamedGroup
	Certificate string
	Variant     string

	Client, Server func(net.Conn) Conn

	// negotiated returns the group of a client's finished handshake and
	// whether there was a HelloRetryRequest.
	negotiated func(Conn) (pqkx.NamedGroup, bool)

	// away, if set, is the process that has the stack. Client and Server are
	// nil then.
	away *overlaid
}

// Stacks returns the hosts that have each group, in the order of the groups.
func Stacks(groups []pqkx.Group, c *Credential) []Stack {
	var stacks []Stack
	for _, g := range groups {
		stacks = append(stacks, tls13Stack(c, "", offering(g), offering(g), g.ID()))
		if slices.Contains(standardGroups, g.ID()) {
			stacks = append(stacks, cryptoTLSStack(c, "", []pqkx.NamedGroup{g.ID()}, g.ID()))
		}
	}
	return stacks
}

// Variants returns the stacks in which the client offers more than one group:
// a hybrid with its classical half, and a first share that the server does not
// want.
func Variants(groups []pqkx.Group, c *Credential) []Stack {
	var stacks []Stack
	for _, g := range groups {
		if half := component(g, groups); half != nil {
			stacks = append(stacks,
				tls13Stack(c, SharedShare, offering(g, half), offering(g), g.ID()),
				tls13Stack(c, SeparateShare, offering(hidden{g}, half), offering(g), g.ID()))
			if slices.Contains(standardGroups, g.ID()) {
				stacks = append(stacks, cryptoTLSStack(c, SharedShare, []pqkx.NamedGroup{g.ID(), half.ID()}, g.ID()))
			}
		}
		if other := another(g, groups); other != nil {
			p, err := offering(other, g).WithShares(other.ID())
			if err != nil {
				panic(err) // the group is in the provider
			}
			stacks = append(stacks, tls13Stack(c, Retry, p, offering(g), g.ID()))
		}
		if first := retriedFrom(g.ID()); first != 0 && slices.Contains(standardGroups, g.ID()) {
			stacks = append(stacks, cryptoTLSStack(c, Retry, []pqkx.NamedGroup{first, g.ID()}, g.ID()))
		}
	}
	return stacks
}

// another returns a classical group other than g: x25519 if it can.
func another(g pqkx.Group, groups []pqkx.Group) pqkx.Group {
	for _, want := range []pqkx.NamedGroup{pqkx.X25519, pqkx.Secp256r1} {
		i := slices.IndexFunc(groups, func(h pqkx.Group) bool { return h.ID() == want })
		if i >= 0 && want != g.ID() {
			return groups[i]
		}
	}
	return nil
}

// standardGroups are those that crypto/tls has, in the order of its preference,
// which nobody can change.
var standardGroups = []pqkx.NamedGroup{
	pqkx.X25519MLKEM768, pqkx.SecP256r1MLKEM768, pqkx.SecP384r1MLKEM1024,
	pqkx.X25519, pqkx.Secp256r1, pqkx.Secp384r1, pqkx.Secp521r1,
}

// retriedFrom returns a group for which crypto/tls sends a share while it
// sends none for id, or zero if there is none: it always sends one for the
// first of its order, and for the classical half of that.
func retriedFrom(id pqkx.NamedGroup) pqkx.NamedGroup {
	switch id {
	case pqkx.X25519MLKEM768:
		return 0
	case pqkx.X25519:
		return pqkx.SecP256r1MLKEM768
	}
	return pqkx.X25519MLKEM768
}

func tls13Stack(c *Credential, variant string, client, server *pqkx.Provider, id pqkx.NamedGroup) Stack {
	clientConfig := &tls13.Config{Provider: client, RootCAs: c.Roots, ServerName: serverName, NextProtos: nextProtos, HandshakeTimeout: -1}
	serverConfig := &tls13.Config{Provider: server, Certificates: []tls.Certificate{c.Leaf}, NextProtos: nextProtos, HandshakeTimeout: -1}
	return Stack{
		Host: HostTLS13, Group: id, Certificate: c.Kind, Variant: variant,
		Client: func(conn net.Conn) Conn { return tls13.Client(conn, clientConfig) },
		Server: func(conn net.Conn) Conn { return tls13.Server(conn, serverConfig) },
		negotiated: func(conn Conn) (pqkx.NamedGroup, bool) {
			s := conn.(*tls13.Conn).ConnectionState()
			return s.Group, s.HelloRetryRequest
		},
	}
}

// cryptoTLSStack is stock crypto/tls. The server wants the last of the groups.
func cryptoTLSStack(c *Credential, variant string, groups []pqkx.NamedGroup, id pqkx.NamedGroup) Stack {
	var curves []tls.CurveID
	for _, g := range groups {
		curves = append(curves, tls.CurveID(g))
	}
	client := &tls.Config{RootCAs: c.Roots, ServerName: serverName, NextProtos: nextProtos,
		CurvePreferences: curves, MinVersion: tls.VersionTLS13}
	server := &tls.Config{Certificates: []tls.Certificate{c.Leaf}, NextProtos: nextProtos,
		CurvePreferences: []tls.CurveID{tls.CurveID(id)}, MinVersion: tls.VersionTLS13, SessionTicketsDisabled: true}
	return Stack{
		Host: HostCryptoTLS, Group: id, Certificate: c.Kind, Variant: variant,
		Client: func(conn net.Conn) Conn { return tls.Client(conn, client) },
		Server: func(conn net.Conn) Conn { return tls.Server(conn, server) },
		negotiated: func(conn Conn) (pqkx.NamedGroup, bool) {
			s := conn.(*tls.Conn).ConnectionState()
			return pqkx.NamedGroup(s.CurveID), s.HelloRetryRequest
		},
	}
}

// Run runs a handshake over a connection in memory, the server in a goroutine
// of its own, and returns the two connections.
func (s *Stack) Run() (client, server Conn, err error) {
	c, d := newPipe()
	client, server = s.Client(c), s.Server(d)
	done := make(chan error, 1)
	go func() { done <- handshakeOn(server, d) }()
	if err := handshakeOn(client, c); err != nil {
		return nil, nil, err
	}
	return client, server, <-done
}

// handshakeOn runs one side and sends its last flight, or closes the
// connection so that the other side does not wait for it.
func handshakeOn(conn Conn, e *end) error {
	err := conn.Handshake()
	if err != nil {
		e.Close()
	}
	e.flush()
	return err
}

// check tells whether a handshake of the stack came out as it should, so that no
// figure is of something else.
func (s *Stack) check() error {
	if s.away != nil {
		_, err := s.away.ask(*s, errandCheck, 0)
		return err
	}
	client, _, err := s.Run()
	if err != nil {
		return fmt.Errorf("%s with %v: %w", s.Host, s.Group, err)
	}
	if id, retried := s.negotiated(client); id != s.Group || retried != (s.Variant == Retry) {
		return fmt.Errorf("%s with %v %s: negotiated %v, HelloRetryRequest %v", s.Host, s.Group, s.Variant, id, retried)
	}
	return nil
}

// result is what results of this stack have in common.
func (s *Stack) result(kind string) Result {
	return Result{Kind: kind, Host: s.Host, Group: s.Group.String(), Operation: TLSHandshake, Certificate: s.Certificate, Variant: s.Variant}
}
