//go:build !amd64 || purego

package ring

func ntt(f *Poly)                                   { nttGeneric(f) }
func inverseNTT(f *Poly)                            { inverseNTTGeneric(f) }
func reduce(f *Poly)                                { reduceGeneric(f) }
func add(f, g *Poly)                                { addGeneric(f, g) }
func sub(f, g *Poly)                                { subGeneric(f, g) }
func cache(c *Cached, f *Poly)                      { cacheGeneric(c, f) }
func dot(f *Poly, a []Poly, stride int, b []Cached) { dotGeneric(f, a, stride, b) }
func encode(b *[EncodedSize]byte, f *Poly)          { encodeGeneric(b, f) }
func decode(f *Poly, b *[EncodedSize]byte) bool     { return decodeGeneric(f, b) }
func compress(b []byte, f *Poly, d int)             { compressGeneric(b, f, d) }
func decompress(f *Poly, b []byte, d int)           { decompressGeneric(f, b, d) }
func cbd2(f *Poly, b *[CBD2Size]byte)               { cbd2Generic(f, b) }
func cbd3(f *Poly, b *[CBD3Size]byte)               { cbd3Generic(f, b) }
func uniform(f *Poly, n int, b []byte) int          { return uniformGeneric(f, n, b) }
