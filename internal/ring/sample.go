package ring

import "encoding/binary"

// CBDSize returns the bytes that [Poly.CBD] takes.
func CBDSize(eta int) int { return N / 4 * eta }

// CBD samples from the centered binomial distribution with η = 2 or 3;
// |f| <= η after. There must be CBDSize(η) bytes.
func (f *Poly) CBD(b []byte, eta int) {
	b = b[:CBDSize(eta)]
	if eta == 3 {
		cbd3(f, (*[CBD3Size]byte)(b))
	} else {
		cbd2(f, (*[CBD2Size]byte)(b))
	}
}

// The bytes that the centered binomial distributions take.
const (
	CBD2Size = N / 4 * 2
	CBD3Size = N / 4 * 3
)

// Uniform samples coefficients from n on, from public bytes, three for each
// two, until f is full or the bytes are at their end. It returns the number of
// coefficients that f has now.
func (f *Poly) Uniform(n int, b []byte) int { return uniform(f, n, b) }

// cbd2Generic is SamplePolyCBD₂ (FIPS 203, algorithm 8): the sums of two bits
// are made for all at once, and their differences with an offset.
//
//	out: |f| <= 2
func cbd2Generic(f *Poly, b *[CBD2Size]byte) {
	const pairs, first = 0x5555555555555555, 0x3333333333333333
	for i := range N / 16 {
		x := binary.LittleEndian.Uint64(b[8*i:])
		x = x&pairs + x>>1&pairs
		x = x&first + first - x>>2&first
		c := (*[16]int16)(f[16*i:])
		for j := range c {
			c[j] = int16(x>>(4*j)&0xf) - 3
		}
	}
}

// cbd3Generic is SamplePolyCBD₃ (FIPS 203, algorithm 8).
//
//	out: |f| <= 3
func cbd3Generic(f *Poly, b *[CBD3Size]byte) {
	const triples = 0x249249249249
	for i := range N / 8 {
		in := (*[6]byte)(b[6*i:])
		x := uint64(binary.LittleEndian.Uint32(in[:])) | uint64(binary.LittleEndian.Uint16(in[4:]))<<32
		x = x&triples + x>>1&triples + x>>2&triples
		c := (*[8]int16)(f[8*i:])
		for j := range c {
			c[j] = int16(x>>(6*j)&7) - int16(x>>(6*j+3)&7)
		}
	}
}

// uniformGeneric is the loop of SampleNTT (FIPS 203, algorithm 7). The bytes
// come from ρ, which is public; yet it branches on none, as a branch that is
// taken one time in five costs more than a store that is overwritten.
//
//	in:  0 <= n <= 256
//	out: 0 <= f < q for those that are new
func uniformGeneric(f *Poly, n int, b []byte) int {
	for ; len(b) >= 3 && n < N-1; b = b[3:] {
		x := uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16
		d1, d2 := x&0xfff, x>>12
		f[n&(N-1)] = int16(d1)
		n += int((d1 - Q) >> 31)
		f[n&(N-1)] = int16(d2)
		n += int((d2 - Q) >> 31)
	}
	for ; len(b) >= 3 && n < N; b = b[3:] {
		x := uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16
		for _, d := range [2]uint32{x & 0xfff, x >> 12} {
			if d < Q && n < N {
				f[n] = int16(d)
				n++
			}
		}
	}
	return n
}
