//go:build !purego

package ring

import "github.com/pqkx/pqkx/internal/backend"

var useAVX2 = backend.UseAVX2()

func ntt(f *Poly) {
	if useAVX2 {
		nttAVX2((*[N]int16)(f))
		return
	}
	nttGeneric(f)
}

func inverseNTT(f *Poly) {
	if useAVX2 {
		inverseNTTAVX2((*[N]int16)(f))
		return
	}
	inverseNTTGeneric(f)
}

func reduce(f *Poly) {
	if useAVX2 {
		reduceAVX2((*[N]int16)(f))
		return
	}
	reduceGeneric(f)
}

func add(f, g *Poly) {
	if useAVX2 {
		addAVX2((*[N]int16)(f), (*[N]int16)(g))
		return
	}
	addGeneric(f, g)
}

func sub(f, g *Poly) {
	if useAVX2 {
		subAVX2((*[N]int16)(f), (*[N]int16)(g))
		return
	}
	subGeneric(f, g)
}

func cache(c *Cached, f *Poly) {
	if useAVX2 {
		cacheAVX2(&c.straight[0], (*[N]int16)(f))
		return
	}
	cacheGeneric(c, f)
}

func dot(f *Poly, a []Poly, stride int, b []Cached) {
	if useAVX2 {
		const polySize = 2 * N
		dotAVX2((*[N]int16)(f), (*[N]int16)(&a[0]), stride*polySize, &b[0].straight[0], len(b))
		return
	}
	dotGeneric(f, a, stride, b)
}

func encode(b *[EncodedSize]byte, f *Poly) {
	if useAVX2 {
		encodeAVX2(b, (*[N]int16)(f))
		return
	}
	encodeGeneric(b, f)
}

func decode(f *Poly, b *[EncodedSize]byte) bool {
	if useAVX2 {
		return decodeAVX2((*[N]int16)(f), b)
	}
	return decodeGeneric(f, b)
}

func compress(b []byte, f *Poly, d int) {
	if !useAVX2 {
		compressGeneric(b, f, d)
		return
	}
	switch out, in := &b[0], (*[N]int16)(f); d {
	case 1:
		compress1AVX2(out, in)
	case 4:
		compress4AVX2(out, in)
	case 5:
		compress5AVX2(out, in)
	case 10:
		compress10AVX2(out, in)
	case 11:
		compress11AVX2(out, in)
	}
}

func decompress(f *Poly, b []byte, d int) {
	if !useAVX2 {
		decompressGeneric(f, b, d)
		return
	}
	switch out, in := (*[N]int16)(f), &b[0]; d {
	case 1:
		decompress1AVX2(out, in)
	case 4:
		decompress4AVX2(out, in)
	case 5:
		decompress5AVX2(out, in)
	case 10:
		decompress10AVX2(out, in)
	case 11:
		decompress11AVX2(out, in)
	}
}

func cbd2(f *Poly, b *[CBD2Size]byte) {
	if useAVX2 {
		cbd2AVX2((*[N]int16)(f), b)
		return
	}
	cbd2Generic(f, b)
}

func cbd3(f *Poly, b *[CBD3Size]byte) {
	if useAVX2 {
		cbd3AVX2((*[N]int16)(f), b)
		return
	}
	cbd3Generic(f, b)
}

// uniform leaves the last coefficients, and a rest of the bytes, to Go.
func uniform(f *Poly, n int, b []byte) int {
	if useAVX2 && len(b) > 0 {
		have, used := uniformAVX2((*[N]int16)(f), n, &b[0], len(b))
		n, b = have, b[used:]
	}
	return uniformGeneric(f, n, b)
}
