package link

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// ErrKernel means that this system or user cannot have a path through the
// kernel.
var ErrKernel = errors.New("link: the kernel's TCP needs Linux, root, network namespaces and TUN")

// patience bounds a connection.
const patience = time.Minute

// A kernel is a path between two network namespaces that it made, joined
// through TUN devices.
type kernel struct {
	client, server     *namespace
	toServer, toClient *direction
	listener           net.Listener
	carriers           sync.WaitGroup
}

// NewKernel returns a path of the kernel's own TCP, on the real clock. The
// addresses are of RFC 5737 and exist in the two namespaces alone, which go
// when the path is closed. The error wraps [ErrKernel] where it cannot be had.
func NewKernel(params Params) (Path, error) {
	if err := params.check(); err != nil {
		return nil, err
	}
	if os.Geteuid() != 0 {
		return nil, fmt.Errorf("%w: not root", ErrKernel)
	}
	k := new(kernel)
	if err := k.start(params); err != nil {
		k.Close()
		return nil, err
	}
	return k, nil
}

func (k *kernel) start(params Params) error {
	var err error
	if k.client, err = newNamespace(clientAddr.As4()); err != nil {
		return err
	}
	if k.server, err = newNamespace(serverAddr.As4()); err != nil {
		return err
	}
	k.toServer = k.join(params, k.client.tun, k.server.tun)
	k.toClient = k.join(params, k.server.tun, k.client.tun)
	address := net.JoinHostPort(serverAddr.String(), fmt.Sprint(port))
	k.server.run(func() {
		var config net.ListenConfig
		config.SetMultipathTCP(false)
		k.listener, err = config.Listen(context.Background(), "tcp4", address)
	})
	return err
}

// join carries packets of IPv4 from one device to another, until from is
// closed. A kernel sends others too, which would use up draws.
func (k *kernel) join(params Params, from, to *os.File) *direction {
	start := time.Now()
	d := &direction{
		params:  params,
		now:     func() time.Duration { return time.Since(start) },
		after:   func(delay time.Duration, f func()) { time.AfterFunc(delay, f) },
		deliver: func(packet []byte) { to.Write(packet) }, // fails when the path is closed
	}
	k.carriers.Go(func() {
		buf := make([]byte, 2*MTU)
		for {
			n, err := from.Read(buf)
			if err != nil {
				return
			}
			if n > 0 && buf[0]>>4 == 4 {
				d.send(append([]byte(nil), buf[:n]...))
			}
		}
	})
	return d
}

// Connect implements [Path].
func (k *kernel) Connect(seed uint64, server, client func(net.Conn) error) (Stats, error) {
	toServer, toClient := seeds(seed)
	k.toServer.reset(toServer)
	k.toClient.reset(toClient)
	served := make(chan error, 1)
	go func() {
		conn, err := k.listener.Accept()
		if err == nil {
			err = converse(conn, server)
		}
		served <- err
	}()
	var stats Stats
	var conn net.Conn
	var err error
	start := time.Now()
	k.client.run(func() {
		dialer := net.Dialer{Timeout: patience}
		dialer.SetMultipathTCP(false)
		conn, err = dialer.Dial("tcp4", k.listener.Addr().String())
	})
	if err != nil {
		return stats, err // and the path is of no more use
	}
	err = converse(conn, func(conn net.Conn) error {
		err := client(conn)
		stats.Latency = time.Since(start)
		return err
	})
	err = errors.Join(err, <-served)
	stats.Packets, stats.Dropped = counts(k.toServer, k.toClient)
	return stats, err
}

// converse runs f on a connection for a bounded time and closes it.
func converse(conn net.Conn, f func(net.Conn) error) error {
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	return f(conn)
}

// Close implements [Path].
func (k *kernel) Close() error {
	if k.listener != nil {
		k.listener.Close()
	}
	for _, ns := range []*namespace{k.client, k.server} {
		if ns != nil {
			ns.close()
		}
	}
	k.carriers.Wait()
	return nil
}

// A namespace is a network namespace with a TUN device, and a thread in it.
type namespace struct {
	tun  *os.File
	work chan func()
}

// newNamespace makes a namespace whose device has the address, in a network of
// four addresses.
func newNamespace(addr [4]byte) (*namespace, error) {
	ns := &namespace{work: make(chan func())}
	ready := make(chan error)
	go func() {
		// The thread stays in the namespace, so it is never unlocked: it ends
		// with this goroutine.
		runtime.LockOSThread()
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			ns.tun, err = openTUN(addr)
		}
		if err != nil {
			ready <- fmt.Errorf("%w: %w", ErrKernel, err)
			return
		}
		ready <- nil
		for f := range ns.work {
			f()
		}
	}()
	if err := <-ready; err != nil {
		return nil, err
	}
	return ns, nil
}

// run runs f on the thread, where sockets belong to the namespace.
func (ns *namespace) run(f func()) {
	done := make(chan struct{})
	ns.work <- func() {
		defer close(done)
		f()
	}
	<-done
}

func (ns *namespace) close() {
	ns.tun.Close()
	close(ns.work)
}

// openTUN makes a TUN device in the namespace of the calling thread, gives it
// an address and turns it on.
func openTUN(addr [4]byte) (*os.File, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("/dev/net/tun: %w", err)
	}
	if err := configure(fd, addr); err != nil {
		unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), "tun"), nil
}

func configure(fd int, addr [4]byte) error {
	const device = "pqkx0"
	request := func() *unix.Ifreq {
		r, err := unix.NewIfreq(device)
		if err != nil {
			panic(err) // the name is not too long
		}
		return r
	}
	control, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(control)
	attach, address, mask, size, up := request(), request(), request(), request(), request()
	attach.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	size.SetUint32(MTU)
	up.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	err = errors.Join(address.SetInet4Addr(addr[:]), mask.SetInet4Addr([]byte{255, 255, 255, 252}))
	for _, step := range []struct {
		fd      int
		command uint
		request *unix.Ifreq
	}{
		{fd, unix.TUNSETIFF, attach},
		{control, unix.SIOCSIFADDR, address},
		{control, unix.SIOCSIFNETMASK, mask},
		{control, unix.SIOCSIFMTU, size},
		{control, unix.SIOCSIFFLAGS, up},
	} {
		if err == nil {
			if failed := unix.IoctlIfreq(step.fd, step.command, step.request); failed != nil {
				err = os.NewSyscallError("ioctl", failed.(syscall.Errno))
			}
		}
	}
	return err
}
