package tls13_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/internal/certs"
	"github.com/pqkx/pqkx/preset"
	"github.com/pqkx/pqkx/tls13"
)

// exampleConfigs has a certificate for localhost, and its root for a client.
func exampleConfigs() (client, server *tls13.Config) {
	authority := must(certs.NewAuthority())
	leaf := must(authority.Issue(must(certs.NewKey()), "localhost", "127.0.0.1"))
	provider := must(preset.Default().WithPolicy(pqkx.Require))
	client = &tls13.Config{Provider: provider, RootCAs: authority.Pool()}
	server = &tls13.Config{Provider: provider, Certificates: []tls.Certificate{leaf}}
	return client, server
}

// A server that sends back what it gets, and a client.
func Example() {
	client, server := exampleConfigs()
	ln, err := tls13.Listen("tcp", "127.0.0.1:0", server)
	if err != nil {
		panic(err)
	}
	defer ln.Close()
	go func() {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		io.Copy(conn, conn)
	}()

	conn, err := tls13.Dial("tcp", ln.Addr().String(), client)
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "hello")
	conn.CloseWrite()
	answer, err := io.ReadAll(conn)
	state := conn.ConnectionState()
	fmt.Println(string(answer), err, state.Group, state.PostQuantum)
	// Output: hello <nil> X25519MLKEM768 true
}

// net/http on both sides.
func ExampleDialer() {
	client, server := exampleConfigs()
	ln, err := tls13.Listen("tcp", "127.0.0.1:0", server)
	if err != nil {
		panic(err)
	}
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "you asked for ", r.URL.Path)
	})}
	go s.Serve(ln)
	defer s.Close()

	dialer := &tls13.Dialer{Config: client}
	c := &http.Client{Transport: &http.Transport{DialTLSContext: dialer.DialContext}}
	defer c.CloseIdleConnections()
	_, port, _ := strings.Cut(ln.Addr().String(), ":")
	resp, err := c.Get("https://localhost:" + port + "/hello")
	if err != nil {
		panic(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	fmt.Println(resp.StatusCode, string(body), err)
	// Output: 200 you asked for /hello <nil>
}
