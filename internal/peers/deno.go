package peers

import "testing"

// Deno is Deno 2.9, which has rustls. Its groups cannot be chosen. As a client
// it lists X25519MLKEM768 without a share for it, so that a server which wants
// that group has to send a HelloRetryRequest; it does not tell what was
// negotiated.
var Deno = DenoPeer{Program{name: "Deno 2.9.6", file: ".peers/node_modules/@deno/linux-x64-glibc/deno"}}

// A DenoPeer drives [Deno].
type DenoPeer struct{ Program }

// Post makes a POST request, or a GET request if the body is empty.
func (d DenoPeer) Post(tb testing.TB, url, body string, c *Credentials) (*Visit, error) {
	tb.Helper()
	arg := asJSON(request{URL: url, Root: c.RootFile})
	return visit(tb, d.command(tb, "deno_client.js", arg), denoEnvironment(tb), body)
}

// Serve starts a server with X25519MLKEM768, X25519, P-256 and P-384.
func (d DenoPeer) Serve(tb testing.TB, c *Credentials) *Server {
	tb.Helper()
	arg := asJSON(service{Certificate: c.CertificateFile, Key: c.KeyFile})
	return serve(tb, d.command(tb, "deno_server.js", arg), denoEnvironment(tb))
}

func (d DenoPeer) command(tb testing.TB, name, arg string) []string {
	tb.Helper()
	return []string{
		d.Path(tb), "run", "--quiet", "--no-config", "--no-lock", "--no-remote",
		"--allow-read", "--allow-net=localhost,127.0.0.1", script(tb, name), arg,
	}
}

func denoEnvironment(tb testing.TB) []string {
	tb.Helper()
	return environment(tb, "NO_COLOR=1", "DENO_NO_UPDATE_CHECK=1")
}
