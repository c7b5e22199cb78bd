package bench

import (
	"context"
	"errors"
	"sync"

	"github.com/pqkx/pqkx/bench/link"
)

// abreast is how many paths the kernel's handshakes go over at a time. Each
// waits most of the time, and they share nothing but the processor.
const abreast = 8

// kernel runs handshakes over the kernel's TCP, on the real clock.
func (r *run) kernel(ctx context.Context, params link.Params, stacks []Stack, part func(float64) float64) error {
	var paths []link.Path
	defer func() {
		for _, p := range paths {
			p.Close()
		}
	}()
	for range abreast {
		p, err := link.NewKernel(params)
		if errors.Is(err, link.ErrKernel) {
			r.report.skip(err.Error(), "the kernel's TCP")
			return nil
		}
		if err != nil {
			return err
		}
		paths = append(paths, p)
	}
	subjects := make([]*connections, len(stacks))
	for i := range stacks {
		subjects[i] = new(connections)
	}
	rounds := r.rounds(4, 30)
	for round := range rounds {
		for i, s := range stacks {
			if err := ctx.Err(); err != nil {
				return err
			}
			r.progress(part((float64(round)+float64(i)/float64(len(stacks)))/float64(rounds)), "handshakes over the kernel's TCP, %v", params)
			if err := subjects[i].connectAll(paths, r.Seed+uint64(round*abreast), s); err != nil {
				return err
			}
		}
	}
	r.connectionResults(params, StackKernel, stacks, subjects)
	return nil
}

// connectAll runs a connection over each of the paths at the same time.
func (c *connections) connectAll(paths []link.Path, seed uint64, s Stack) error {
	var wait sync.WaitGroup
	each := make([]connections, len(paths))
	errs := make([]error, len(paths))
	for i, p := range paths {
		wait.Go(func() { errs[i] = each[i].connect(p, seed+uint64(i), s) })
	}
	wait.Wait()
	for _, e := range each {
		c.latencies = append(c.latencies, e.latencies...)
		c.packets = append(c.packets, e.packets...)
	}
	return errors.Join(errs...)
}
