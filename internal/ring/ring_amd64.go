//go:build !purego

package ring

import "github.com/pqkx/pqkx/internal/backend"

var useAVX512, useAVX2 = backend.UseAVX512(), backend.UseAVX2()

func ntt(f *Poly) {
	switch {
	case useAVX512:
		nttAVX512((*[N]int16)(f))
	case useAVX2:
		nttAVX2((*[N]int16)(f))
	default:
		nttGeneric(f)
	}
}

func inverseNTT(f *Poly) {
	switch {
	case useAVX512:
		inverseNTTAVX512((*[N]int16)(f))
	case useAVX2:
		inverseNTTAVX2((*[N]int16)(f))
	default:
		inverseNTTGeneric(f)
	}
}

func reduce(f *Poly) {
	switch {
	case useAVX512:
		reduceAVX512((*[N]int16)(f))
	case useAVX2:
		reduceAVX2((*[N]int16)(f))
	default:
		reduceGeneric(f)
	}
}

func add(f, g *Poly) {
	switch {
	case useAVX512:
		addAVX512((*[N]int16)(f), (*[N]int16)(g))
	case useAVX2:
		addAVX2((*[N]int16)(f), (*[N]int16)(g))
	default:
		addGeneric(f, g)
	}
}

func sub(f, g *Poly) {
	switch {
	case useAVX512:
		subAVX512((*[N]int16)(f), (*[N]int16)(g))
	case useAVX2:
		subAVX2((*[N]int16)(f), (*[N]int16)(g))
	default:
		subGeneric(f, g)
	}
}

func cache(c *Cached, f *Poly) {
	switch {
	case useAVX512:
		cacheAVX512(&c.straight[0], (*[N]int16)(f))
	case useAVX2:
		cacheAVX2(&c.straight[0], (*[N]int16)(f))
	default:
		cacheGeneric(c, f)
	}
}

func dot(f *Poly, a []Poly, stride int, b []Cached) {
	const polySize = 2 * N
	switch {
	case useAVX512:
		dotAVX512((*[N]int16)(f), (*[N]int16)(&a[0]), stride*polySize, &b[0].straight[0], len(b))
	case useAVX2:
		dotAVX2((*[N]int16)(f), (*[N]int16)(&a[0]), stride*polySize, &b[0].straight[0], len(b))
	default:
		dotGeneric(f, a, stride, b)
	}
}

func encode(b *[EncodedSize]byte, f *Poly) {
	switch {
	case useAVX512:
		encodeAVX512(b, (*[N]int16)(f))
	case useAVX2:
		encodeAVX2(b, (*[N]int16)(f))
	default:
		encodeGeneric(b, f)
	}
}

func decode(f *Poly, b *[EncodedSize]byte) bool {
	switch {
	case useAVX512:
		return decodeAVX512((*[N]int16)(f), b)
	case useAVX2:
		return decodeAVX2((*[N]int16)(f), b)
	}
	return decodeGeneric(f, b)
}

func compress(b []byte, f *Poly, d int) {
	switch {
	case useAVX512:
		compressAVX512(&b[0], (*[N]int16)(f), d)
	case useAVX2:
		compressAVX2(&b[0], (*[N]int16)(f), d)
	default:
		compressGeneric(b, f, d)
	}
}

func decompress(f *Poly, b []byte, d int) {
	switch {
	case useAVX512:
		decompressAVX512((*[N]int16)(f), &b[0], d)
	case useAVX2:
		decompressAVX2((*[N]int16)(f), &b[0], d)
	default:
		decompressGeneric(f, b, d)
	}
}

func compressAVX512(b *byte, f *[N]int16, d int) {
	switch d {
	case 1:
		compress1AVX512(b, f)
	case 4:
		compress4AVX512(b, f)
	case 5:
		compress5AVX512(b, f)
	case 10:
		compress10AVX512(b, f)
	case 11:
		compress11AVX512(b, f)
	}
}

func decompressAVX512(f *[N]int16, b *byte, d int) {
	switch d {
	case 1:
		decompress1AVX512(f, b)
	case 4:
		decompress4AVX512(f, b)
	case 5:
		decompress5AVX512(f, b)
	case 10:
		decompress10AVX512(f, b)
	case 11:
		decompress11AVX512(f, b)
	}
}

func compressAVX2(b *byte, f *[N]int16, d int) {
	switch d {
	case 1:
		compress1AVX2(b, f)
	case 4:
		compress4AVX2(b, f)
	case 5:
		compress5AVX2(b, f)
	case 10:
		compress10AVX2(b, f)
	case 11:
		compress11AVX2(b, f)
	}
}

func decompressAVX2(f *[N]int16, b *byte, d int) {
	switch d {
	case 1:
		decompress1AVX2(f, b)
	case 4:
		decompress4AVX2(f, b)
	case 5:
		decompress5AVX2(f, b)
	case 10:
		decompress10AVX2(f, b)
	case 11:
		decompress11AVX2(f, b)
	}
}

func cbd2(f *Poly, b *[CBD2Size]byte) {
	switch {
	case useAVX512:
		cbd2AVX512((*[N]int16)(f), b)
	case useAVX2:
		cbd2AVX2((*[N]int16)(f), b)
	default:
		cbd2Generic(f, b)
	}
}

func cbd3(f *Poly, b *[CBD3Size]byte) {
	switch {
	case useAVX512:
		cbd3AVX512((*[N]int16)(f), b)
	case useAVX2:
		cbd3AVX2((*[N]int16)(f), b)
	default:
		cbd3Generic(f, b)
	}
}

// uniform leaves the last coefficients, and a rest of the bytes, to Go where the
// assembly does.
func uniform(f *Poly, n int, b []byte) int {
	switch {
	case len(b) == 0:
		return n
	case useAVX512:
		return uniformAVX512((*[N]int16)(f), n, &b[0], len(b))
	case useAVX2:
		have, used := uniformAVX2((*[N]int16)(f), n, &b[0], len(b))
		n, b = have, b[used:]
	}
	return uniformGeneric(f, n, b)
}
