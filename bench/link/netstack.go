package link

import (
	"errors"
	"fmt"
	"net"
	"runtime"
	"runtime/debug"
	"time"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/channel"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
)

const (
	nic  = 1
	port = 443

	// lull is how much emulated time passes between two connections, for
	// the first to be closed by both sides.
	lull = 5 * time.Second

	// collectEvery is how many connections share a garbage collection, which
	// must not fall into one of them.
	collectEvery = 64
)

var (
	clientAddr = tcpip.AddrFrom4([4]byte{192, 0, 2, 1}) // RFC 5737
	serverAddr = tcpip.AddrFrom4([4]byte{192, 0, 2, 2})
)

// A netstack is a path of two gVisor stacks.
type netstack struct {
	clock              *clock
	client, server     *stack.Stack
	toServer, toClient *direction
	listener           *gonet.TCPListener
	connections        int

	threads, percent int // what to put back
}

// NewNetstack returns a path between two gVisor stacks in this process. Until
// it is closed, the process has one thread for Go code and no garbage
// collection of its own accord, and nothing else should run in it.
func NewNetstack(params Params) (Path, error) {
	if err := params.check(); err != nil {
		return nil, err
	}
	n := &netstack{threads: runtime.GOMAXPROCS(1), percent: debug.SetGCPercent(-1)}
	n.clock = newClock()
	if err := n.start(params); err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}

func (n *netstack) start(params Params) error {
	var clientLink, serverLink *channel.Endpoint
	var err error
	if n.client, clientLink, err = newStack(n.clock, clientAddr); err != nil {
		return err
	}
	if n.server, serverLink, err = newStack(n.clock, serverAddr); err != nil {
		return err
	}
	n.toServer = n.join(params, clientLink, serverLink)
	n.toClient = n.join(params, serverLink, clientLink)
	n.listener, err = gonet.ListenTCP(n.server, tcpip.FullAddress{NIC: nic, Addr: serverAddr, Port: port}, ipv4.ProtocolNumber)
	return err
}

func newStack(c *clock, addr tcpip.Address) (*stack.Stack, *channel.Endpoint, error) {
	s := stack.New(stack.Options{
		Clock:              c,
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{tcp.NewProtocol},
	})
	ep := channel.New(1024, MTU, "")
	sack, control := tcpip.TCPSACKEnabled(true), tcpip.CongestionControlOption("cubic") // as Linux
	wait := tcpip.TCPTimeWaitTimeoutOption(time.Millisecond)
	problems := []tcpip.Error{
		s.CreateNIC(nic, ep),
		s.AddProtocolAddress(nic, tcpip.ProtocolAddress{Protocol: ipv4.ProtocolNumber, AddressWithPrefix: addr.WithPrefix()}, stack.AddressProperties{}),
		s.SetTransportProtocolOption(tcp.ProtocolNumber, &sack),
		s.SetTransportProtocolOption(tcp.ProtocolNumber, &control),
		s.SetTransportProtocolOption(tcp.ProtocolNumber, &wait),
	}
	for _, problem := range problems {
		if problem != nil {
			return s, ep, fmt.Errorf("link: gVisor stack: %v", problem)
		}
	}
	s.SetRouteTable([]tcpip.Route{{Destination: header.IPv4EmptySubnet, NIC: nic}})
	return s, ep, nil
}

// join carries what from sends to to.
func (n *netstack) join(params Params, from, to *channel.Endpoint) *direction {
	d := &direction{
		params: params,
		now:    n.clock.elapsed,
		after:  func(delay time.Duration, f func()) { n.clock.AfterFunc(delay, f) },
		deliver: func(packet []byte) {
			p := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithData(packet)})
			defer p.DecRef()
			to.InjectInbound(ipv4.ProtocolNumber, p)
		},
	}
	from.AddNotify(outlet{from, d})
	return d
}

// An outlet moves a stack's packets to the link as they are written.
type outlet struct {
	from *channel.Endpoint
	to   *direction
}

// WriteNotify implements [channel.Notification].
func (o outlet) WriteNotify() {
	for p := o.from.Read(); p != nil; p = o.from.Read() {
		view := p.ToView()
		o.to.send(append([]byte(nil), view.AsSlice()...))
		view.Release()
		p.DecRef()
	}
}

// Connect implements [Path].
func (n *netstack) Connect(seed uint64, server, client func(net.Conn) error) (Stats, error) {
	if n.connections++; n.connections%collectEvery == 0 {
		runtime.GC()
	}
	toServer, toClient := seeds(seed)
	n.toServer.reset(toServer)
	n.toClient.reset(toClient)

	var stats Stats
	done, failed := make(chan struct{}), [2]error{}
	served := make(chan struct{})
	go func() {
		defer close(served)
		failed[0] = n.serve(server)
	}()
	go func() {
		defer close(done)
		start := n.clock.elapsed()
		failed[1] = n.dial(client, func() { stats.Latency = n.clock.elapsed() - start })
		<-served
	}()
	err := n.clock.run(done)
	if err != nil {
		return stats, err // both ends are lost, and the path with them
	}
	stats.Packets, stats.Dropped = counts(n.toServer, n.toClient)
	n.toServer.reset(nil)
	n.toClient.reset(nil)
	n.clock.drain(lull)
	return stats, errors.Join(failed[:]...)
}

func (n *netstack) serve(f func(net.Conn) error) error {
	conn, err := n.listener.Accept()
	if err != nil {
		return err
	}
	defer conn.Close()
	return f(conn)
}

func (n *netstack) dial(f func(net.Conn) error, finished func()) error {
	conn, err := gonet.DialTCP(n.client, tcpip.FullAddress{NIC: nic, Addr: serverAddr, Port: port}, ipv4.ProtocolNumber)
	if err != nil {
		return err
	}
	defer conn.Close()
	err = f(conn)
	finished()
	return err
}

// Close implements [Path].
func (n *netstack) Close() error {
	if n.listener != nil {
		n.listener.Close()
	}
	for _, s := range []*stack.Stack{n.client, n.server} {
		if s != nil {
			s.Close()
		}
	}
	n.clock.drain(time.Minute)
	runtime.GOMAXPROCS(n.threads)
	debug.SetGCPercent(n.percent)
	runtime.GC()
	return nil
}
