//go:build linux

// Command init is the one process of the machine that scripts/test-avx512
// emulates. It runs as Linux's process 1: it checks that the processor has the
// AVX-512 which the backend needs, runs the test binaries, reports on standard
// output, the serial console, and powers the machine off.
//
// The initramfs holds /flags, which names the test flags, one a line, /env, the
// environment, one name=value a line, and for each package, of path P below the
// root of the module, its directory /src/P with the test binary test.bin in it.
// /packages lists the paths.
//
// Every line of the report starts with "guest: ". The last one, and only of a
// run without any failure, is "guest: N passed".
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// required lists what the AVX-512 backend uses, in the spelling of /proc/cpuinfo.
// Linux leaves out what the processor has and the kernel did not enable.
var required = []string{"avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512vbmi", "avx512_vbmi2"}

func main() {
	if err := run(); err != nil {
		fmt.Println("guest: FAIL:", err)
	}
	drain()
	err := syscall.Reboot(syscall.LINUX_REBOOT_CMD_POWER_OFF)
	fmt.Println("guest: no power off:", err)
}

func run() error {
	if err := mount(); err != nil {
		return err
	}
	if err := checkProcessor(); err != nil {
		return err
	}
	packages, err1 := lines("/packages")
	flags, err2 := lines("/flags")
	env, err3 := lines("/env")
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}

	failed := 0
	for _, pkg := range packages {
		start := time.Now()
		if err := test(pkg, flags, env); err != nil {
			failed++
			fmt.Printf("guest: FAIL %s: %v\n", pkg, err)
			continue
		}
		fmt.Printf("guest: ok %s (%.1f s of its own clock)\n", pkg, time.Since(start).Seconds())
	}
	if failed > 0 || len(packages) == 0 {
		return fmt.Errorf("%d of %d failed", failed, len(packages))
	}
	fmt.Printf("guest: %d passed\n", len(packages))
	return nil
}

// drain waits until the serial line has sent all of the report, which powering
// off would cut. It is tcdrain: the ioctl TCSBRK with an argument that is not 0.
func drain() {
	const tcsbrk = 0x5409
	syscall.Syscall(syscall.SYS_IOCTL, os.Stdout.Fd(), tcsbrk, 1)
}

func mount() error {
	for _, fs := range []struct{ kind, dir string }{
		{"proc", "/proc"}, {"sysfs", "/sys"}, {"devtmpfs", "/dev"}, {"tmpfs", "/tmp"},
	} {
		if err := os.MkdirAll(fs.dir, 0o755); err != nil {
			return err
		}
		if err := syscall.Mount(fs.kind, fs.dir, fs.kind, 0, ""); err != nil {
			return fmt.Errorf("mount %s: %w", fs.dir, err)
		}
	}
	return nil
}

func checkProcessor() error {
	info, err := lines("/proc/cpuinfo")
	if err != nil {
		return err
	}
	var model string
	var has []string
	for _, line := range info {
		key, value, _ := strings.Cut(line, ":")
		switch strings.TrimSpace(key) {
		case "model name":
			model = strings.TrimSpace(value)
		case "flags":
			has = strings.Fields(value)
		}
	}
	for _, flag := range required {
		if !slices.Contains(has, flag) {
			return fmt.Errorf("the processor %q lacks %s", model, flag)
		}
	}
	fmt.Printf("guest: %s with %s\n", model, strings.Join(required, " "))
	return nil
}

// test runs the test binary of a package. One in which no test matched is a
// failure, as nothing was tested.
func test(pkg string, flags, env []string) error {
	var output bytes.Buffer
	both := io.MultiWriter(os.Stdout, &output)
	dir := filepath.Join("/src", pkg)
	cmd := exec.Command(filepath.Join(dir, "test.bin"), flags...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, env, both, both
	if err := cmd.Run(); err != nil {
		return err
	}
	if bytes.Contains(output.Bytes(), []byte("no tests to run")) {
		return errors.New("no tests to run")
	}
	return nil
}

// lines returns the lines of a file, without empty ones.
func lines(name string) ([]string, error) {
	content, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	all := strings.Split(string(content), "\n")
	return slices.DeleteFunc(all, func(line string) bool { return line == "" }), nil
}
