package grouptest

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/hybrid"
	"github.com/pqkx/pqkx/mlkem"
	"github.com/pqkx/pqkx/nist"
	"github.com/pqkx/pqkx/x25519"
)

var errOther = errors.New("some other error")

// broken are groups that a check must find fault with, in words that contain
// want: one at least for each fault that a check can report.
var broken = []struct {
	check, want string
	group       pqkx.Group
}{
	{"Description", "nothing may be empty", resized(nist.P256(), func(s *pqkx.Sizes) { s.SharedSecret = 0 })},
	{"Description", "at most 65535", resized(nist.P256(), func(s *pqkx.Sizes) { s.ServerShare = 1 << 16 })},
	{"Description", "but x25519 has", resized(x25519.Group(), func(s *pqkx.Sizes) { s.SharedSecret = 31 })},
	{"Description", "but X25519MLKEM768 has", resized(hybrid.X25519MLKEM768(), func(s *pqkx.Sizes) { s.ClientShare++ })},
	{"Description", "from call to call", func() pqkx.Group {
		n := 65
		return resized(nist.P256(), func(s *pqkx.Sizes) { s.ClientShare = n; n++ })
	}()},

	{"Agreement", "no key share", bent{Group: nist.P256(), keyShare: func() (pqkx.KeyShare, error) { return nil, errOther }}},
	{"Agreement", "some other error", encapsulating(nist.P256(), func([]byte) ([]byte, []byte, error) { return nil, nil, errOther })},
	{"Agreement", "Sizes promises", resized(nist.P256(), func(s *pqkx.Sizes) { s.SharedSecret = 48 })},
	{"Agreement", "KeyShare.Group is", shares(nist.P256(), func(b *bentShare) { b.group = nist.P384() })},
	{"Agreement", "KeyShare.Bytes changed", shares(nist.P256(), func(b *bentShare) {
		whole := append([]byte{4}, make([]byte, 64)...)
		first := b.KeyShare.Bytes()
		calls := 0
		b.bytes = func() []byte {
			if calls++; calls > 1 {
				return whole
			}
			return first
		}
	})},
	{"Agreement", "Decapsulate of a good server share", decapsulating(nist.P256(), func(pqkx.KeyShare, []byte) ([]byte, error) { return nil, errOther })},
	{"Agreement", "client and server disagree", decapsulating(nist.P256(), func(ks pqkx.KeyShare, server []byte) ([]byte, error) {
		return flipped(server[:32]), nil
	})},
	{"Agreement", "all zeros", func() pqkx.Group {
		b := decapsulating(nist.P256(), func(pqkx.KeyShare, []byte) ([]byte, error) { return make([]byte, 32), nil }).(bent)
		b.encapsulate = func(client []byte) ([]byte, []byte, error) { return make([]byte, 32), bytes.Clone(client), nil }
		return b
	}()},

	{"Fresh", "two client shares are equal", stale(nist.P256(), true, false)},
	{"Fresh", "two client shares are equal in the part x25519 at offset 1184", bent{Group: hybrid.X25519MLKEM768(), keyShare: func() func() (pqkx.KeyShare, error) {
		g := must(hybrid.New(pqkx.X25519MLKEM768, mlkem.MLKEM768(), stale(x25519.Group(), true, false)))
		return g.KeyShare
	}()}},
	{"Fresh", "two server shares are equal", stale(nist.P256(), false, true)},
	{"Fresh", "same shared secret", stale(nist.P256(), false, true)},
	{"Fresh", "second Encapsulate", func() pqkx.Group {
		g, calls := nist.P256(), 0
		return encapsulating(g, func(client []byte) ([]byte, []byte, error) {
			if calls++; calls > 2 {
				return nil, nil, errOther
			}
			return g.Encapsulate(client)
		})
	}()},

	{"ClientShareLength", "Encapsulate of 0 bytes, want 65: no error", lenient(nist.P256())},
	{"ClientShareLength", "does not wrap", misreporting(nist.P256(), errOther, nil)},
	{"ClientShareLength", "beside the error", misreporting(nist.P256(), pqkx.ErrKeyShare, []byte{1})},
	{"ClientShareLength", "ErrDestroyed as well", misreporting(nist.P256(), errors.Join(pqkx.ErrKeyShare, pqkx.ErrDestroyed), nil)},
	{"ClientShareLength", "names the group secp384r1", misreporting(nist.P256(), &pqkx.KeyShareError{Group: pqkx.Secp384r1}, nil)},
	{"ClientShareLength", "Encapsulate of 64 bytes", encapsulating(nist.P256(), func(client []byte) ([]byte, []byte, error) {
		if len(client) == 64 && cap(client) > 64 {
			client = client[:65] // reads what the caller did not give
		}
		return nist.P256().Encapsulate(client)
	})},
	{"ClientShareLength", "Encapsulate of 66 bytes", encapsulating(nist.P256(), func(client []byte) ([]byte, []byte, error) {
		return nist.P256().Encapsulate(client[:min(65, len(client))])
	})},
	{"ClientShareLength", "nil slice", encapsulating(nist.P256(), func(client []byte) ([]byte, []byte, error) {
		if client == nil {
			return nil, nil, errOther
		}
		return nist.P256().Encapsulate(client)
	})},
	{"ServerShareLength", "Decapsulate of 0 bytes, want 65: no error", lenient(nist.P256())},
	{"ServerShareLength", "does not wrap", misreporting(nist.P256(), errOther, nil)},
	{"ServerShareLength", "fails after bad ones", decapsulating(nist.P256(), func(ks pqkx.KeyShare, server []byte) ([]byte, error) {
		secret, err := ks.Decapsulate(server)
		if err != nil {
			ks.Destroy()
			err = pqkx.ErrKeyShare
		}
		return secret, err
	})},

	{"Garbage", "Encapsulate of a share filled with", misreporting(nist.P256(), errOther, nil)},
	{"Garbage", "Decapsulate of a share filled with 0x00: error some other", misreporting(nist.P256(), errOther, nil)},
	{"Garbage", "gives the secret of a good one", func() pqkx.Group {
		secret, server, _ := nist.P256().Encapsulate(must(nist.P256().KeyShare()).Bytes())
		b := decapsulating(nist.P256(), func(pqkx.KeyShare, []byte) ([]byte, error) { return bytes.Clone(secret), nil }).(bent)
		b.encapsulate = func([]byte) ([]byte, []byte, error) { return bytes.Clone(secret), bytes.Clone(server), nil }
		return b
	}()},

	{"Reuse", "one share, several answers", shares(nist.P256(), func(b *bentShare) {
		ks, calls := b.KeyShare, 0
		b.decapsulate = func(server []byte) ([]byte, error) {
			if calls++; calls > 1 {
				return nil, errOther
			}
			return ks.Decapsulate(server)
		}
	})},
	{"Reuse", "second Encapsulate", func() pqkx.Group {
		calls := 0
		return encapsulating(nist.P256(), func(client []byte) ([]byte, []byte, error) {
			if calls++; calls > 1 {
				return nil, nil, errOther
			}
			return nist.P256().Encapsulate(client)
		})
	}()},

	{"Destroy", "of a good server share after Destroy", shares(nist.P256(), func(b *bentShare) { b.destroy = func() {} })},
	{"Destroy", "of a short server share after Destroy", decapsulating(nist.P256(), func(ks pqkx.KeyShare, server []byte) ([]byte, error) {
		if len(server) != 65 {
			return nil, pqkx.ErrKeyShare
		}
		return ks.Decapsulate(server)
	})},
	{"Destroy", "returns a secret", decapsulating(nist.P256(), func(ks pqkx.KeyShare, server []byte) ([]byte, error) {
		secret, err := ks.Decapsulate(server)
		if errors.Is(err, pqkx.ErrDestroyed) {
			secret = make([]byte, 32)
		}
		return secret, err
	})},
	{"Destroy", "breaks another one", func() pqkx.Group {
		var all []pqkx.KeyShare
		return shares(nist.P256(), func(b *bentShare) {
			all = append(all, b.KeyShare)
			b.destroy = func() {
				for _, ks := range all {
					ks.Destroy()
				}
			}
		})
	}()},

	{"CallersSlices", "Encapsulate writes to the good client share", encapsulating(nist.P256(), func(client []byte) ([]byte, []byte, error) {
		defer clear(client)
		return nist.P256().Encapsulate(client)
	})},
	{"CallersSlices", "Encapsulate writes to the short client share", encapsulating(nist.P256(), func(client []byte) ([]byte, []byte, error) {
		_ = append(client, 0)
		return nist.P256().Encapsulate(client)
	})},
	{"CallersSlices", "Decapsulate writes to the good server share", decapsulating(nist.P256(), func(ks pqkx.KeyShare, server []byte) ([]byte, error) {
		_ = append(server, 0)
		return ks.Decapsulate(server)
	})},
	{"CallersSlices", "result of Encapsulate aliases", encapsulating(nist.P256(), func(client []byte) ([]byte, []byte, error) {
		secret, _, err := nist.P256().Encapsulate(client)
		return secret, client, err
	})},
	{"CallersSlices", "result of Decapsulate aliases", decapsulating(nist.P256(), func(ks pqkx.KeyShare, server []byte) ([]byte, error) {
		return server[:min(32, len(server))], nil
	})},

	{"Results", "are one slice", encapsulating(nist.P256(), func(client []byte) ([]byte, []byte, error) {
		secret, server, err := nist.P256().Encapsulate(client)
		whole := slices.Concat(secret, server)
		if err != nil {
			return nil, nil, err
		}
		return whole[:32], whole[32:], nil // the secret's capacity is the share
	})},
	{"Results", "after writes to the results of Encapsulate", func() pqkx.Group {
		var secret []byte
		b := decapsulating(nist.P256(), func(pqkx.KeyShare, []byte) ([]byte, error) { return bytes.Clone(secret), nil }).(bent)
		b.encapsulate = func(client []byte) (_, server []byte, err error) {
			secret, server, err = nist.P256().Encapsulate(client)
			return secret, server, err
		}
		return b
	}()},
	{"Results", "after writes to its result", shares(nist.P256(), func(b *bentShare) {
		ks, cache := b.KeyShare, []byte(nil)
		b.decapsulate = func(server []byte) (_ []byte, err error) {
			if cache == nil {
				cache, err = ks.Decapsulate(server)
			}
			return cache, err
		}
	})},
	{"Results", "the next exchange fails", func() pqkx.Group {
		var buffer []byte // used for every answer
		return encapsulating(nist.P256(), func(client []byte) (secret, server []byte, err error) {
			secret, server, err = nist.P256().Encapsulate(client)
			if buffer != nil && err == nil {
				copy(buffer[1:], server[1:])
				return secret, buffer, nil
			}
			buffer = server
			return secret, server, err
		})
	}()},
	{"Results", "KeyShare.Bytes changed", shares(nist.P256(), func(b *bentShare) {
		ks := b.KeyShare
		b.decapsulate = func(server []byte) ([]byte, error) {
			defer clear(ks.Bytes())
			return ks.Decapsulate(server)
		}
	})},

	{"Concurrency", "goroutines: good client share: Encapsulate: some other error", func() pqkx.Group {
		var busy atomic.Int32
		return encapsulating(nist.P256(), func(client []byte) ([]byte, []byte, error) {
			defer busy.Add(-1)
			if busy.Add(1) > 1 {
				return nil, nil, errOther
			}
			time.Sleep(time.Millisecond)
			return nist.P256().Encapsulate(client)
		})
	}()},
	{"Concurrency", "client and server disagree", func() pqkx.Group {
		var busy atomic.Int32
		return encapsulating(nist.P256(), func(client []byte) ([]byte, []byte, error) {
			defer busy.Add(-1)
			secret, server, err := nist.P256().Encapsulate(client)
			if busy.Add(1) > 1 && err == nil {
				secret[0] ^= 1
			}
			time.Sleep(time.Millisecond)
			return secret, server, err
		})
	}()},

	{"Component", "want a group of its own", components(hybrid.X25519MLKEM768(), func(h pqkx.HybridKeyShare) pqkx.KeyShare { return h })},
	{"Component", "is post-quantum", components(hybrid.X25519MLKEM768(), func(pqkx.HybridKeyShare) pqkx.KeyShare {
		return must(mlkem.MLKEM768().KeyShare())
	})},
	{"Component", "not part of the hybrid's", components(hybrid.X25519MLKEM768(), func(pqkx.HybridKeyShare) pqkx.KeyShare {
		return must(x25519.Group().KeyShare())
	})},
	{"Component", "not one share of 32 bytes", components(hybrid.X25519MLKEM768(), func(h pqkx.HybridKeyShare) pqkx.KeyShare {
		return bentShare{KeyShare: h.Component(), bytes: func() []byte { return h.Component().Bytes()[:31] }}
	})},
	{"Component", "an append to the Component's share", components(hybrid.SecP256r1MLKEM768(), func(h pqkx.HybridKeyShare) pqkx.KeyShare {
		return bentShare{KeyShare: h.Component(), bytes: func() []byte { return h.Bytes()[:65] }}
	})},
	{"Component", "refuses the Component's share", components(hybrid.X25519MLKEM768(), func(h pqkx.HybridKeyShare) pqkx.KeyShare {
		return bentShare{KeyShare: h.Component(), bytes: func() []byte { return make([]byte, 32) }}
	})},
	{"Component", "does not complete by itself", components(hybrid.X25519MLKEM768(), func(h pqkx.HybridKeyShare) pqkx.KeyShare {
		other := must(x25519.Group().KeyShare())
		return bentShare{KeyShare: h.Component(), decapsulate: other.Decapsulate}
	})},
	{"Component", "hybrid does not complete after", components(hybrid.X25519MLKEM768(), func(h pqkx.HybridKeyShare) pqkx.KeyShare {
		return bentShare{KeyShare: h.Component(), decapsulate: func(server []byte) ([]byte, error) {
			defer h.Destroy()
			return h.Component().Decapsulate(server)
		}}
	})},
	{"Component", "after Destroy of the hybrid", components(hybrid.X25519MLKEM768(), func(h pqkx.HybridKeyShare) pqkx.KeyShare {
		return bentShare{KeyShare: h.Component(), decapsulate: func(server []byte) ([]byte, error) {
			secret, err := h.Component().Decapsulate(server)
			if errors.Is(err, pqkx.ErrDestroyed) {
				return make([]byte, 32), nil
			}
			return secret, err
		}}
	})},

	{"Order", "32 of the secret", swapped(32, 0)},
	{"Order", "1088 of the server share", swapped(0, 1088)},
	{"Order", "1184 of the client share", must(hybrid.New(pqkx.X25519MLKEM768, x25519.Group(), mlkem.MLKEM768()))},

	{"X25519", "client share with X25519 point of low order u = 0x0: no error", lenient(x25519.Group())},
	{"X25519", "server share with X25519 point of low order u = 0x1: no error", lenient(x25519.Group())},
	{"X25519", "server share with X25519 point of low order u = 0xb8495f16056286fdb1329ceb8d09da6ac49ff1fae35616aeb8413b7c7aebe0: no error",
		lenient(x25519.Group())},
	{"X25519", "client share with the high bit", masked(func(point []byte) []byte {
		if len(point) == 32 && point[31]&0x80 != 0 {
			return nil
		}
		return point
	})},
	{"X25519", "server share with the high bit of X25519 set: secret", masked(func(point []byte) []byte {
		if len(point) == 32 && point[31]&0x80 != 0 {
			point = bytes.Clone(point)
			point[0] ^= 1 // as if the bit were not masked
		}
		return point
	})},
	{"X25519", "is not taken for u = 0x9", masked(func(point []byte) []byte {
		if len(point) == 32 && bytes.Equal(point[1:31], bytes.Repeat([]byte{0xFF}, 30)) && point[0] == 0xF6 {
			return nil // refuses what is not canonical
		}
		return point
	})},

	{"NISTCurve", "client share with the compressed form, prefix 02: no error", lenient(nist.P256())},
	{"NISTCurve", "server share with a point off the curve: no error", lenient(nist.P256())},
	{"NISTCurve", "x + p for x: no error", lenient(nist.P521())},

	{"MLKEM", "not below q: no error", lenient(mlkem.MLKEM768())},
	{"MLKEM", "another rho of ML-KEM: some other error", encapsulating(mlkem.MLKEM768(), func() func([]byte) ([]byte, []byte, error) {
		calls := 0
		return func(client []byte) ([]byte, []byte, error) {
			secret, server, err := mlkem.MLKEM768().Encapsulate(client)
			if err == nil {
				calls++
			}
			if calls > 1 {
				return nil, nil, cmp.Or(err, errOther)
			}
			return secret, server, err
		}
	}())},
	{"MLKEM", "secrets equal: true", func() pqkx.Group {
		b := decapsulating(mlkem.MLKEM768(), func(ks pqkx.KeyShare, server []byte) ([]byte, error) {
			return bytes.Clone(server[:32]), nil
		}).(bent)
		b.encapsulate = func(client []byte) ([]byte, []byte, error) {
			_, server, err := mlkem.MLKEM768().Encapsulate(client)
			if err != nil {
				return nil, nil, err
			}
			return bytes.Clone(server[:32]), server, nil
		}
		return b
	}()},
	{"MLKEM", "altered gives the same secret", func() pqkx.Group {
		var first []byte
		b := decapsulating(mlkem.MLKEM768(), func(pqkx.KeyShare, []byte) ([]byte, error) { return bytes.Clone(first), nil }).(bent)
		b.encapsulate = func(client []byte) ([]byte, []byte, error) {
			secret, server, err := mlkem.MLKEM768().Encapsulate(client)
			if first == nil {
				first = bytes.Clone(secret)
			}
			return secret, server, err
		}
		return b
	}()},
	{"MLKEM", "altered: error", decapsulating(mlkem.MLKEM768(), func(ks pqkx.KeyShare, server []byte) ([]byte, error) {
		return nil, pqkx.ErrKeyShare // explicit rejection
	})},
	{"MLKEM", "a new secret each time", decapsulating(mlkem.MLKEM768(), func() func(pqkx.KeyShare, []byte) ([]byte, error) {
		n := byte(0)
		return func(ks pqkx.KeyShare, server []byte) ([]byte, error) {
			n++
			return bytes.Repeat([]byte{n}, 32), nil
		}
	}())},
}

// TestBroken proves that every check can fail, for the reason that it is for.
func TestBroken(t *testing.T) {
	covered := make(map[string]bool)
	for i, b := range broken {
		t.Run(fmt.Sprintf("%s/%d", b.check, i), func(t *testing.T) {
			at := slices.IndexFunc(checks, func(c check) bool { return c.name == b.check })
			if at < 0 {
				t.Fatalf("no check %s", b.check)
			}
			var faults []string
			checks[at].run(b.group, func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) })
			if !strings.Contains(strings.Join(faults, "\n"), b.want) {
				t.Errorf("faults %q, want one that contains %q", faults, b.want)
			}
		})
		covered[b.check] = true
	}
	for _, c := range checks {
		if !covered[c.name] {
			t.Errorf("no broken group for check %s", c.name)
		}
	}
}
