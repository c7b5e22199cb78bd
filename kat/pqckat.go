package kat

import (
	"bytes"
	"fmt"
)

// pqcKAT reads the files of post-quantum-cryptography/KAT for ML-KEM: records
// with the randomness written out, and a ciphertext that decapsulation rejects.
var pqcKAT = format{
	name: "post-quantum-cryptography/KAT",
	recognise: func(t *text) bool {
		return t.first("count", "z", "d", "msg", "seed", "pk", "sk", "ct_n", "ss_n", "ct", "ss")
	},
	read: readPQCKAT,
}

func readPQCKAT(f *File, t *text) error {
	for i, r := range t.records {
		if err := r.count(i); err != nil {
			return err
		}
		c := &Case{ID: fmt.Sprintf("count %d", i)}
		given, err := r.values(map[string]string{"z": "z", "d": "d", "msg": M, "seed": Seed, "ct_n": OtherCT})
		if err != nil {
			return err
		}
		if c.Want, err = r.values(map[string]string{"pk": EK, "sk": DK, "ct": CT, "ss": SS, "ss_n": OtherSS}); err != nil {
			return err
		}
		if err := r.done(); err != nil {
			return err
		}
		set, ok := parameterSet(len(c.Want[EK]))
		if !ok {
			return r.errorf("pk of %d bytes is not of ML-KEM", len(c.Want[EK]))
		}
		c.Algorithm = "ML-KEM-" + set
		c.In = Values{Seed: append(bytes.Clone(given["d"]), given["z"]...), M: given[M], OtherCT: given[OtherCT]}
		if len(given[Seed]) != drbgSeedSize {
			return r.errorf("seed of %d bytes, want %d", len(given[Seed]), drbgSeedSize)
		}
		d := newDRBG((*[drbgSeedSize]byte)(given[Seed]))
		for _, name := range []string{"z", "d", M, OtherCT} {
			if !bytes.Equal(d.draw(len(given[name])), given[name]) {
				c.Broken = name + " is not what the generator draws from seed"
				break
			}
		}
		f.add(c)
	}
	return nil
}
