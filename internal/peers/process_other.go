//go:build !unix

package peers

import "os/exec"

// There are no process groups, and no peers, on such a system.

func ownGroup(*exec.Cmd) {}

func killGroup(c *exec.Cmd) error { return c.Process.Kill() }
