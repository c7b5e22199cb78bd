package ring

// mul returns a·z modulo q in (-q/2, q/2), for z = plantard(z) and |a| < 2¹⁹.
//
// It is Plantard's multiplication with a constant as improved by Huang et al.
// (TCHES 2022/4, algorithm 11), with α = 3: two multiplications, where
// Montgomery's takes three.
func mul(a, z int32) int32 { return ((a*z)>>16 + 8) * Q >> 16 }

// nttGeneric replaces f by its transform (FIPS 203, algorithm 9), two layers at
// a time.
//
//	in:  |f| <= q
//	out: |f| <= 8q
func nttGeneric(f *Poly) {
	for l := 64; l >= 4; l /= 4 {
		first := 64 / l // index of the first ζ
		for b := range first {
			z1, z2, z3 := zetas[first+b], zetas[2*(first+b)], zetas[2*(first+b)+1]
			quarter := f[4*l*b:][:4*l]
			f0, f1, f2, f3 := quarter[:l], quarter[l:][:l], quarter[2*l:][:l], quarter[3*l:][:l]
			for i := range f0 {
				a, b := int32(f0[i]), int32(f1[i])
				c, d := mul(int32(f2[i]), z1), mul(int32(f3[i]), z1)
				e, g := mul(b+d, z2), mul(b-d, z3)
				f0[i], f1[i] = int16(a+c+e), int16(a+c-e)
				f2[i], f3[i] = int16(a-c+g), int16(a-c-g)
			}
		}
	}
	for i := 0; i < N; i += 4 {
		z := zetas[64+i/4]
		quad := (*[4]int16)(f[i:])
		a, b := int32(quad[0]), int32(quad[1])
		c, d := mul(int32(quad[2]), z), mul(int32(quad[3]), z)
		quad[0], quad[1], quad[2], quad[3] = int16(a+c), int16(b+d), int16(a-c), int16(b-d)
	}
}

// inverseNTTGeneric replaces a transform by its polynomial (FIPS 203, algorithm
// 10). The sums of sums, which double twice a pass, are reduced in the second;
// in the last they fit a register, where the final factor reduces them.
//
//	in:  |f| <= q
//	out: |f| <= q
func inverseNTTGeneric(f *Poly) {
	for i := 0; i < N; i += 4 {
		z := zetas[127-i/4]
		quad := (*[4]int16)(f[i:])
		a, b, c, d := int32(quad[0]), int32(quad[1]), int32(quad[2]), int32(quad[3])
		quad[0], quad[1] = int16(a+c), int16(b+d)
		quad[2], quad[3] = int16(mul(c-a, z)), int16(mul(d-b, z))
	}
	inversePass(f, 4, plantardOne)
	inversePass(f, 16, plantardOne)
	inverseLast(f)
}

// inversePass does the layers of distance l and 2l; one is 1 for mul.
func inversePass(f *Poly, l int, one int32) {
	last := 256/l - 1 // index of the last ζ of the first layer
	for b := range 64 / l {
		z2, z3, z1 := zetas[last-2*b], zetas[last-2*b-1], zetas[last/2-b]
		quarter := f[4*l*b:][:4*l]
		f0, f1, f2, f3 := quarter[:l], quarter[l:][:l], quarter[2*l:][:l], quarter[3*l:][:l]
		for i := range f0 {
			a, b, c, d := int32(f0[i]), int32(f1[i]), int32(f2[i]), int32(f3[i])
			e, g := mul(b-a, z2), mul(d-c, z3)
			a, c = a+b, c+d
			f0[i], f2[i] = int16(mul(a+c, one)), int16(mul(c-a, z1))
			f1[i], f3[i] = int16(e+g), int16(mul(g-e, z1))
		}
	}
}

// inverseLast does the layers of distance 64 and 128 and divides by 128.
func inverseLast(f *Poly) {
	const l = 64
	f0, f1, f2, f3 := (*[l]int16)(f[:]), (*[l]int16)(f[l:]), (*[l]int16)(f[2*l:]), (*[l]int16)(f[3*l:])
	z2, z3 := zetas[3], zetas[2]
	for i := range f0 {
		a, b, c, d := int32(f0[i]), int32(f1[i]), int32(f2[i]), int32(f3[i])
		e, g := mul(b-a, z2), mul(d-c, z3)
		a, c = a+b, c+d
		f0[i], f2[i] = int16(mul(a+c, plantardScale)), int16(mul(c-a, plantardScaleZeta))
		f1[i], f3[i] = int16(mul(e+g, plantardScale)), int16(mul(g-e, plantardScaleZeta))
	}
}

// cacheGeneric prepares a transform for [dotGeneric]: f itself with its pairs
// crossed, and with each odd coefficient multiplied by its pair's γ.
//
//	in:  any f
func cacheGeneric(c *Cached, f *Poly) {
	for i := 0; i < N; i += 4 {
		z := zetas[64+i/4]
		c.crossed[i], c.crossed[i+1] = f[i+1], f[i]
		c.crossed[i+2], c.crossed[i+3] = f[i+3], f[i+2]
		c.straight[i], c.straight[i+1] = f[i], int16(mul(int32(f[i+1]), z))
		c.straight[i+2], c.straight[i+3] = f[i+2], int16(-mul(int32(f[i+3]), z))
	}
}

// dotGeneric sets f to the sum of the products of b[i] with a[i*stride]
// (FIPS 203, algorithms 11 and 12). With at most four products each coefficient
// sums eight of a 13-bit by a 16-bit number, which is below 2³¹, and is reduced
// once.
//
//	in:  |a| < 4096, any b, at most 4 products
//	out: |f| <= q
func dotGeneric(f *Poly, a []Poly, stride int, b []Cached) {
	var sum [N]int32
	for j := range b {
		accumulate(&sum, &a[j*stride], &b[j])
	}
	for i, s := range sum {
		f[i] = int16(barrett(s))
	}
}

func accumulate(sum *[N]int32, a *Poly, b *Cached) {
	for i := 0; i < N; i += 2 {
		a0, a1 := int32(a[i]), int32(a[i+1])
		sum[i] += a0*int32(b.straight[i]) + a1*int32(b.straight[i+1])
		sum[i+1] += a0*int32(b.crossed[i]) + a1*int32(b.crossed[i+1])
	}
}

// barrett returns a modulo q, in [-q/2 - 1, q/2 + 1]. It computes the quotient
// with a relative error of less than 2⁻³¹.
func barrett(a int32) int32 {
	const shift = 42
	quotient := (int64(a)*barrettFactor + 1<<(shift-1)) >> shift
	return a - int32(quotient)*Q
}

// reduceGeneric brings each coefficient into [0, q).
//
//	in:  any f
//	out: 0 <= f < q
func reduceGeneric(f *Poly) {
	for i, a := range f {
		r := barrett(int32(a))
		f[i] = int16(r + r>>31&Q)
	}
}

// addGeneric adds g to f.
//
//	in:  |f + g| < 2¹⁵
func addGeneric(f, g *Poly) {
	for i := range f {
		f[i] += g[i]
	}
}

// subGeneric subtracts g from f.
//
//	in:  |f - g| < 2¹⁵
func subGeneric(f, g *Poly) {
	for i := range f {
		f[i] -= g[i]
	}
}
