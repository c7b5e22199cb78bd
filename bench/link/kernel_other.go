//go:build !linux

package link

import "errors"

// ErrKernel means that this system or user cannot have a path through the
// kernel.
var ErrKernel = errors.New("link: the kernel's TCP needs Linux, root, network namespaces and TUN")

// NewKernel returns [ErrKernel]: this system has no network namespaces.
func NewKernel(Params) (Path, error) { return nil, ErrKernel }
