package ring

import (
	"bytes"
	"math/big"
	"math/rand/v2"
	"testing"
)

var ds = []int{1, 4, 5, 10, 11}

// pack writes the low d bits of each number, by the definition of ByteEncode
// (FIPS 203, algorithm 5).
func pack(numbers *[N]int, d int) []byte {
	out := new(big.Int)
	for i := N - 1; i >= 0; i-- {
		out.Lsh(out, uint(d)).Or(out, big.NewInt(int64(numbers[i])))
	}
	b := out.FillBytes(make([]byte, CompressedSize(d)))
	for i := range len(b) / 2 {
		b[i], b[len(b)-1-i] = b[len(b)-1-i], b[i]
	}
	return b
}

// TestCompress has all compressions of all numbers from -4q to 4q.
func TestCompress(t *testing.T) {
	each(t, func(t *testing.T, r implementation) {
		for _, d := range ds {
			for a := -4 * Q; a <= 4*Q; a += N {
				var f Poly
				var want [N]int
				for i := range f {
					x := min(a+i, 4*Q)
					f[i] = int16(x)
					want[i] = (mod(x)<<(d+1) + Q) / (2 * Q) % (1 << d) // round(x 2ᵈ/q)
				}
				rand.Shuffle(N, func(i, j int) { f[i], f[j], want[i], want[j] = f[j], f[i], want[j], want[i] })
				got, g := make([]byte, CompressedSize(d)+1), f
				got[len(got)-1] = 0xa5
				r.compress(got[:len(got)-1], &f, d)
				if w := append(pack(&want, d), 0xa5); !bytes.Equal(got, w) || f != g {
					t.Fatalf("d = %d, from %d: %x, want %x", d, a, got, w)
				}
			}
		}
	})
}

// TestDecompress has all decompressions, in random order.
func TestDecompress(t *testing.T) {
	each(t, func(t *testing.T, r implementation) {
		for _, d := range ds {
			for a := 0; a < 1<<d; a += N {
				var in, want [N]int
				for i := range in {
					in[i] = (a + i) % (1 << d)
				}
				rand.Shuffle(N, func(i, j int) { in[i], in[j] = in[j], in[i] })
				for i, y := range in {
					want[i] = (2*y*Q + 1<<d) >> (d + 1) // round(y q/2ᵈ)
				}
				f := random(1<<15 - 1)
				r.decompress(&f, pack(&in, d), d)
				for i := range f {
					if int(f[i]) != want[i] {
						t.Fatalf("d = %d: %d becomes %d, want %d", d, in[i], f[i], want[i])
					}
				}
			}
		}
	})
}

// TestEncode has each 12-bit number at each place of a group of 16, and checks
// that one number of q or more anywhere is seen.
func TestEncode(t *testing.T) {
	each(t, func(t *testing.T, r implementation) {
		for a := range 1 << 12 {
			var in [N]int
			var f, back Poly
			for i := range in {
				in[i] = (a + i*i) % (1 << 12)
				f[i] = int16(in[i])
			}
			var got [EncodedSize]byte
			r.encode(&got, &f)
			if want := pack(&in, 12); !bytes.Equal(got[:], want) {
				t.Fatalf("from %d: %x, want %x", a, got, want)
			}
			if r.decode(&back, &got) || back != f {
				t.Fatalf("from %d: back %v, or its numbers beyond q were not seen", a, back)
			}
		}
		for i := range N {
			for _, x := range []int{0, Q - 1, Q, Q + 1, 4095} {
				var in [N]int
				for j := range in {
					in[j] = rand.IntN(Q)
				}
				in[i] = x
				var f Poly
				if ok := r.decode(&f, (*[EncodedSize]byte)(pack(&in, 12))); ok != (x < Q) {
					t.Fatalf("%d at %d: ok = %v", x, i, ok)
				}
			}
		}
	})
}

// TestCBD samples by the definition (FIPS 203, algorithm 8).
func TestCBD(t *testing.T) {
	each(t, func(t *testing.T, r implementation) {
		for range 200 {
			for _, eta := range []int{2, 3} {
				b := make([]byte, CBDSize(eta))
				for i := range b {
					b[i] = byte(rand.Uint32())
				}
				bit := func(i int) int16 { return int16(b[i/8] >> (i % 8) & 1) }
				var f, want Poly
				for i := range want {
					for j := range eta {
						want[i] += bit(2*i*eta+j) - bit(2*i*eta+eta+j)
					}
				}
				if eta == 2 {
					r.cbd2(&f, (*[CBD2Size]byte)(b))
				} else {
					r.cbd3(&f, (*[CBD3Size]byte)(b))
				}
				if f != want {
					t.Fatalf("η = %d of %x: %v, want %v", eta, b, f, want)
				}
			}
		}
	})
}

// TestUniform samples by the definition (FIPS 203, algorithm 7), from random
// bytes and from such that have hardly any or only numbers below q.
func TestUniform(t *testing.T) {
	each(t, func(t *testing.T, r implementation) {
		for i := range 2000 {
			b := make([]byte, 3*rand.IntN(170))
			for j := range b {
				b[j] = byte(rand.Uint32())
				switch {
				case i%4 == 1 && rand.IntN(10) > 0:
					b[j] = 0xff
				case i%4 == 2:
					b[j] &= 0xcc
				}
			}
			start := []int{0, 0, rand.IntN(N + 1), N - rand.IntN(20)}[rand.IntN(4)]
			f, want := Poly{}, Poly{}
			n := start
			for k := 0; k < len(b); k += 3 {
				d1, d2 := int16(b[k])|int16(b[k+1]&15)<<8, int16(b[k+1]>>4)|int16(b[k+2])<<4
				for _, d := range []int16{d1, d2} {
					if d < Q && n < N {
						want[n] = d
						n++
					}
				}
			}
			got := r.uniform(&f, start, b)
			clear(f[got:]) // may have been overwritten
			if got != n || f != want {
				t.Fatalf("%d numbers from %d on, want %d", got, start, n)
			}
		}
	})
}
