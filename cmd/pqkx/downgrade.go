package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/tls13"
)

// probeTimeout bounds the second connection: a server that serves one client at
// a time does not answer while the first one is open, and its user waits.
const probeTimeout = 3 * time.Second

// A lookout finds out whether a server that took a classical group accepts a
// post-quantum one as well, which one handshake does not show.
type lookout struct {
	address string
	config  *tls13.Config // of the first connection
	probe   bool          // ask the server, if it does not tell by itself
	timeout time.Duration
}

// look returns a warning, or else a note on what is known, or neither for a
// connection that resists a quantum computer.
func (l *lookout) look(ctx context.Context, first tls13.ConnectionState) (warning, note string) {
	if first.PostQuantum {
		return "", ""
	}
	strict, err := l.config.Provider.WithPolicy(pqkx.Require)
	if err != nil {
		return "", "no post-quantum group was offered"
	}
	better, told := toldBetter(first, strict)
	switch {
	case told:
	case !l.probe:
		return "", "--probe=false: whether the server accepts a post-quantum group is not known"
	default:
		if better, err = l.ask(ctx, strict); err != nil {
			return "", refusal(err)
		}
	}
	return fmt.Sprintf("server took %v although it also accepts %v", first.Group, better), ""
}

// toldBetter looks for a post-quantum group of ours in what the server told of
// itself.
func toldBetter(first tls13.ConnectionState, strict *pqkx.Provider) (pqkx.NamedGroup, bool) {
	for _, id := range first.ServerGroups {
		if _, ok := strict.Group(id); ok {
			return id, true
		}
	}
	return 0, false
}

// ask makes a second connection that offers post-quantum groups alone. Its
// certificate does not matter: nothing is sent on it.
func (l *lookout) ask(ctx context.Context, strict *pqkx.Provider) (pqkx.NamedGroup, error) {
	c, err := dial(ctx, l.address, &tls13.Config{
		Provider:           strict,
		ServerName:         l.config.ServerName,
		InsecureSkipVerify: true,
		NextProtos:         l.config.NextProtos,
		HandshakeTimeout:   l.timeout,
	}, l.timeout)
	if err != nil {
		return 0, err
	}
	c.conn.Close()
	return c.state.Group, nil
}

// refusal says what the failure of the second connection means.
func refusal(err error) string {
	if isRefusal(err) {
		return "the server accepts none of the post-quantum groups that were offered"
	}
	return "whether the server accepts a post-quantum group is not known: " + oneLine(err)
}

// isRefusal reports whether the peer found no group that it would take.
func isRefusal(err error) bool {
	var alert *tls13.PeerAlertError
	return errors.As(err, &alert) &&
		(alert.Alert == tls13.AlertHandshakeFailure || alert.Alert == tls13.AlertInsufficientSecurity)
}
