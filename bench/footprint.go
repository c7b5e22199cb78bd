package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"github.com/pqkx/pqkx"
)

// footprint measures the size of programs and the memory of connections.
func (r *run) footprint(ctx context.Context) error {
	if err := r.programs(ctx); err != nil {
		return err
	}
	c, err := NewCredential(ECDSA)
	if err != nil {
		return err
	}
	stacks := Stacks(r.Groups, c)
	for i, s := range stacks {
		if err := ctx.Err(); err != nil {
			return err
		}
		r.calibrate()
		r.progress(0.8+0.2*float64(i)/float64(len(stacks)), "memory of connections")
		results, err := connectionMemory(s, r.rounds(3, 5))
		if err != nil {
			return err
		}
		r.report.add(results...)
	}
	return nil
}

// Names, in place of a group, of programs with many groups.
const (
	AllGroups     = "all"
	DefaultGroups = "default"
)

// constructors are how a program gets each group.
var constructors = map[pqkx.NamedGroup]string{
	pqkx.X25519:                   "x25519.Group()",
	pqkx.Secp256r1:                "nist.P256()",
	pqkx.Secp384r1:                "nist.P384()",
	pqkx.Secp521r1:                "nist.P521()",
	pqkx.MLKEM512:                 "mlkem.MLKEM512()",
	pqkx.MLKEM768:                 "mlkem.MLKEM768()",
	pqkx.MLKEM1024:                "mlkem.MLKEM1024()",
	pqkx.X25519MLKEM768:           "hybrid.X25519MLKEM768()",
	pqkx.SecP256r1MLKEM768:        "hybrid.SecP256r1MLKEM768()",
	pqkx.SecP384r1MLKEM1024:       "hybrid.SecP384r1MLKEM1024()",
	pqkx.X25519Kyber768Draft00:    "hybrid.X25519Kyber768Draft00()",
	pqkx.SecP256r1Kyber768Draft00: "hybrid.SecP256r1Kyber768Draft00()",
}

// A program is a client and a server of one host with some groups.
type program struct{ host, group, source string }

const ourProgram = `package main

import (
	"net"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/%s"
	"github.com/pqkx/pqkx/tls13"
)

func main() {
	p, err := pqkx.New(%s)
	if err != nil {
		panic(err)
	}
	c, s := net.Pipe()
	go tls13.Server(s, &tls13.Config{Provider: p}).Handshake()
	tls13.Client(c, &tls13.Config{Provider: p}).Handshake()
}
`

const standardProgram = `package main

import (
	"crypto/tls"
	"net"
)

func main() {
	c, s := net.Pipe()
	go tls.Server(s, &tls.Config{}).Handshake()
	tls.Client(c, &tls.Config{}).Handshake()
}
`

func (r *run) programList() []program {
	list := []program{
		{HostCryptoTLS, AllGroups, standardProgram},
		{HostTLS13, AllGroups, fmt.Sprintf(ourProgram, "preset", "preset.All().Groups()...")},
		{HostTLS13, DefaultGroups, fmt.Sprintf(ourProgram, "preset", "preset.Default().Groups()...")},
	}
	for _, g := range r.Groups {
		if call, ok := constructors[g.ID()]; ok {
			name, _, _ := strings.Cut(call, ".")
			list = append(list, program{HostTLS13, g.ID().String(), fmt.Sprintf(ourProgram, name, call)})
		}
	}
	return list
}

// programs builds programs without debugging symbols and takes their size. It
// needs the go command and this module's source around the working directory.
func (r *run) programs(ctx context.Context) error {
	const what = "size of programs"
	module, err := moduleFolder(ctx)
	if err != nil {
		r.report.skip(err.Error(), what)
		return ctx.Err()
	}
	dir, err := os.MkdirTemp("", "pqkx-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	list := r.programList()
	sizes, errs := make([]int64, len(list)), make([]error, len(list))
	for i := range list { // two at a time: linking is one thread's work
		r.progress(0.8*float64(i)/float64(len(list)), "size of programs")
		if i%2 == 1 {
			continue
		}
		var pair sync.WaitGroup
		for j := i; j < min(i+2, len(list)); j++ {
			pair.Go(func() { sizes[j], errs[j] = list[j].build(ctx, module, filepath.Join(dir, strconv.Itoa(j))) })
		}
		pair.Wait()
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for i, p := range list {
		base := Result{Kind: Footprint, Host: p.host, Group: p.group, Metric: "program", Unit: "B"}
		r.report.add(base.summarize([]float64{float64(sizes[i])}))
	}
	return nil
}

// moduleFolder returns where this module's source is.
func moduleFolder(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-f", "{{.Dir}}", "github.com/pqkx/pqkx").Output()
	if err != nil {
		return "", errors.New("this module's source and the go command are not at hand")
	}
	return strings.TrimSpace(string(out)), nil
}

// build builds the program in a new folder and returns its size.
func (p *program) build(ctx context.Context, module, dir string) (int64, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return 0, err
	}
	source, binary := filepath.Join(dir, "main.go"), filepath.Join(dir, "program")
	if err := os.WriteFile(source, []byte(p.source), 0o600); err != nil {
		return 0, err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-ldflags=-s -w", "-o", binary, source)
	cmd.Dir = module
	if out, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("go build with %s and %s: %w\n%s", p.host, p.group, err, out)
	}
	info, err := os.Stat(binary)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// open is how many connections are held at a time to weigh them.
const open = 32

// connectionMemory weighs established, idle connections: the heap that is left
// when nothing else refers to it, of clients and of servers.
func connectionMemory(s Stack, rounds int) ([]Result, error) {
	var client, server []float64
	for range rounds + 1 {
		clients, servers := make([]Conn, open), make([]Conn, open)
		before := heap()
		for i := range open {
			var err error
			if clients[i], servers[i], err = s.Run(); err != nil {
				return nil, err
			}
		}
		both := heap()
		clear(clients)
		serversAlone := heap()
		runtime.KeepAlive(servers)
		client = append(client, (both-serversAlone)/open)
		server = append(server, (serversAlone-before)/open)
	}
	base := s.result(Footprint)
	base.Metric, base.Unit, base.Role = "connection", "B", Client
	clientResult := base.summarize(client[1:]) // the first one warms caches
	base.Role = Server
	return []Result{clientResult, base.summarize(server[1:])}, nil
}

// heap is the heap in use after a collection; the second one is for what
// finalizers and pools held on to.
func heap() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}
