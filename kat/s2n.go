package kat

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// s2nKAT reads s2n-tls's tls13_server_hybrid_key_share_recv.kat: key_share
// extensions of the first hybrid drafts, which put a length before each half. The
// KEM in them is checked.
var s2nKAT = format{
	name: "s2n-tls hybrid .kat",
	recognise: func(t *text) bool {
		return t.first("kem_group", "pq_private_key", "pq_shared_secret", "server_key_share_payload")
	},
	read: func(f *File, t *text) error {
		for _, r := range t.records {
			c, err := readS2N(r)
			if err != nil {
				return err
			}
			f.add(c)
		}
		f.note("the KEM alone is checked: the private key of the elliptic curve is not in the file")
		return nil
	},
}

func readS2N(r *record) (*Case, error) {
	group := r.get("kem_group")
	c := &Case{Group: group, ID: fmt.Sprintf("line %d", r.line())}
	_, kem, _ := strings.Cut(group, "_")
	v, err := r.values(map[string]string{"pq_private_key": DK, "pq_shared_secret": SS, "server_key_share_payload": Server})
	if err != nil {
		return nil, err
	}
	if err := r.done(); err != nil {
		return nil, err
	}
	c.Algorithm = map[string]string{"kyber-512-r3": "Kyber512", "kyber-768-r3": "Kyber768", "kyber-1024-r3": "Kyber1024"}[kem]
	if c.Algorithm == "" {
		c.Skip = kem + " is not an algorithm that is known here"
		return c, nil
	}
	share := v[Server]
	if len(share) < 2 {
		return nil, r.errorf("server_key_share_payload of %d bytes", len(share))
	}
	entry, rest, ok := cutVector(share[2:])
	_, entry, okEC := cutVector(entry)
	ct, more, okPQ := cutVector(entry)
	if !ok || !okEC || !okPQ || len(rest) > 0 || len(more) > 0 {
		return nil, r.errorf("server_key_share_payload is not a group and two shares with their lengths")
	}
	c.In, c.Want = Values{DK: v[DK], CT: ct}, Values{SS: v[SS]}
	return c, nil
}

// cutVector takes a vector with a length of two bytes off b.
func cutVector(b []byte) (head, rest []byte, ok bool) {
	if len(b) < 2 {
		return nil, nil, false
	}
	n := int(binary.BigEndian.Uint16(b))
	if b = b[2:]; len(b) < n {
		return nil, nil, false
	}
	return b[:n], b[n:], true
}

// s2nJSON reads values of s2n-tls's s2n_tls13_hybrid_pq_shared_secret_test.c:
// private keys of the curve and the secret of the KEM, to the hybrid secret and
// the handshake traffic secrets.
var s2nJSON = format{
	name: "s2n-tls hybrid JSON",
	recogniseJSON: func(v *value) bool {
		list := v.find("vectors")
		return list != nil && len(list.array) > 0 && list.array[0].has("group", "hybridSecret", "clientHSTraffic")
	},
	readJSON: func(f *File, v *value) error {
		list, err := v.arrayOf("vectors")
		if err != nil {
			return err
		}
		for i, e := range list {
			c, err := readS2NVector(e)
			if err != nil {
				return err
			}
			c.ID = fmt.Sprintf("%d %s", i, c.Hash)
			f.add(c)
		}
		f.note("the secret of the KEM is given: its exchange is not in the file")
		return nil
	},
}

// suiteHashes are the hashes of cipher suites (RFC 8446, section B.4).
var suiteHashes = map[string]string{
	"TLS_AES_128_GCM_SHA256":       SHA256,
	"TLS_CHACHA20_POLY1305_SHA256": SHA256,
	"TLS_AES_256_GCM_SHA384":       SHA384,
}

func readS2NVector(v *value) (*Case, error) {
	c := new(Case)
	name, err := v.str("group")
	if err != nil {
		return nil, err
	}
	id, ok := groupByName(name)
	if !ok || len(groups[id]) < 2 {
		return nil, v.errorf("unknown hybrid %q", name)
	}
	c.Group, c.Algorithm = name, id.String()
	suite, err := v.str("cipher")
	if err != nil {
		return nil, err
	}
	if c.Hash = suiteHashes[suite]; c.Hash == "" {
		return nil, v.errorf("unknown cipher suite %q", suite)
	}
	transcript, err := v.str("transcript")
	if err != nil {
		return nil, err
	}
	c.In, err = v.values(map[string]string{"clientECPriv": ClientSeed, "serverECPriv": ServerSeed, "pqSecret": PostQuantumSS})
	if err != nil {
		return nil, err
	}
	newHash, err := hashByName(c.Hash)
	if err != nil {
		return nil, err
	}
	h := newHash()
	h.Write([]byte(transcript))
	c.In[HelloHash] = h.Sum(nil)
	c.Want, err = v.values(map[string]string{
		"ecSecret": ClassicalSS, "hybridSecret": SS, "clientHSTraffic": ClientHS, "serverHSTraffic": ServerHS})
	if err != nil {
		return nil, err
	}
	v.ignore("source", "curve")
	return c, v.done()
}
