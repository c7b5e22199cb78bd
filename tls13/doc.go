// Package tls13 is a small TLS 1.3 stack (RFC 8446, re-issued as RFC 9846) that
// takes every key exchange from a pqkx.Provider and names no group itself. It
// is meant to be read beside the RFC: a handshake is the list of steps in
// client.go and server.go, each named after what it sends or receives.
//
//	config := &tls13.Config{Provider: preset.Default()}
//	conn, err := tls13.Dial("tcp", "example.com:443", config)
//
// A [Conn] is a net.Conn. On the server side, http.Server.Serve takes the
// listener of [Listen]; on the client side, http.Transport.DialTLSContext takes
// [Dialer.DialContext].
//
// In scope: the three AEAD cipher suites of RFC 8446; server certificates with
// ECDSA, Ed25519 and RSA-PSS; server name, ALPN and record size limit;
// HelloRetryRequest with cookie; KeyUpdate; exporters; GREASE; middlebox
// compatibility. Out of scope: TLS 1.2 and older, 0-RTT, resumption (tickets
// are read and dropped) and client certificates (a server that asks for one
// gets an empty answer).
package tls13
