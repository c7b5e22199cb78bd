package ring

import "encoding/binary"

// EncodedSize is the length of a polynomial with 12 bits for each coefficient.
const EncodedSize = N * 12 / 8

// CompressedSize returns the length of a polynomial compressed to d bits.
func CompressedSize(d int) int { return N * d / 8 }

// Encode writes f with 12 bits for each coefficient; 0 <= f < q.
func (f *Poly) Encode(b *[EncodedSize]byte) { encode(b, f) }

// Decode reads 12 bits for each coefficient. It reports whether all are below
// q; the coefficients are not reduced if they are not.
func (f *Poly) Decode(b *[EncodedSize]byte) bool { return decode(f, b) }

// Compress writes f compressed to d bits for each coefficient; |f| <= 4q. Those
// who have a use for it have d = 1, 4, 5, 10 or 11, and b of CompressedSize(d).
func (f *Poly) Compress(b []byte, d int) {
	_ = b[:CompressedSize(d)]
	compress(b, f, d)
}

// Decompress reads what Compress writes; 0 <= f < q after.
func (f *Poly) Decompress(b []byte, d int) {
	_ = b[:CompressedSize(d)]
	decompress(f, b, d)
}

// encodeGeneric is ByteEncode₁₂ (FIPS 203, algorithm 5).
//
//	in:  0 <= f < 4096
func encodeGeneric(b *[EncodedSize]byte, f *Poly) {
	for i := range N / 4 {
		c, out := (*[4]int16)(f[4*i:]), (*[6]byte)(b[6*i:])
		x := uint64(uint16(c[0])) | uint64(uint16(c[1]))<<12 | uint64(uint16(c[2]))<<24 | uint64(uint16(c[3]))<<36
		binary.LittleEndian.PutUint32(out[:], uint32(x))
		binary.LittleEndian.PutUint16(out[4:], uint16(x>>32))
	}
}

// decodeGeneric is ByteDecode₁₂ (FIPS 203, algorithm 6) without the reduction,
// but with the check of section 7.2.
//
//	out: 0 <= f < 4096, and < q if the result is true
func decodeGeneric(f *Poly, b *[EncodedSize]byte) bool {
	bad := int32(0)
	for i := range N / 4 {
		c, in := (*[4]int16)(f[4*i:]), (*[6]byte)(b[6*i:])
		x := uint64(binary.LittleEndian.Uint32(in[:])) | uint64(binary.LittleEndian.Uint16(in[4:]))<<32
		for j := range c {
			v := int32(x >> (12 * j) & 0xfff)
			bad |= Q - 1 - v
			c[j] = int16(v)
		}
	}
	return bad >= 0
}

// compressGeneric is Compress_d (FIPS 203, section 4.2.1), then ByteEncode_d.
//
//	in:  |f| <= 4q, d = 1, 4, 5, 10 or 11
func compressGeneric(b []byte, f *Poly, d int) {
	switch d {
	case 10:
		compress10(b, f)
	case 11:
		compress11(b, f)
	default:
		for i := range N / 8 {
			c := (*[8]int16)(f[8*i:])
			var x uint64
			for j, v := range c {
				x |= compressed(v, d) << (j * d)
			}
			for j := range d {
				b[d*i+j] = byte(x >> (8 * j))
			}
		}
	}
}

func compress10(b []byte, f *Poly) {
	for i := range N / 4 {
		c, out := (*[4]int16)(f[4*i:]), (*[5]byte)(b[5*i:])
		x := compressed(c[0], 10) | compressed(c[1], 10)<<10 | compressed(c[2], 10)<<20 | compressed(c[3], 10)<<30
		binary.LittleEndian.PutUint32(out[:], uint32(x))
		out[4] = byte(x >> 32)
	}
}

func compress11(b []byte, f *Poly) {
	for i := range N / 8 {
		c, out := (*[8]int16)(f[8*i:]), (*[11]byte)(b[11*i:])
		x := compressed(c[0], 11) | compressed(c[1], 11)<<11 | compressed(c[2], 11)<<22 |
			compressed(c[3], 11)<<33 | compressed(c[4], 11)<<44 | compressed(c[5], 11)<<55
		y := compressed(c[5], 11)>>9 | compressed(c[6], 11)<<2 | compressed(c[7], 11)<<13
		binary.LittleEndian.PutUint64(out[:], x)
		binary.LittleEndian.PutUint16(out[8:], uint16(y))
		out[10] = byte(y >> 16)
	}
}

// compressed returns round(v · 2ᵈ / q) modulo 2ᵈ. A multiplication stands for
// the division, whose time might tell v (KyberSlash); so does a multiple of q
// added first for the reduction.
//
//	in:  |v| <= 4q, d <= 11
func compressed(v int16, d int) uint64 {
	const shift, inverse = 40, (1<<40 + Q - 1) / Q
	x := uint64(uint32(int32(v)+4*Q)) << (d & 15)
	return (x + Q/2) * inverse >> shift & (1<<(d&15) - 1)
}

// decompressGeneric is ByteDecode_d, then Decompress_d (FIPS 203, section 4.2.1).
//
//	in:  d = 1, 4, 5, 10 or 11
//	out: 0 <= f < q
func decompressGeneric(f *Poly, b []byte, d int) {
	mask := uint32(1)<<(d&15) - 1
	half := uint32(1) << (d - 1) & 0xffff
	var x uint32
	have := 0
	for i := range f {
		for have < d {
			x |= uint32(b[0]) << (have & 31)
			have += 8
			b = b[1:]
		}
		f[i] = int16((x&mask*Q + half) >> (d & 15))
		x >>= d & 15
		have -= d
	}
}
