//go:build !race

package tls13

import (
	"bytes"
	"errors"
	"testing"

	"github.com/pqkx/pqkx/internal/ct"
)

// TestDecryptionTiming compares the times of records that do not decrypt: a peer
// must not learn from them what was wrong. Each pair is of one length, save the
// control's.
func TestDecryptionTiming(t *testing.T) {
	n := 3000
	if testing.Short() {
		n = 600
	}
	data := bytes.Repeat([]byte("data"), 1000)
	padding := append([]byte{recordApplicationData}, make([]byte, len(data)-1)...)
	for _, id := range new(Config).cipherSuites() {
		s := suiteByID(id)
		for _, test := range []struct {
			name string
			bad  [2]func() []byte // a record of each class
			leak bool
		}{
			{"first bit against last bit of tag", [2]func() []byte{
				func() []byte { return badRecord(t, s, recordApplicationData, data, headerSize) }, func() []byte { return badRecord(t, s, recordApplicationData, data, -1) }}, false},
			{"data against padding", [2]func() []byte{
				func() []byte { return badRecord(t, s, recordApplicationData, data, -1) }, func() []byte { return badRecord(t, s, 0, padding, -1) }}, false},
			{"control: data against more data", [2]func() []byte{
				func() []byte { return badRecord(t, s, recordApplicationData, data, -1) }, func() []byte { return badRecord(t, s, recordApplicationData, append(data, data...), -1) }}, true},
		} {
			prepare := func(class int) func() {
				r := newTimedReader(t, s, test.bad[class]())
				return func() {
					var alert *AlertError
					if _, _, err := r.record(); !errors.As(err, &alert) || alert.Alert != AlertBadRecordMAC {
						panic(err)
					}
				}
			}
			differ, ts := ct.Distinguish(prepare, n, ct.Lenient)
			for i := 0; i < 4 && test.leak && !differ; i++ { // it may drown in noise, but not every time
				differ, ts = ct.Distinguish(prepare, n, ct.Lenient)
			}
			t.Logf("%04x, %s: t = %v of %d samples", id, test.name, ts, n)
			if differ != test.leak {
				t.Errorf("%04x, %s: told apart: %v, want %v", id, test.name, differ, test.leak)
			}
		}
	}
}

// timedSecret is the traffic secret of both sides.
func timedSecret(s *suite) trafficSecret {
	return trafficSecret{secret{s, make([]byte, s.newHash().Size())}}
}

// badRecord seals a record of a type and flips a bit of the byte at an index, which counts
// from the end if it is negative.
func badRecord(t *testing.T, s *suite, kind uint8, content []byte, at int) []byte {
	w := writer{maxFragment: maxPlaintext}
	if err := w.set(timedSecret(s)); err != nil {
		t.Fatal(err)
	}
	w.appendOne(kind, content)
	if at < 0 {
		at += len(w.buffer)
	}
	w.buffer[at] ^= 1
	return w.buffer
}

func newTimedReader(t *testing.T, s *suite, record []byte) *reader {
	r := &reader{raw: record, limit: maxPlaintext + 1}
	if err := r.set(timedSecret(s)); err != nil {
		t.Fatal(err)
	}
	return r
}
