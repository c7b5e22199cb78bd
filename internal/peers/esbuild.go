package peers

import (
	"os/exec"
	"strings"
	"testing"
)

// Esbuild is esbuild 0.25.4, whose server is Go 1.23's crypto/tls: the last one
// of Go that knows X25519Kyber768Draft00.
var Esbuild = EsbuildPeer{Program{name: "esbuild 0.25.4", file: ".peers/node_modules/@esbuild/linux-x64/bin/esbuild"}}

// An EsbuildPeer drives [Esbuild].
type EsbuildPeer struct{ Program }

// Serve starts a server of the files in dir. It accepts X25519Kyber768Draft00
// and the classical groups.
func (e EsbuildPeer) Serve(tb testing.TB, c *Credentials, dir string) *Server {
	tb.Helper()
	cmd := exec.Command(e.Path(tb), "--serve=127.0.0.1:0", "--servedir="+dir,
		"--certfile="+c.CertificateFile, "--keyfile="+c.KeyFile)
	cmd.Env = environment(tb, "GODEBUG=tlskyber=1")
	addr := start(tb, cmd).waitFor(tb, after("https://"))
	return &Server{Addr: strings.TrimSuffix(addr, "/")}
}
