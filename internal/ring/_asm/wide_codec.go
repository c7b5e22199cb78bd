package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// An unpacker brings 32 numbers of d bits each to 32 words. One permutation
// gives the bytes of four numbers to each quarter of 128 bits, and one shift by
// multiples takes two bytes for each number from there.
type unpacker struct {
	d                   int
	bytes, shifts, mask VecVirtual
	full                Register // mask of the bytes that there are
}

func unpackerOf(d int) *unpacker {
	var at, by []byte
	for quad := range 8 {
		first := 4 * d * quad
		for i := range 8 {
			at = append(at, byte((first/8+i)%wideRow))
		}
		for i := range 4 {
			shift := first%8 + d*i
			by = append(by, byte(shift), byte((shift+8)%64))
		}
	}
	return &unpacker{
		d, wideHeld(wideBytes(at)), wideHeld(wideBytes(by)), wideHeld(widePlace(1<<d - 1)), ones(4 * d),
	}
}

// size is how many bytes there are of 32 numbers.
func (u *unpacker) size() int { return 4 * u.d }

// loadUnmasked leaves other bits above each number.
func (u *unpacker) loadUnmasked(b Mem, loaded Register) VecVirtual {
	x := ZMM()
	VMOVDQU8_Z(b, loaded, x)
	VPERMB(x, u.bytes, x)
	VPMULTISHIFTQB(x, u.shifts, x)
	return x
}

func (u *unpacker) load(b Mem, loaded Register) VecVirtual {
	x := u.loadUnmasked(b, loaded)
	VPANDD(u.mask, x, x)
	return x
}

// A packer does the reverse: it joins pairs by one multiplication and addition,
// and pairs of those by shifts. Where four numbers do not fill bytes, every
// second quad is shifted to where the first ends, and the byte that they share is
// put together from both.
type packer struct {
	d                                 int
	join, apart, second, bytes, other VecVirtual
	full                              Register
}

func packerOf(d int) *packer {
	p := &packer{d: d, join: wideHeld(widePlace(1, 1<<d)), apart: wideHeld(wideDwords(32-2*d, 0))}
	const empty = 7 // a byte that no quad fills
	var bytes, other []byte
	for i := range wideRow {
		switch whole := d / 2; {
		case i >= 4*d:
			bytes, other = append(bytes, empty), append(other, empty)
		case d%2 == 0:
			bytes = append(bytes, byte(i/whole*8+i%whole))
		default:
			from, rest := byte(i/d*16), i%d
			b, o := byte(empty), byte(empty)
			if rest <= whole {
				b = from + byte(rest)
			}
			if rest >= whole {
				o = from + 8 + byte(rest-whole)
			}
			bytes, other = append(bytes, b), append(other, o)
		}
	}
	p.bytes = wideHeld(wideBytes(bytes))
	if d%2 != 0 {
		p.other = wideHeld(wideBytes(other))
		p.second = wideHeld(wideDwords(0, 0, 4, 0))
	}
	if 4*d > 16 {
		p.full = ones(4 * d)
	}
	return p
}

func (p *packer) size() int { return 4 * p.d }

// store writes 32 numbers to b, and no more bytes than they have if there is
// nothing behind them that is yet to be written.
func (p *packer) store(x VecVirtual, b Mem, last bool) {
	VPMADDWD(p.join, x, x)
	VPSLLVD(p.apart, x, x)
	VPSRLQ(U8(32-2*p.d), x, x)
	if p.d%2 != 0 {
		t := ZMM()
		VPSLLVQ(p.second, x, x)
		VPERMB(x, p.other, t)
		VPERMB(x, p.bytes, x)
		VPORD(t, x, x)
	} else {
		VPERMB(x, p.bytes, x)
	}
	switch {
	case p.size() == 4:
		VMOVD(x.AsX(), b)
	case p.size() == 16:
		VMOVDQU64(x.AsX(), b)
	case last:
		VMOVDQU8(x, p.full, b)
	case p.size() <= 32:
		VMOVDQU64(x.AsY(), b)
	default:
		VMOVDQU64(x, b)
	}
}

// each calls store for all of a polynomial. A vector that is written whole must
// not reach beyond the end; the one before the last, which it overlaps, does not.
func (p *packer) each(b Mem, number func(i int) VecVirtual) {
	for i := range wideRows {
		p.store(number(i), b.Offset(p.size()*i), i == wideRows-1)
	}
}

func wideEncode() {
	wideFunction("encode", "func(b *[384]byte, f *[256]int16)")
	b, f := pointer("b"), pointer("f")
	packerOf(12).each(b, func(i int) VecVirtual {
		x := ZMM()
		VMOVDQU64(f.Offset(wideRow*i), x)
		return x
	})
	end()
}

func wideDecode() {
	wideFunction("decode", "func(f *[256]int16, b *[384]byte) bool")
	f, b := pointer("f"), pointer("b")
	u := unpackerOf(12)
	greatest := ZMM()
	VPXORD(greatest, greatest, greatest)
	for i := range wideRows {
		x := u.load(b.Offset(u.size()*i), u.full)
		VMOVDQU64(x, f.Offset(wideRow*i))
		VPMAXUW(x, greatest, greatest)
	}
	bad, ok := K(), GP8()
	VPCMPUW(U8(notLess), wideHeld(widePlace(q)), greatest, bad)
	KORTESTD(bad, bad)
	SETEQ(ok)
	Store(ok, ReturnIndex(0))
	end()
}

var depths = []struct {
	d    int
	name string
}{{1, "1"}, {4, "4"}, {5, "5"}, {10, "10"}, {11, "11"}}

// wideCompress has the arithmetic of compression.
func wideCompress() {
	for _, depth := range depths {
		wideFunction("compress"+depth.name, "func(b *byte, f *[256]int16)")
		b, f := pointer("b"), pointer("f")
		const inverse = (1 << 32) / q
		qs, v, round := wideBarrettConstants()
		low := inverse&0xffff - 1<<16
		lows, highs := wideHeld(widePlace(low)), wideHeld(widePlace((inverse-low)>>16))
		half := wideHeld(widePlace(1 << (15 - depth.d)))
		packerOf(depth.d).each(b, func(i int) VecVirtual {
			x, y := ZMM(), ZMM()
			VMOVDQU64(f.Offset(wideRow*i), x)
			barrett(x, qs, v, round)
			VPMULHW(lows, x, y)
			VPMULLW(highs, x, x)
			VPADDW(y, x, x)
			VPADDW(half, x, x)
			VPSRLW(U8(16-depth.d), x, x)
			return x
		})
		end()
	}
}

// wideDecompress rounds as decompress does.
func wideDecompress() {
	for _, depth := range depths {
		wideFunction("decompress"+depth.name, "func(f *[256]int16, b *byte)")
		f, b := pointer("f"), pointer("b")
		u, qs := unpackerOf(depth.d), wideHeld(widePlace(q))
		for i := range wideRows {
			x := u.load(b.Offset(u.size()*i), u.full)
			VPSLLW(U8(15-depth.d), x, x)
			VPMULHRSW(qs, x, x)
			VMOVDQU64(x, f.Offset(wideRow*i))
		}
		end()
	}
}
