package peers

import (
	"os/exec"
	"syscall"
)

// ownGroup puts a peer and what it starts, a browser's many processes, into a
// process group of their own, and has the peer killed if this process is.
func ownGroup(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// killGroup ends the process group of a peer.
func killGroup(c *exec.Cmd) error {
	return syscall.Kill(-c.Process.Pid, syscall.SIGKILL)
}
