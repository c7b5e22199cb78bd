package kat

import (
	"crypto/sha3"
	"encoding/hex"
	"slices"
	"strings"
)

// checkIntermediate compares every line with the reference's. Those that an
// implementation has to come to are left for it to fail on.
func checkIntermediate(r *record, c *Case) error {
	base, draft := strings.CutSuffix(c.Algorithm, "-ipd")
	want := references[base].intermediateValues(draft, c.In["d"], c.In["z"], c.In[M])
	for i := range r.fields {
		f := &r.fields[i]
		f.used = true
		n := slices.IndexFunc(want, func(v namedValue) bool { return v.name == f.name })
		if n < 0 {
			return r.errorf("line %d: no value is called %q here", f.line, f.name)
		}
		judged := slices.Contains([]string{"ek", "dk", "K", "c"}, f.name)
		if !judged && !strings.EqualFold(f.value, want[n].value) {
			c.Broken = f.name + " does not follow from d, z and m"
		}
		want = slices.Delete(want, n, n+1)
	}
	if len(want) > 0 {
		return r.errorf("%d values are missing, the first is %s", len(want), want[0].name)
	}
	return nil
}

// A namedValue is a line of CCTV's intermediate values.
type namedValue struct{ name, value string }

// intermediateValues computes every line of such a file from d, z and m, in the
// order of the file: key generation, encapsulation and decapsulation of FIPS
// 203, algorithms 13 to 17, or of its initial public draft; see [edition].
func (p reference) intermediateValues(draft bool, d, z, m []byte) []namedValue {
	var list []namedValue
	add := func(name, value string) { list = append(list, namedValue{name, value}) }
	addBytes := func(name string, b []byte) { add(name, hex.EncodeToString(b)) }

	g := sha3.Sum512(append(slices.Clone(d), byte(p.k)))
	if draft {
		g = sha3.Sum512(d)
	}
	rho, sigma := g[:32], g[32:]
	rows, columns := p.matrix(rho)
	s, e := sampleVector(sigma, 0, p.k, p.eta1), sampleVector(sigma, p.k, p.k, p.eta1)
	sHat, eHat := s.each(polynomial.ntt), e.each(polynomial.ntt)
	t := make(vector, p.k)
	for i := range t {
		t[i] = rows[i].dot(sHat).plus(eHat[i])
	}
	ek := t.encode(12) + hex.EncodeToString(rho)
	ekBytes, _ := hex.DecodeString(ek)
	h := sha3.Sum256(ekBytes)
	addBytes("d", d)
	addBytes("ρ", rho)
	addBytes("σ", sigma)
	add("A[0, 0]", rows[0][0].list()+" = "+rows[0][0].encode(12))
	add("A", encodeMatrix(rows))
	add("s[0]", s[0].list()+" = "+s[0].encode(12))
	add("s", s.encode(12))
	add("NTT(s[0])", sHat[0].list()+" = "+sHat[0].encode(12))
	add("dkPKE", "NTT(s) = "+sHat.encode(12))
	add("e", e.encode(12))
	add("NTT(e)", eHat.encode(12))
	add("t", t.encode(12))
	add("ek", ek)
	add("dkPKE", ek) // so in the files; it is ekPKE
	addBytes("z", z)
	addBytes("H(ek)", h[:])
	add("dk", sHat.encode(12)+ek+hex.EncodeToString(h[:])+hex.EncodeToString(z))

	kr := sha3.Sum512(slices.Concat(m, h[:]))
	coins := kr[32:]
	mu := decode1(m).decompress(1)
	r, e1 := sampleVector(coins, 0, p.k, p.eta1), sampleVector(coins, p.k, p.k, 2)
	e2 := sampleCBD(coins, 2*p.k, 2)
	rHat := r.each(polynomial.ntt)
	u := make(vector, p.k)
	for i := range u {
		u[i] = columns[i].dot(rHat).inverse().plus(e1[i])
	}
	v := t.dot(rHat).inverse().plus(e2).plus(mu)
	cu, cv := u.each(func(f polynomial) polynomial { return f.compress(p.du) }), v.compress(p.dv)
	c := cu.encode(p.du) + cv.encode(p.dv)
	addBytes("m", m)
	addBytes("K", kr[:32])
	addBytes("r", coins)
	add("μ", mu.encode(12))
	add("A^T", encodeMatrix(columns))
	add("r", r.encode(12))
	add("NTT(r)", rHat.encode(12))
	add("e1", e1.encode(12))
	add("e2", e2.encode(12))
	add("u", u.encode(12))
	add("u[0]", u[0].list())
	add("compress(u[0])", cu[0].list())
	add("c1", cu.encode(p.du))
	add("v", v.list()+" = "+v.encode(12))
	add("compress(v)", cv.list())
	add("c2", cv.encode(p.dv))
	add("c", c)

	ud := cu.each(func(f polynomial) polynomial { return f.decompress(p.du) })
	udHat := ud.each(polynomial.ntt)
	vd := cv.decompress(p.dv)
	add("uᵈ", ud.encode(12))
	add("NTT(uᵈ)", udHat.encode(12))
	add("vᵈ", vd.encode(12))
	add("w", vd.minus(sHat.dot(udHat).inverse()).encode(12))
	ct, _ := hex.DecodeString(c)
	addBytes("KBar", sha3.SumSHAKE256(slices.Concat(z, ct), 32))
	return list
}

// matrix returns the rows and the columns of A.
func (p reference) matrix(rho []byte) (rows, columns []vector) {
	rows, columns = make([]vector, p.k), make([]vector, p.k)
	for i := range p.k {
		for j := range p.k {
			rows[i] = append(rows[i], sampleNTT(rho, j, i))
			columns[i] = append(columns[i], sampleNTT(rho, i, j))
		}
	}
	return rows, columns
}

func encodeMatrix(rows []vector) string {
	var b strings.Builder
	for _, row := range rows {
		b.WriteString(row.encode(12))
	}
	return b.String()
}
