package kat

import (
	"crypto/sha3"
	"encoding/hex"
	"fmt"
	"math/bits"
	"strings"
)

// reference is K-PKE as FIPS 203 writes it down, slow and in one obvious way,
// for the files that tell every value on the way. It is no implementation to be
// judged and holds no secret but published ones.
type reference struct {
	k, eta1, du, dv int
}

// references has the parameters of FIPS 203, section 8, table 2.
var references = map[string]reference{
	"ML-KEM-512":  {2, 3, 10, 4},
	"ML-KEM-768":  {3, 2, 10, 4},
	"ML-KEM-1024": {4, 2, 11, 5},
}

const modulusQ = 3329

// A polynomial has coefficients in [0, q).
type polynomial [256]int

type vector []polynomial

// zeta is 17^BitRev7(i) mod q (FIPS 203, section 4.3).
func zeta(i int) int {
	z := 1
	for range bits.Reverse8(uint8(i)) >> 1 {
		z = z * 17 % modulusQ
	}
	return z
}

// ntt is algorithm 9.
func (f polynomial) ntt() polynomial {
	i := 1
	for length := 128; length >= 2; length /= 2 {
		for start := 0; start < 256; start += 2 * length {
			z := zeta(i)
			i++
			for j := start; j < start+length; j++ {
				t := z * f[j+length] % modulusQ
				f[j+length] = (f[j] - t + modulusQ) % modulusQ
				f[j] = (f[j] + t) % modulusQ
			}
		}
	}
	return f
}

// inverse is algorithm 10.
func (f polynomial) inverse() polynomial {
	i := 127
	for length := 2; length <= 128; length *= 2 {
		for start := 0; start < 256; start += 2 * length {
			z := zeta(i)
			i--
			for j := start; j < start+length; j++ {
				t := f[j]
				f[j] = (t + f[j+length]) % modulusQ
				f[j+length] = z * (f[j+length] - t + modulusQ) % modulusQ
			}
		}
	}
	for j := range f {
		f[j] = f[j] * 3303 % modulusQ // 128^-1
	}
	return f
}

// times is the product of two transforms, algorithms 11 and 12.
func (f polynomial) times(g polynomial) (h polynomial) {
	for i := range 128 {
		gamma := zeta(i)
		gamma = gamma * gamma % modulusQ * 17 % modulusQ // 17^(2 BitRev7(i) + 1)
		a0, a1, b0, b1 := f[2*i], f[2*i+1], g[2*i], g[2*i+1]
		h[2*i] = (a0*b0 + a1*b1%modulusQ*gamma) % modulusQ
		h[2*i+1] = (a0*b1 + a1*b0) % modulusQ
	}
	return h
}

func (f polynomial) plus(g polynomial) polynomial {
	for i := range f {
		f[i] = (f[i] + g[i]) % modulusQ
	}
	return f
}

func (f polynomial) minus(g polynomial) polynomial {
	for i := range f {
		f[i] = (f[i] - g[i] + modulusQ) % modulusQ
	}
	return f
}

// compress is Compress_d of section 4.2.1, decompress its counterpart.
func (f polynomial) compress(d int) polynomial {
	for i := range f {
		f[i] = (f[i]<<d + modulusQ/2) / modulusQ % (1 << d)
	}
	return f
}

func (f polynomial) decompress(d int) polynomial {
	for i := range f {
		f[i] = (f[i]*modulusQ + 1<<(d-1)) >> d
	}
	return f
}

// encode is algorithm 5, in hexadecimal.
func (f polynomial) encode(d int) string {
	b := make([]byte, 32*d)
	for i, c := range f {
		for j := range d {
			bit := i*d + j
			b[bit/8] |= byte(c>>j&1) << (bit % 8)
		}
	}
	return hex.EncodeToString(b)
}

// decode1 is algorithm 6 for d = 1.
func decode1(b []byte) (f polynomial) {
	for i := range f {
		f[i] = int(b[i/8] >> (i % 8) & 1)
	}
	return f
}

// list is how CCTV writes coefficients.
func (f polynomial) list() string {
	return "{" + strings.Trim(strings.ReplaceAll(fmt.Sprint(f), " ", ", "), "[]") + "}"
}

// sampleNTT is algorithm 7.
func sampleNTT(rho []byte, i, j int) (f polynomial) {
	xof := sha3.NewSHAKE128()
	xof.Write(rho)
	xof.Write([]byte{byte(i), byte(j)})
	for n := 0; n < 256; {
		var c [3]byte
		xof.Read(c[:])
		for _, d := range []int{int(c[0]) | int(c[1]&15)<<8, int(c[1]>>4) | int(c[2])<<4} {
			if d < modulusQ && n < 256 {
				f[n] = d
				n++
			}
		}
	}
	return f
}

// sampleCBD is algorithm 8 on PRF(seed, n).
func sampleCBD(seed []byte, n, eta int) (f polynomial) {
	b := sha3.SumSHAKE256(append(seed[:32:32], byte(n)), 64*eta)
	bit := func(i int) int { return int(b[i/8] >> (i % 8) & 1) }
	for i := range f {
		x, y := 0, 0
		for j := range eta {
			x += bit(2*i*eta + j)
			y += bit(2*i*eta + eta + j)
		}
		f[i] = (x - y + modulusQ) % modulusQ
	}
	return f
}

// sampleVector samples k polynomials, the first with the number n.
func sampleVector(seed []byte, n, k, eta int) vector {
	v := make(vector, k)
	for i := range v {
		v[i] = sampleCBD(seed, n+i, eta)
	}
	return v
}

// each applies an operation to every polynomial.
func (v vector) each(op func(polynomial) polynomial) vector {
	w := make(vector, len(v))
	for i := range v {
		w[i] = op(v[i])
	}
	return w
}

// dot is the inner product of transforms.
func (v vector) dot(w vector) (f polynomial) {
	for i := range v {
		f = f.plus(v[i].times(w[i]))
	}
	return f
}

func (v vector) encode(d int) string {
	var b strings.Builder
	for _, f := range v {
		b.WriteString(f.encode(d))
	}
	return b.String()
}
