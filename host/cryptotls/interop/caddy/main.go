// Command caddy is Caddy with post-quantum groups: its own main, and one import.
package main

import (
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/pqkx/pqkx/host/cryptotls/auto"
)

func main() { caddycmd.Main() }
