package kat

import (
	"bytes"
	"crypto/ecdh"
	"crypto/sha3"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A Fault is what is wrong with the input of an Invalid case. It keeps a vector
// that was truncated or tampered with from counting as rejected as expected.
type Fault uint8

const (
	AnyFault     Fault = iota
	LengthFault        // an input is too short or too long
	ContentFault       // every input has the right length
)

// String describes the fault.
func (f Fault) String() string {
	switch f {
	case LengthFault:
		return "a wrong length"
	case ContentFault:
		return "bad content of the right length"
	}
	return "any fault"
}

// setFault takes from a comment or from flags what is wrong with a case, and in
// which of its inputs, which have to be set.
func (c *Case) setFault(comment string, flags []string) {
	comment = strings.ToLower(comment + " " + strings.Join(flags, " "))
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(comment, w) })
	}
	switch {
	case has("too short", "too long", "length", "compressedpoint"):
		c.Fault = LengthFault
	case has("not reduced", "corrupted", "modulusoverflow", "invaliddecapsulationkey", "invalidcurveattack"):
		c.Fault = ContentFault
	}
	for _, f := range []struct {
		words  []string
		fields []string
	}{
		{[]string{"decapsulation key", "decapsulationkey", "private key"}, []string{DK, Seed}},
		{[]string{"encapsulation key", "encapsulationkey", "public key", "modulusoverflow"}, []string{EK}},
		{[]string{"ciphertext"}, []string{CT}},
		{[]string{"entropy", "randomness"}, []string{M}},
	} {
		for _, name := range f.fields {
			if _, ok := c.In[name]; ok && c.FaultIn == "" && has(f.words...) {
				c.FaultIn = name
			}
		}
	}
	c.checkComment(comment)
}

var lengthInComment = regexp.MustCompile(`\(([0-9]+) bytes instead of`)

// checkComment compares the length that is at fault with what a comment says.
func (c *Case) checkComment(comment string) {
	b, ok := c.In[c.FaultIn]
	if !ok || c.Fault != LengthFault {
		return
	}
	n := c.lengths()[c.FaultIn]
	if m := lengthInComment.FindStringSubmatch(comment); m != nil && m[1] != strconv.Itoa(len(b)) {
		c.Broken = fmt.Sprintf("the comment tells of %s bytes, %s has %d", m[1], c.FaultIn, len(b))
	} else if strings.Contains(comment, "too short") && len(b) > n {
		c.Broken = fmt.Sprintf("the comment tells of too few bytes, %s has %d instead of %d", c.FaultIn, len(b), n)
	} else if strings.Contains(comment, "too long") && len(b) < n {
		c.Broken = fmt.Sprintf("the comment tells of too many bytes, %s has %d instead of %d", c.FaultIn, len(b), n)
	}
}

// A defect is something wrong with an input of a case.
type defect struct {
	field string
	fault Fault
	what  string
}

// defects looks for what is wrong with the inputs, without the implementation
// that is on trial: lengths, and contents of the right length that have to be
// refused (FIPS 203, sections 7.2 and 7.3; RFC 8446, sections 4.2.8.2 and 7.4.2).
func (c *Case) defects() []defect {
	var found []defect
	lengths := c.lengths()
	for _, name := range slices.Sorted(maps.Keys(c.In)) {
		b := c.In[name]
		n, ok := lengths[name]
		if !ok {
			continue
		}
		if len(b) != n {
			found = append(found, defect{name, LengthFault, fmt.Sprintf("%s of %d bytes instead of %d", name, len(b), n)})
		} else if what := c.badContent(name, b); what != "" {
			found = append(found, defect{name, ContentFault, name + " " + what})
		}
	}
	return found
}

// badContent describes what is wrong with a value of the right length, empty if
// nothing is.
func (c *Case) badContent(name string, b []byte) string {
	_, isKEM := kems[c.Algorithm]
	switch {
	case isKEM && name == EK:
		return badEK(c.Algorithm, b)
	case isKEM && name == DK && c.Algorithm != "X-Wing":
		return badDK(b)
	case !isKEM && (name == Client || name == Server):
		id, _ := groupByName(c.Algorithm)
		for _, p := range groups[id] { // in wire order
			size := p.client
			if name == Server {
				size = p.server
			}
			if what := p.badShare(take(&b, size), name == Client); what != "" {
				return what
			}
		}
	}
	return ""
}

// badShare is badContent for one part of a group's share.
func (p groupPart) badShare(b []byte, client bool) string {
	switch {
	case p.kem != "" && client:
		return badEK(p.kem, b)
	case p.kem != "":
		return "" // every ciphertext is good
	}
	curve := ecdhCurves[p.curve]()
	peer, err := curve.NewPublicKey(b)
	if err != nil {
		return "with a point that is not on the curve"
	}
	if curve == ecdh.X25519() && lowOrder(peer) {
		return "with a point of low order"
	}
	return ""
}

// lowOrder reports whether a point of Curve25519 gives zeros with every scalar.
func lowOrder(point *ecdh.PublicKey) bool {
	key, err := ecdh.X25519().NewPrivateKey(bytes.Repeat([]byte{0x40}, 32))
	if err != nil {
		return false
	}
	_, err = key.ECDH(point)
	return err != nil
}

const badReduction = "with a coefficient that is not below q"

// badEK is badContent for an encapsulation key: ρ ends it, an X25519 share ends
// that of X-Wing.
func badEK(algorithm string, ek []byte) string {
	if algorithm == "X-Wing" {
		ek = ek[:len(ek)-32]
	}
	if !reduced(ek[:len(ek)-32]) {
		return badReduction
	}
	return ""
}

// badDK is badContent for an expanded decapsulation key: dkPKE || ek || H(ek) ||
// z, of which ek is 32 bytes longer than dkPKE. It takes any length.
func badDK(dk []byte) string {
	ek := ekIn(dk)
	if ek == nil {
		return "of no parameter set"
	}
	h := sha3.Sum256(ek)
	switch {
	case !bytes.Equal(h[:], dk[len(dk)-64:len(dk)-32]):
		return "with a hash that is not of the ek in it"
	case !reduced(dk[:len(ek)-32]), !reduced(ek[:len(ek)-32]):
		return badReduction
	}
	return ""
}

// ekIn returns the encapsulation key in an expanded decapsulation key, nil if
// its length is not of ML-KEM or Kyber.
func ekIn(dk []byte) []byte {
	for _, s := range kems {
		if s.dk == len(dk) && s.dk == 2*s.ek+32 {
			return dk[s.ek-32:][:s.ek]
		}
	}
	return nil
}

// wrongCause tells why a refusal is not the one that the vector is about, empty
// if it is. An implementation may see more faults than [Case.defects] does; a
// vector that is there to be refused must have one, and none elsewhere.
func (c *Case) wrongCause() string {
	if c.lengths() == nil {
		return ""
	}
	about := func(d defect) bool {
		return (c.Fault == AnyFault || c.Fault == d.fault) && (c.FaultIn == "" || c.FaultIn == d.field)
	}
	found := c.defects()
	subject := "the vector is about " + c.Fault.String()
	if c.FaultIn != "" {
		subject += " in " + c.FaultIn
	}
	if i := slices.IndexFunc(found, func(d defect) bool { return !about(d) }); i >= 0 {
		return "refused, but for " + found[i].what + ", and " + subject
	}
	switch {
	case len(found) > 0:
		return ""
	case c.Fault == LengthFault:
		return "refused, but every length is right, and " + subject
	}
	return "refused, but nothing is wrong with its inputs, and " + subject
}
