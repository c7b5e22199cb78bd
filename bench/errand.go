package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/host/cryptotls"
)

// ServeOverlaid makes handshakes of crypto/tls with the groups of this module
// in use, as it is asked to on in, until that ends. [Run] starts a program that
// does nothing else, built with the overlay of package host/cryptotls; in one
// built without it there is an error at once.
func ServeOverlaid(in io.Reader, out io.Writer) error {
	if ok, reason := cryptotls.Available(); !ok {
		return errors.New(reason)
	}
	runner := &errandRunner{servers: newServerThread(), credentials: map[string]*Credential{}, stacks: map[errand]Stack{}}
	defer runner.servers.stop()
	asked, answers := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var e errand
		if err := asked.Decode(&e); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		var r reply
		values, err := runner.run(e)
		if r.Values = values; err != nil {
			r.Error = err.Error()
		}
		if err := answers.Encode(r); err != nil {
			return err
		}
	}
}

// An errandRunner keeps what an errand leaves for the next.
type errandRunner struct {
	servers     *serverThread
	credentials map[string]*Credential
	stacks      map[errand]Stack // by certificate and group
}

func (r *errandRunner) run(e errand) ([][]float64, error) {
	s, err := r.stack(e)
	if err != nil {
		return nil, err
	}
	switch e.What {
	case errandCheck:
		return nil, s.check()
	case errandCPU:
		defer pin()()
		values, err := timeHandshakes(s, r.servers)
		return [][]float64{values}, err
	case errandRate:
		defer cores(e.Cores)()
		values, err := handshakeRate(s, e.Cores)
		return [][]float64{values}, err
	case errandMemory:
		count, size, err := weighHandshakes(s)
		return [][]float64{count, size}, err
	}
	return nil, fmt.Errorf("bench: unknown errand %q", e.What)
}

// stack puts the group into use and returns the stack for it.
func (r *errandRunner) stack(e errand) (Stack, error) {
	groups := allGroups()
	i := slices.IndexFunc(groups, func(g pqkx.Group) bool { return g.ID() == e.Group })
	if i < 0 {
		return Stack{}, fmt.Errorf("bench: no group %v", e.Group)
	}
	if err := cryptotls.Use(offering(groups[i])); err != nil {
		return Stack{}, err
	}
	key := errand{Certificate: e.Certificate, Group: e.Group}
	if s, ok := r.stacks[key]; ok {
		return s, nil
	}
	c, err := r.credential(e.Certificate)
	if err != nil {
		return Stack{}, err
	}
	s := cryptoTLSStack(c, "", []pqkx.NamedGroup{e.Group}, e.Group)
	s.Host = HostOverlaid
	r.stacks[key] = s
	return s, nil
}

func (r *errandRunner) credential(kind string) (*Credential, error) {
	if c := r.credentials[kind]; c != nil {
		return c, nil
	}
	c, err := NewCredential(kind)
	if err == nil {
		r.credentials[kind] = c
	}
	return c, err
}
