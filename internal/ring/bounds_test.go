package ring

import "testing"

// A bounded is the greatest absolute value that each coefficient can have. The
// tests below run the butterflies of each backend on such bounds and fail where
// a sum could leave 16 bits.
type bounded [N]int

// A bounder is how a backend multiplies by a constant and what it reduces.
type bounder struct {
	name      string
	multiply  func(bound int) int
	nearly    func(bound int) int
	registers int // what sums of one pass may reach, before they are stored
}

var bounders = []bounder{
	{"portable", func(int) int { return Q / 2 }, func(int) int { return Q / 2 }, 1 << 19},
	{"assembly", montgomeryBound, nearlyBound, 1<<15 - 1},
}

// montgomeryBound is for a factor of at most q/2: see TestMontgomeryBound.
func montgomeryBound(bound int) int { return (bound*(Q/2))>>16 + Q/2 + 1 }

// nearlyBound is what one VPMULHRSW by 10 leaves: see TestNearlyBound.
func nearlyBound(int) int { return 66 * Q / 100 }

// TestMontgomeryBound multiplies each 16-bit number by the greatest factors, and
// by some between, as the assembly does.
func TestMontgomeryBound(t *testing.T) {
	inverse := int16(1)
	for inverse*Q != 1 {
		inverse += 2
	}
	step := int32(13)
	if testing.Short() {
		step = 13 * 64 // still both ends
	}
	for z := int32(-Q / 2); z <= Q/2; z += step {
		for x := int32(-1 << 15); x < 1<<15; x++ {
			low := int16(x) * int16(z) * inverse
			got := int((x*z)>>16 - (int32(low)*Q)>>16)
			if bound := montgomeryBound(int(max(x, -x))); got > bound || got < -bound {
				t.Fatalf("%d · %d gives %d, beyond %d", x, z, got, bound)
			}
			if mod(got<<16) != mod(int(x*z)) {
				t.Fatalf("%d · %d gives %d", x, z, got)
			}
		}
	}
}

// TestNearlyBound reduces each 16-bit number by one multiplication.
func TestNearlyBound(t *testing.T) {
	for x := -1 << 15; x < 1<<15; x++ {
		got := x - (x*10+1<<14)>>15*Q
		if got > nearlyBound(0) || got < -nearlyBound(0) {
			t.Fatalf("%d is reduced to %d", x, got)
		}
	}
}

func (f *bounded) fill(bound int) {
	for i := range f {
		f[i] = bound
	}
}

func (f *bounded) check(t *testing.T, what string, bound int) {
	t.Helper()
	for i, b := range f {
		if b > bound {
			t.Fatalf("%s: coefficient %d may be %d, beyond %d", what, i, b, bound)
		}
	}
}

// TestBoundsNTT: no layer of the transform reduces, and 16 bits suffice.
func TestBoundsNTT(t *testing.T) {
	for _, r := range bounders {
		var f bounded
		f.fill(Q)
		for distance := 128; distance >= 2; distance /= 2 {
			for i := range f {
				if i&distance == 0 {
					sum := f[i] + r.multiply(f[i+distance])
					f[i], f[i+distance] = sum, sum
				}
			}
			f.check(t, r.name, 1<<15-1)
		}
		f.check(t, r.name, 8*Q)
	}
}

// TestBoundsInverse follows the reductions where the backends have them: the
// sums of distance 8 in both, and those of 32 portably, of 64 in assembly.
func TestBoundsInverse(t *testing.T) {
	for _, r := range bounders {
		var f bounded
		f.fill(Q)
		for distance := 2; distance <= 128; distance *= 2 {
			for i := range f {
				if i&distance == 0 {
					sum := f[i] + f[i+distance]
					if sum > r.registers {
						t.Fatalf("%s: a sum or difference of distance %d may be %d", r.name, distance, sum)
					}
					f[i], f[i+distance] = sum, r.multiply(sum)
					switch {
					case distance == 8 && (r.name == "assembly" || i&4 == 0),
						distance == 32 && r.name == "portable" && i&16 == 0,
						distance == 64 && r.name == "assembly" && i&32 == 0:
						f[i] = r.nearly(f[i])
					case distance == 128:
						f[i] = r.multiply(f[i]) // by 1/128
					}
				}
			}
			if r.name == "assembly" || distance != 64 { // which the portable one has in registers
				f.check(t, r.name, 1<<15-1)
			}
		}
		f.check(t, r.name, Q)
	}
}

// TestBoundsDot: the sums of the most products of the greatest factors fit 32
// bits, and the reduced ones are at most q.
func TestBoundsDot(t *testing.T) {
	const terms = 2 * MaxDot
	if portable := terms * 4095 * (1 << 15); portable > 1<<31-1 {
		t.Errorf("portable sums may be %d", portable)
	}
	sum := terms * 4095 * montgomeryBound(1<<15)
	if reduced := sum>>16 + Q/2 + 2; sum > 1<<31-1 || reduced > Q {
		t.Errorf("sums with AVX2 may be %d, and %d when reduced", sum, reduced)
	}
}
