package kem

import "encoding/binary"

// equalMask returns 0xff if two ciphertexts are equal, else 0, in a time that
// their content does not change. Their lengths are equal, and multiples of 32.
func equalMask(a, b []byte) byte {
	var different uint64
	for ; len(a) >= 32 && len(b) >= 32; a, b = a[32:], b[32:] {
		for i := 0; i < 32; i += 8 {
			different |= binary.LittleEndian.Uint64(a[i:]) ^ binary.LittleEndian.Uint64(b[i:])
		}
	}
	// The top bit of x | -x tells whether x is anything but zero.
	return byte((different|-different)>>63) - 1
}

// choose sets out to a if mask is 0xff, to b if it is 0, in a time that does
// not tell which.
func choose(out []byte, mask byte, a, b []byte) {
	for i := range out {
		out[i] = b[i] ^ mask&(a[i]^b[i])
	}
}
