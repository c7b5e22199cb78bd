package kat

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pqkx/pqkx"
)

// botan reads Botan's .vec files of ML-KEM, Kyber, ECDH and X25519. Long values
// stand there as the first 16 bytes of SHAKE256 of them.
var botan = format{
	name: "Botan .vec",
	recognise: func(t *text) bool {
		return t.first("Seed", "SS", "PK", "SK", "CT") || t.first("Seed", "SS", "PK", "SK", "CT", "CT_N", "SS_N") ||
			t.first("Z", "D", "EK", "DK") || t.first("EK", "M", "K", "C") || t.first("Secret", "CounterKey", "K")
	},
	read: readBotan,
}

func readBotan(f *File, t *text) error {
	for _, r := range t.records {
		c := &Case{Group: r.section, ID: fmt.Sprintf("line %d", r.line()), Digest: SHAKE256_16}
		var err error
		switch {
		case r.has("Secret"):
			err = readBotanAgreement(r, c)
		case r.has("Seed"):
			err = readBotanKAT(r, c)
		default:
			err = readBotanACVP(r, c)
		}
		if err != nil {
			return err
		}
		if err := r.done(); err != nil {
			return err
		}
		f.add(c)
	}
	return nil
}

// kyber90s is why the cases of these variants are skipped.
const kyber90s = "the 90s variants of Kyber, on AES and SHA-2, were dropped before standardisation"

var botanKyber = regexp.MustCompile(`^Kyber-(512|768|1024)-r3$`)

// botanAlgorithm takes the algorithm from a section.
func botanAlgorithm(r *record, c *Case) error {
	if m := botanKyber.FindStringSubmatch(r.section); m != nil {
		c.Algorithm = "Kyber" + m[1]
		return nil
	}
	c.Algorithm = r.section
	if strings.HasPrefix(r.section, "Kyber-") && strings.HasSuffix(r.section, "-90s-r3") {
		c.Skip = kyber90s
		return nil
	}
	if _, ok := kems[c.Algorithm]; !ok {
		return r.errorf("unknown section [%s]", r.section)
	}
	return nil
}

// readBotanKAT reads a record of NIST's or of post-quantum-cryptography's known
// answers: everything comes from one seed.
func readBotanKAT(r *record, c *Case) (err error) {
	if err := botanAlgorithm(r, c); err != nil {
		return err
	}
	seed, err := r.hexOf("Seed", drbgSeedSize)
	if err != nil {
		return err
	}
	if c.Want, err = r.values(map[string]string{"SS": SS, "PK": EK, "SK": DK, "CT": CT}); err != nil {
		return err
	}
	c.In = make(Values)
	if !r.has("CT_N") {
		c.In[Seed], c.In[M] = randomness(c.Algorithm, seed)
		return nil
	}
	given, err := r.values(map[string]string{"CT_N": OtherCT, "SS_N": OtherSS})
	if err != nil {
		return err
	}
	d := newDRBG((*[drbgSeedSize]byte)(seed))
	z := d.draw(32)
	c.In[Seed] = append(d.draw(32), z...)
	c.In[M] = d.draw(32)
	c.In[OtherCT], c.Want[OtherSS] = given[OtherCT], given[OtherSS]
	if !bytes.Equal(d.draw(len(given[OtherCT])), given[OtherCT]) {
		c.Broken = "CT_N is not what the generator draws from Seed"
	}
	wantSeed(c)
	return nil
}

// wantSeed puts the digest of a private key where it belongs: Botan keeps an
// ML-KEM key as its seed.
func wantSeed(c *Case) {
	c.Want[Seed] = c.Want[DK]
	delete(c.Want, DK)
}

// readBotanACVP reads what was made of ACVP's vectors.
func readBotanACVP(r *record, c *Case) (err error) {
	if err := botanAlgorithm(r, c); err != nil {
		return err
	}
	if r.has("Z") {
		if c.In, err = r.values(map[string]string{"D": "d", "Z": "z"}); err != nil {
			return err
		}
		if c.Want, err = r.values(map[string]string{"EK": EK, "DK": DK}); err != nil {
			return err
		}
		joinSeed(c)
		wantSeed(c)
		return nil
	}
	if c.In, err = r.values(map[string]string{"EK": EK, "M": M}); err != nil {
		return err
	}
	c.Want, err = r.values(map[string]string{"K": SS, "C": CT})
	return err
}

// readBotanAgreement reads a record of ECDH, or of X25519 where there is no
// section.
func readBotanAgreement(r *record, c *Case) error {
	curve := r.section
	if curve == "" {
		curve = "x25519"
	}
	id, ok, err := setCurve(c, curve)
	if err != nil {
		return r.errorf("%v", err)
	}
	f := r.find("Secret")
	f.value = strings.TrimPrefix(strings.TrimPrefix(f.value, "0x"), "0X")
	if digits := f.value; len(digits)%2 != 0 && id != pqkx.X25519 {
		f.value = "0" + digits // a number
	}
	v, err := r.values(map[string]string{"Secret": ClientSeed, "CounterKey": Server, "K": SS})
	if err != nil || !ok {
		return err
	}
	c.In = Values{ClientSeed: scalar(v[ClientSeed], id), Server: v[Server]}
	c.Want = Values{SS: v[SS]}
	if id == pqkx.X25519 && len(bytes.Trim(v[SS], "\x00")) == 0 {
		c.Fault, c.FaultIn = ContentFault, Server
		c.Expect, c.Policy = Acceptable, "a point of low order (RFC 7748, section 6.1 lets an implementation refuse it, RFC 8446, section 7.4.2 makes it)"
	}
	return nil
}

// botanTranscript knows Botan's handshakes of RFC 8448, to say that they are no
// vectors of a key exchange.
var botanTranscript = format{
	name: "Botan TLS 1.3 transcripts",
	recognise: func(t *text) bool {
		return len(t.records) > 0 && slices.ContainsFunc(t.records, func(r *record) bool { return r.has("Record_ClientHello_1", "Message_ServerHello") })
	},
	read: func(f *File, t *text) error {
		for _, r := range t.records {
			f.add(&Case{Group: r.section, ID: fmt.Sprintf("line %d", r.line()),
				Skip: "the transcript of a handshake, not a vector of a key exchange"})
		}
		return nil
	},
}
