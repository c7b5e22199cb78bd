package tls13

import (
	"context"
	"net"
)

// Dial connects to addr and runs the handshake as a client. If config has no
// ServerName, the host of addr is taken.
func Dial(network, addr string, config *Config) (*Conn, error) {
	return dial(context.Background(), new(net.Dialer), network, addr, config)
}

// A Dialer dials TLS 1.3 connections.
type Dialer struct {
	NetDialer *net.Dialer // for the connection below; nil means the zero Dialer
	Config    *Config     // required
}

// DialContext connects to addr and runs the handshake as a client. The
// connection is a [*Conn]. It fits http.Transport.DialTLSContext.
func (d *Dialer) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	netDialer := d.NetDialer
	if netDialer == nil {
		netDialer = new(net.Dialer)
	}
	conn, err := dial(ctx, netDialer, network, addr, d.Config)
	if err != nil {
		return nil, err // not a nil *Conn in an interface
	}
	return conn, nil
}

func dial(ctx context.Context, d *net.Dialer, network, addr string, config *Config) (*Conn, error) {
	if config != nil && config.ServerName == "" {
		host, _, err := net.SplitHostPort(addr)
		if err != nil {
			return nil, err
		}
		named := *config
		named.ServerName = host
		config = &named
	}
	raw, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	conn := Client(raw, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, err
	}
	return conn, nil
}

// Listen listens on laddr and returns a listener whose connections are [*Conn]
// servers. Accept does not wait for handshakes: the first Read or Write does.
func Listen(network, laddr string, config *Config) (net.Listener, error) {
	if err := config.check(false); err != nil {
		return nil, err
	}
	inner, err := net.Listen(network, laddr)
	if err != nil {
		return nil, err
	}
	return NewListener(inner, config), nil
}

// NewListener returns a listener whose connections are [*Conn] servers on those
// of inner.
func NewListener(inner net.Listener, config *Config) net.Listener {
	return &listener{inner, config}
}

type listener struct {
	net.Listener
	config *Config
}

func (l *listener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return Server(conn, l.config), nil
}
