package kat

import (
	"bytes"
	"crypto/sha3"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/hybrid"
)

// A sample is a small file of a format, made by us. The published files are not
// here: their licences differ, and they are large.
type sample struct {
	format string
	text   string
	passed int // of Ours
	policy int
	skips  int
}

// An exchange is one run of a KEM, for samples to be written of.
type exchange struct{ seed, m, ek, dk, ct, ss, other, rejected []byte }

func newExchange(t testing.TB, algorithm string, n byte) exchange {
	t.Helper()
	sizes := kems[algorithm]
	random := sha3.NewSHAKE256()
	random.Write([]byte{n})
	draw := func(n int) []byte {
		b := make([]byte, n)
		random.Read(b)
		return b
	}
	return newExchangeOf(t, algorithm, draw(sizes.seed), draw(sizes.m), draw(sizes.ct))
}

func newExchangeOf(t testing.TB, algorithm string, seed, m, other []byte) exchange {
	t.Helper()
	k := kemOf(Ours(), algorithm)
	x := exchange{seed: seed, m: m, other: other}
	var err error
	must := func() {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	x.ek, x.dk, err = k.KeyGen(seed)
	must()
	x.ct, x.ss, err = k.Encapsulate(x.ek, m)
	must()
	x.rejected, err = k.DecapsulateSeed(seed, x.other)
	must()
	return x
}

// unreduced returns a copy of a key whose first coefficient is 3329. The hash in
// an expanded key is not of that part and stays right.
func unreduced(key []byte) []byte {
	c := bytes.Clone(key)
	c[0], c[1] = 0x01, c[1]&0xF0|0x0D
	return c
}

func short(b []byte) []byte { return b[:len(b)-1] }

// nistSeed is the first seed of a NIST file.
func nistSeed() []byte { return newSeeds().draw(drbgSeedSize) }

func nistExchange(t testing.TB, algorithm string) exchange {
	dz, m := randomness(algorithm, nistSeed())
	return newExchangeOf(t, algorithm, dz, m, make([]byte, kems[algorithm].ct))
}

// samples returns one of each format at least, the same ones each time.
func samples(t testing.TB) []sample {
	t.Helper()
	madeOnce.Do(func() { made = makeSamples(t) })
	return made
}

var (
	madeOnce sync.Once
	made     []sample
)

func makeSamples(t testing.TB) []sample {
	var list []sample
	add := func(format string, passed, policy, skips int, text string) {
		list = append(list, sample{format, text, passed, policy, skips})
	}
	textSamples(t, add)
	jsonSamples(t, add)
	liboqsSamples(add)
	wycheproofSamples(t, add)
	return list
}

type addFunc func(format string, passed, policy, skips int, text string)

func textSamples(t testing.TB, add addFunc) {
	x, y := newExchange(t, "ML-KEM-512", 1), newExchange(t, "ML-KEM-512", 2)
	lines := func(pairs ...any) string {
		var b strings.Builder
		for i := 0; i < len(pairs); i += 2 {
			if v, ok := pairs[i+1].([]byte); ok {
				fmt.Fprintf(&b, "%s = %x\n", pairs[i], v)
			} else {
				fmt.Fprintf(&b, "%s = %v\n", pairs[i], pairs[i+1])
			}
		}
		return b.String()
	}

	var response bytes.Buffer
	for _, algorithm := range []string{"Kyber512", "ML-KEM-512"} {
		response.Reset()
		if err := WriteResponse(&response, Ours(), algorithm, "Kyber512", 2); err != nil {
			t.Fatal(err)
		}
		add(rsp.name, 2, 0, 0, response.String())
	}

	g := newDRBG((*[drbgSeedSize]byte)(nistSeed()))
	z, d, m, ctN := g.draw(32), g.draw(32), g.draw(32), g.draw(768)
	p := newExchangeOf(t, "ML-KEM-512", slices.Concat(d, z), m, ctN)
	record := lines("count", 0, "z", z, "d", d, "msg", m, "seed", nistSeed(), "pk", p.ek, "sk", p.dk,
		"ct_n", ctN, "ss_n", p.rejected, "ct", p.ct, "ss", p.ss)
	add(pqcKAT.name, 2, 0, 0, record+strings.Replace(record, "count = 0", "count = 1", 1))

	k := newExchange(t, "Kyber512", 3)
	add(boringKyber.name, 1, 0, 0, "# Kyber512\n\n"+lines("count", 0, "generateEntropy", k.seed, "encapEntropyPreHash", k.m,
		"pk", k.ek, "sk", k.dk, "ct", k.ct, "ss", k.ss))
	add(boringKEM.name, 2, 0, 0, lines("seed", x.seed, "public_key", x.ek, "private_key", x.dk)+"\n"+
		lines("seed", y.seed, "public_key", y.ek, "private_key", y.dk))
	add(boringKEM.name, 3, 0, 0, lines("entropy", x.m, "public_key", x.ek, "result", "pass", "ciphertext", x.ct, "shared_secret", x.ss)+
		"\n# Public key is too short\n"+lines("entropy", x.m, "public_key", short(x.ek), "result", "fail", "ciphertext", "", "shared_secret", "")+
		"\n# Public key not reduced\n"+lines("entropy", x.m, "public_key", unreduced(x.ek), "result", "fail", "ciphertext", "", "shared_secret", ""))
	add(boringKEM.name, 2, 1, 0, lines("private_key", x.dk, "ciphertext", x.other, "result", "pass", "shared_secret", x.rejected)+
		"\n# Ciphertext too short\n"+lines("private_key", x.dk, "ciphertext", short(x.ct), "result", "fail", "shared_secret", "")+
		"\n# Private key not reduced\n"+lines("private_key", unreduced(x.dk), "ciphertext", x.ct, "result", "fail", "shared_secret", ""))
	add(boringNISTDecap.name, 2, 0, 0, fmt.Sprintf("[dk: %x]\n\nc: %x\nk: %x\n\nc: %x\nk: %x\n", x.dk, x.ct, x.ss, x.other, x.rejected))
	add(boringNISTKeygen.name, 1, 0, 0, lines("z", x.seed[32:], "d", x.seed[:32], "ek", x.ek, "dk", x.dk))

	ec := newAgreement(t, pqkx.Secp256r1)
	add(boringECDH.name, 1, 0, 1, lines("Curve", "P-224", "Private", ec.private, "X", ec.public[1:33], "Y", ec.public[33:],
		"PeerX", ec.peer[1:33], "PeerY", ec.peer[33:], "Z", ec.ss)+
		"\n"+lines("Curve", "P-256", "Private", ec.private, "X", ec.public[1:33], "Y", ec.public[33:],
		"PeerX", ec.peer[1:33], "PeerY", ec.peer[33:], "Z", ec.ss))
	spki, _ := envelope("SPKI", "ML-KEM-512", x.ek)
	pkcs8, _ := envelope("PKCS8", "ML-KEM-512", x.seed)
	add(boringEVP.name, 6, 0, 0, lines("Key", "A", "Algorithm", "ML-KEM-512", "Bits", 6400, "SPKI", spki, "PKCS8", pkcs8,
		"RawPublic", x.ek, "PrivateSeed", x.seed)+"\n"+
		lines("EncapsulateDecapsulate", "A/Private", "Algorithm", "ML-KEM-512")+"\n"+
		lines("Encapsulate", "A", "Algorithm", "ML-KEM-512")+"\n"+
		lines("Decapsulate", "A/Private", "Algorithm", "ML-KEM-512", "Input", x.ct, "Output", x.ss)+"\n"+
		lines("Decapsulate", "A/Private", "Algorithm", "ML-KEM-512", "Input", short(x.ct))+"DecapsulateFail\n\n"+
		lines("Key", "B", "Algorithm", "ML-KEM-512", "PrivateSeed", short(x.seed), "Error", "DECODE_ERROR"))
	u := newAgreement(t, pqkx.X25519)
	add(boringEVP.name, 3, 0, 2, lines("Key", "A", "Algorithm", "X25519", "RawPrivate", u.private, "RawPublic", u.public)+"\n"+
		lines("Key", "B", "Algorithm", "X25519", "RawPublic", u.peer)+"\n"+
		lines("Key", "C", "Algorithm", "X25519", "RawPublic", make([]byte, 32))+"\n"+
		lines("Derive", "A/Private", "DerivePeer", "B", "Output", u.ss)+"\n"+
		lines("Derive", "A/Private", "DerivePeer", "C", "Error", "INVALID_PEER_KEY"))

	add(openSSL.name, 4, 1, 0, "Title = A title\n\n"+
		lines("KeyGen", "ML-KEM-512", "Ctrl", fmt.Sprintf("hexseed:%x", x.seed), "CtrlOut", fmt.Sprintf("hexpub:%x", x.ek), "CtrlOut", fmt.Sprintf("hexpriv:%x", x.dk))+"\n"+
		lines("FIPSversion", ">=3.5.0", "KeyGen", "ML-KEM-512", "Seed", x.seed, "EncodedPublicKey", x.ek, "EncodedPrivateKey", x.dk)+"\n"+
		lines("Kem", "ML-KEM-512", "Entropy", x.m, "EncodedPublicKey", x.ek, "Ciphertext", x.ct, "Output", x.ss)+"\n"+
		lines("Kem", "ML-KEM-512", "EncodedPrivateKey", x.dk, "Input", "", "Output", "", "Result", "TEST_DECAPSULATE_ERROR")+"\n"+
		lines("Kem", "ML-KEM-512", "EncodedPrivateKey", unreduced(x.dk), "Input", x.ct, "Output", "", "Result", "TEST_PARSE_PRIVATE_KEY_ERROR"))

	add(openSSLKeys.name, 11, 0, 18, openSSLKeysSample(t))

	attributes := "# Imported from a file\n#\n# Algorithm: ECDH\n\n[curve = %s]\n%s\n# tcId = 1\n# normal case\n%s\n# tcId = 2\n# a point\n%s"
	add(wycheproofText.name, 1, 1, 0, fmt.Sprintf(attributes, "curve25519", "",
		lines("private", u.private, "public", u.peer, "result", "valid", "shared", u.ss),
		lines("private", u.private, "public", u.peer, "result", "acceptable", "shared", u.ss, "flags", "Twist,SpecialPublicKey")))
	add(wycheproofText.name, 2, 0, 0, fmt.Sprintf(attributes, "secp256r1", "[encoding = ecpoint]\n",
		lines("private", ec.private, "public", ec.peer, "result", "valid", "shared", ec.ss),
		lines("private", ec.private, "public", short(ec.peer), "result", "invalid", "shared", "", "flags", "InvalidEncoding")))
	add(wycheproofText.name, 0, 0, 2, fmt.Sprintf(attributes, "secp224r1", "[encoding = ecpoint]\n",
		lines("private", ec.private, "public", ec.peer, "result", "valid", "shared", ec.ss),
		lines("private", ec.private, "public", ec.peer, "result", "valid", "shared", ec.ss)))

	n := nistExchange(t, "Kyber512")
	add(botan.name, 1, 0, 1, "[Kyber-512-90s-r3]\n"+lines("Seed", nistSeed(), "SS", n.ss, "PK", n.m, "SK", n.m, "CT", n.m)+
		"\n[Kyber-512-r3]\n"+lines("Seed", nistSeed(), "SS", n.ss, "PK", SHAKE256_16.sum(n.ek), "SK", SHAKE256_16.sum(n.dk), "CT", SHAKE256_16.sum(n.ct)))
	add(botan.name, 1, 0, 0, "[ML-KEM-512]\n"+lines("Seed", nistSeed(), "SS", p.ss, "PK", SHAKE256_16.sum(p.ek), "SK", SHAKE256_16.sum(p.seed),
		"CT", SHAKE256_16.sum(p.ct), "CT_N", ctN, "SS_N", p.rejected))
	add(botan.name, 1, 0, 0, "[ML-KEM-512]\n"+lines("Z", x.seed[32:], "D", x.seed[:32], "EK", SHAKE256_16.sum(x.ek), "DK", SHAKE256_16.sum(x.seed)))
	add(botan.name, 1, 0, 0, "[ML-KEM-512]\n"+lines("EK", x.ek, "M", x.m, "K", x.ss, "C", SHAKE256_16.sum(x.ct)))
	add(botan.name, 1, 0, 1, "[brainpool256r1]\n"+lines("Secret", ec.private, "CounterKey", ec.peer, "K", ec.ss)+
		"\n[secp256r1]\n"+lines("Secret", fmt.Sprintf("0x%x", ec.private), "CounterKey", ec.peer, "K", ec.ss))
	add(botan.name, 1, 1, 0, lines("Secret", u.private, "CounterKey", u.peer, "K", u.ss)+
		"\n"+lines("Secret", u.private, "CounterKey", make([]byte, 32), "K", make([]byte, 32)))
	add(botanTranscript.name, 0, 0, 1, "[Simple]\nRecord_ClientHello_1 = 1603\nMessage_ServerHello = 02\n")

	i := newExchange(t, "ML-KEM-512-ipd", 4)
	add(cctvUnlucky.name, 1, 0, 0, lines("d", i.seed[:32], "z", i.seed[32:], "ek", i.ek, "dk", i.dk, "m", i.m, "K", i.ss, "c", i.ct))
	add(cctvIntermediate.name, 1, 0, 0, intermediateFile("ML-KEM-512", true))
	add(cctvStrcmp.name, 1, 0, 0, lines("dk", x.dk, "c", x.other, "K", x.rejected))
	add(modulus.name, 2, 0, 0, fmt.Sprintf("%x\n%x\n", unreduced(x.ek), unreduced(y.ek)))
	wrongHash := bytes.Clone(x.dk)
	wrongHash[len(wrongHash)-64] ^= 1
	add(invalidDK.name, 1, 0, 0, fmt.Sprintf("%x\n%x\n", wrongHash, x.ct))
	b := &Bulk{Count: 2, hash: accumulate}
	hash, err := accumulate(t.Context(), kemOf(Ours(), "ML-KEM-512-ipd"), &Case{Algorithm: "ML-KEM-512-ipd", Bulk: b}, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	add(cctvAccumulated.name, 1, 0, 1, fmt.Sprintf("# Title\n\nThe resulting hashes for 2 consecutive tests are:\n\n  * ML-KEM-512: `%x`\n\n"+
		"The resulting hashes for 1 000 000 consecutive tests are:\n\n  * ML-KEM-512: `%x`\n", hash, hash))

	payload := binary.BigEndian.AppendUint16([]byte{0x2f, 0x39}, uint16(2+32+2+len(k.ct)))
	payload = slices.Concat(payload, []byte{0, 32}, make([]byte, 32), binary.BigEndian.AppendUint16(nil, uint16(len(k.ct))), k.ct)
	add(s2nKAT.name, 1, 0, 1, lines("kem_group", "x25519_bike-1-l1-r2", "pq_private_key", k.dk, "pq_shared_secret", k.ss, "server_key_share_payload", payload)+
		"\n"+lines("kem_group", "x25519_kyber-512-r3", "pq_private_key", k.dk, "pq_shared_secret", k.ss, "server_key_share_payload", payload))

	w := newExchange(t, "X-Wing", 5)
	add(xwingText.name, 1, 0, 0, fmt.Sprintf("seed     %x\nsk     %x\npk\n%s\neseed\n  %x\nct\n%s\nss     %x\n", w.seed, w.dk, wrap(w.ek), w.m, wrap(w.ct), w.ss))
	q := newExchange(t, "Kyber768", 6)
	half := make([]byte, 32)
	add(hpkeText.name, 1, 0, 0, fmt.Sprintf("Test Vectors\n\n## A suite\n~~~\nmode: 0\nkem_id: 48\nkdf_id: 1\naead_id: 1\ninfo: 00\nikmR:\n00\npkRm: %s\nskRm: %s\nier: %x%x\nenc: %s\nshared_secret: %x%x\n~~~\n",
		wrap(slices.Concat(half, q.ek)), wrap(slices.Concat(half, q.dk)), half, q.m, wrap(slices.Concat(half, q.ct)), half, q.ss))
}

// wrap writes a value in lines of 72 digits.
func wrap(b []byte) string {
	var lines []string
	for line := range slices.Chunk(b, 36) {
		lines = append(lines, fmt.Sprintf("%x", line))
	}
	return strings.Join(lines, "\n")
}

// An agreement is one of an elliptic curve.
type agreement struct{ private, public, peer, ss []byte }

func newAgreement(t testing.TB, id pqkx.NamedGroup) agreement {
	t.Helper()
	x := Ours().Exchange(id)
	size := groups[id][0].clientSeed
	a := agreement{private: bytes.Repeat([]byte{0x5A}, size)}
	var err error
	if a.public, err = x.ClientShare(a.private); err != nil {
		t.Fatal(err)
	}
	if a.peer, a.ss, err = x.Server(bytes.Repeat([]byte{0x6B}, size), a.public); err != nil {
		t.Fatal(err)
	}
	return a
}

func jsonSamples(t testing.TB, add addFunc) {
	x := newExchange(t, "ML-KEM-512", 1)
	add(acvp.name, 2, 0, 0, fmt.Sprintf(`{"vsId": 1, "algorithm": "ML-KEM", "mode": "keyGen", "revision": "FIPS203", "isSample": true, "testGroups": [
		{"tgId": 1, "testType": "AFT", "parameterSet": "ML-KEM-512", "tests": [{"tcId": 1, "deferred": false, "z": "%X", "d": "%X", "ek": "%X", "dk": "%X"}]},
		{"tgId": 2, "testType": "AFT", "parameterSet": "ML-KEM-512", "tests": [{"tcId": 2, "deferred": false, "z": "%X", "d": "%X", "ek": "%X", "dk": "%X"}]}]}`,
		x.seed[32:], x.seed[:32], x.ek, x.dk, x.seed[32:], x.seed[:32], x.ek, x.dk))
	wrongHash := bytes.Clone(x.dk)
	wrongHash[len(wrongHash)-64] ^= 1
	add(acvp.name, 8, 0, 1, fmt.Sprintf(`[{"acvVersion": "1.0", "url": "x"}, {"vsId": 2, "algorithm": "ML-KEM", "mode": "encapDecap", "revision": "FIPS203-tr1", "testGroups": [
		{"tgId": 1, "testType": "AFT", "parameterSet": "ML-KEM-512", "function": "encapsulation", "keyFormat": "none", "tests": [{"tcId": 1, "ek": "%[1]X", "dk": "%[2]X", "m": "%[3]X", "c": "%[4]X", "k": "%[5]X", "reason": "x"}]},
		{"tgId": 2, "testType": "VAL", "parameterSet": "ML-KEM-512", "function": "decapsulation", "dk": "%[2]X", "tests": [{"tcId": 2, "c": "%[6]X", "k": "%[7]X"}]},
		{"tgId": 3, "testType": "VAL", "parameterSet": "ML-KEM-512", "function": "decapsulation", "keyFormat": "seed", "tests": [{"tcId": 3, "d": "%[8]X", "z": "%[9]X", "c": "%[4]X", "k": "%[5]X"}]},
		{"tgId": 4, "testType": "VAL", "parameterSet": "ML-KEM-512", "function": "decapsulation", "keyFormat": "expanded", "tests": [{"tcId": 4, "dk": "%[2]X", "c": "%[4]X", "k": "%[5]X"}]},
		{"tgId": 5, "testType": "VAL", "parameterSet": "ML-KEM-512", "function": "encapsulationKeyCheck", "tests": [{"tcId": 5, "ek": "%[1]X", "testPassed": true}, {"tcId": 6, "ek": "%[10]X", "testPassed": false}]},
		{"tgId": 6, "testType": "VAL", "parameterSet": "ML-KEM-512", "function": "decapsulationKeyCheck", "tests": [{"tcId": 7, "dk": "%[2]X", "testPassed": true}, {"tcId": 8, "dk": "%[11]X", "testPassed": false}]},
		{"tgId": 7, "testType": "VAL", "parameterSet": "ML-KEM-512", "function": "decapsulationKeyCheck", "keyFormat": "none", "tests": [{"tcId": 9, "testPassed": true}]}]}]`,
		x.ek, x.dk, x.m, x.ct, x.ss, x.other, x.rejected, x.seed[:32], x.seed[32:], unreduced(x.ek), wrongHash))
	add(acvp.name, 0, 0, 1, `{"vsId": 3, "algorithm": "ML-KEM", "mode": "keyGen", "revision": "FIPS203", "parameterSets": ["ML-KEM-512"]}`)

	var own strings.Builder
	if err := Generate(&own, "sample", 1, hybrid.SecP256r1MLKEM768(), ourGroups[pqkx.Secp521r1]()); err != nil {
		t.Fatal(err)
	}
	add("pqkx JSON", 4, 0, 0, own.String())
	add(tlsHybrids.name, 3, 1, 0, tlsHybridSample(t))
	add(s2nJSON.name, 1, 0, 0, s2nSample(t))

	w := newExchange(t, "X-Wing", 5)
	add(xwingJSON.name, 1, 0, 0, fmt.Sprintf(`[{"seed": "%x", "eseed": "%x", "ss": "%x", "sk": "%x", "pk": "%x", "ct": "%x"}]`, w.seed, w.m, w.ss, w.dk, w.ek, w.ct))
	add(hpkeJSON.name, 1, 0, 1, fmt.Sprintf(`[{"mode": 0, "kem_id": 64, "kdf_id": 1, "aead_id": 1, "info": "", "ikmE": "%x", "ikmR": "", "skRm": "%x", "pkRm": "%x", "enc": "%x", "shared_secret": "%x"},
		{"mode": 0, "kem_id": 32, "enc": "", "skRm": ""}]`, x.m, x.seed, x.ek, x.ct, x.ss))
	k := newExchange(t, "Kyber512", 3)
	add(libcrux.name, 1, 0, 0, fmt.Sprintf(`[{"key_generation_seed": "%x", "sha3_256_hash_of_public_key": "%x", "sha3_256_hash_of_secret_key": "%x", "encapsulation_seed": "%x", "sha3_256_hash_of_ciphertext": "%x", "shared_secret": "%x"}]`,
		k.seed, SHA3_256.sum(k.ek), SHA3_256.sum(k.dk), k.m, SHA3_256.sum(k.ct), k.ss))
	add(liboqs.name, 2, 0, 2, `{"Kyber512": {"all": "0435224d77cc89bf77b82aa82af254b62f25d24e18c44dcd0aa9473cde97217a", "single": "bb0481d3325d828817900b709d23917cefbc10026fc857f098979451f67bb0ca"},
		"BIKE-L1": {"all": "0435224d77cc89bf77b82aa82af254b62f25d24e18c44dcd0aa9473cde97217a", "single": "bb0481d3325d828817900b709d23917cefbc10026fc857f098979451f67bb0ca"}}`)
}

func liboqsSamples(add addFunc) {
	add(liboqs.name, 1, 0, 2, `{"BIKE1-L1-CPA": "0435224d77cc89bf77b82aa82af254b62f25d24e18c44dcd0aa9473cde97217a", "Kyber512": "bb0481d3325d828817900b709d23917cefbc10026fc857f098979451f67bb0ca",
		"Kyber512-90s": "0435224d77cc89bf77b82aa82af254b62f25d24e18c44dcd0aa9473cde97217a"}`)
}

func tlsHybridSample(t testing.TB) string {
	x := newExchange(t, "ML-KEM-768", 1)
	private := bytes.Repeat([]byte{0x5A}, 32)
	hybrid := Ours().Exchange(pqkx.X25519MLKEM768)
	clientSeed, serverSeed := slices.Concat(x.seed, private), slices.Concat(x.m, private)
	client, err := hybrid.ClientShare(clientSeed)
	if err != nil {
		t.Fatal(err)
	}
	server, ss, err := hybrid.Server(serverSeed, client)
	if err != nil {
		t.Fatal(err)
	}
	seeds := fmt.Sprintf(`"d": "%x", "z": "%x", "m": "%x", "clientECPriv": "%x", "serverECPriv": "%x"`, x.seed[:32], x.seed[32:], x.m, private, private)
	return fmt.Sprintf(`{"label": "x", "note": "x", "groups": [{"group": "X25519MLKEM768", "codepoint": "0x11ec", "pq": "x", "ec": "x", "order": "pq||ec", "cases": [
		{"id": 1, "role": "both", "comment": "normal", %[1]s, "clientShare": "%[2]x", "serverShare": "%[3]x", "sharedSecret": "%[4]x", "result": "valid"},
		{"id": 2, "role": "server", "comment": "client share one byte short", %[1]s, "clientShare": "%[5]x", "result": "invalid"},
		{"id": 3, "role": "client", "comment": "X25519 share all zero", %[1]s, "clientShare": "%[2]x", "serverShare": "%[6]x", "result": "invalid"},
		{"id": 4, "role": "server", "comment": "not reduced", %[1]s, "clientShare": "%[7]x", "result": "acceptable"}]}]}`,
		seeds, client, server, ss, short(client), slices.Concat(server[:1088], make([]byte, 32)), unreduced(client))
}

func s2nSample(t testing.TB) string {
	a := newAgreement(t, pqkx.X25519)
	pq := bytes.Repeat([]byte{7}, 32)
	ss := slices.Concat(pq, a.ss)
	newHash, err := hashByName(SHA384)
	if err != nil {
		t.Fatal(err)
	}
	h := newHash()
	h.Write([]byte("hello"))
	v, err := TrafficSecrets(SHA384, ss, h.Sum(nil), nil)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`{"note": "x", "vectors": [{"group": "X25519MLKEM768", "curve": "X25519", "cipher": "TLS_AES_256_GCM_SHA384", "transcript": "hello",
		"clientECPriv": "%x", "serverECPriv": "%x", "ecSecret": "%x", "pqSecret": "%x", "hybridSecret": "%x", "clientHSTraffic": "%x", "serverHSTraffic": "%x", "source": "x"}]}`,
		a.private, bytes.Repeat([]byte{0x6B}, 32), a.ss, pq, ss, v[ClientHS], v[ServerHS])
}

func wycheproofSamples(t testing.TB, add addFunc) {
	x := newExchange(t, "ML-KEM-512", 1)
	wrap := func(group string, tests ...string) string {
		for i := range tests {
			tests[i] = fmt.Sprintf(`{"tcId": %d, %s}`, i+1, tests[i])
		}
		return fmt.Sprintf(`{"algorithm": "x", "schema": "x", "numberOfTests": %d, "notes": {}, "header": [], "testGroups": [{%s, "tests": [%s]}]}`,
			len(tests), group, strings.Join(tests, ","))
	}
	kem := func(kind string) string { return fmt.Sprintf(`"type": "%s", "parameterSet": "ML-KEM-512"`, kind) }
	add("Wycheproof", 1, 0, 0, wrap(kem("MLKEMKeyGen"), fmt.Sprintf(`"comment": "", "seed": "%x", "ek": "%x", "dk": "%x", "result": "valid"`, x.seed, x.ek, x.dk)))
	add("Wycheproof", 2, 0, 0, wrap(kem("MLKEMTest"),
		fmt.Sprintf(`"flags": [], "seed": "%x", "ek": "%x", "c": "%x", "K": "%x", "result": "valid"`, x.seed, x.ek, x.ct, x.ss),
		fmt.Sprintf(`"comment": "Private key too short", "flags": [], "seed": "%x", "c": "%x", "K": "", "result": "invalid"`, short(x.seed), x.ct)))
	add("Wycheproof", 3, 0, 0, wrap(kem("MLKEMEncapsTest"),
		fmt.Sprintf(`"flags": [], "m": "%x", "ek": "%x", "c": "%x", "K": "%x", "result": "valid"`, x.m, x.ek, x.ct, x.ss),
		fmt.Sprintf(`"flags": ["ModulusOverflow"], "m": "%x", "ek": "%x", "c": "", "K": "", "result": "invalid"`, x.m, unreduced(x.ek)),
		fmt.Sprintf(`"comment": "Public key is too long", "flags": [], "m": "%x", "ek": "%x00", "c": "", "K": "", "result": "invalid"`, x.m, x.ek)))
	wrongHash := bytes.Clone(x.dk)
	wrongHash[len(wrongHash)-64] ^= 1
	add("Wycheproof", 3, 0, 0, wrap(kem("MLKEMDecapsValidationTest"),
		fmt.Sprintf(`"flags": [], "dk": "%x", "c": "%x", "ek": "%x", "K": "%x", "result": "valid"`, x.dk, x.ct, x.ek, x.ss),
		fmt.Sprintf(`"comment": "x", "flags": ["IncorrectCiphertextLength"], "dk": "%x", "c": "%x", "result": "invalid"`, x.dk, short(x.ct)),
		fmt.Sprintf(`"comment": "x", "flags": ["InvalidDecapsulationKey"], "dk": "%x", "c": "%x", "result": "invalid"`, wrongHash, x.ct)))

	u := newAgreement(t, pqkx.X25519)
	curve := func(kind, name string) string { return fmt.Sprintf(`"type": "%s", "curve": "%s"`, kind, name) }
	keys := func(private, public, rest string, ss []byte) string {
		return fmt.Sprintf(`"comment": "", "private": %s, "public": %s, "shared": "%x", %s`, private, public, ss, rest)
	}
	str := func(b []byte) string { return fmt.Sprintf(`"%x"`, b) }
	add("Wycheproof", 1, 2, 0, wrap(curve("XdhComp", "curve25519"),
		keys(str(u.private), str(u.peer), `"flags": ["Normal"], "result": "valid"`, u.ss),
		keys(str(u.private), str(u.peer), `"flags": ["Twist"], "result": "acceptable"`, u.ss),
		keys(str(u.private), str(make([]byte, 32)), `"flags": ["ZeroSharedSecret"], "result": "acceptable"`, make([]byte, 32))))
	spki, _ := envelope("SPKI", "x25519", u.peer)
	pkcs8, _ := envelope("PKCS8", "x25519", u.private)
	add("Wycheproof", 1, 0, 1, wrap(curve("XdhAsnComp", "curve25519"),
		keys(str(pkcs8), str(spki), `"flags": [], "result": "valid"`, u.ss),
		keys(str(pkcs8), str(spki[1:]), `"flags": [], "result": "invalid"`, u.ss)))
	block := func(label string, der []byte) string {
		return fmt.Sprintf("%q", pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der}))
	}
	add("Wycheproof", 1, 0, 0, wrap(curve("XdhPemComp", "curve25519"),
		keys(block("PRIVATE KEY", pkcs8), block("PUBLIC KEY", spki), `"flags": [], "result": "valid"`, u.ss)))
	b64 := base64.RawURLEncoding.EncodeToString
	add("Wycheproof", 1, 0, 1, wrap(curve("XdhJwkComp", "curve25519"),
		keys(fmt.Sprintf(`{"kty": "OKP", "crv": "X25519", "d": "%s", "x": "%s", "kid": "none"}`, b64(u.private), b64(u.public)),
			fmt.Sprintf(`{"kty": "OKP", "crv": "X25519", "x": "%s"}`, b64(u.peer)), `"flags": [], "result": "valid"`, u.ss),
		keys(fmt.Sprintf(`{"kty": "OKP", "crv": "X25519", "d": "%s", "x": "%s", "kid": "none"}`, b64(u.private), b64(u.public)),
			`{"kty": "OKP", "crv": "X25519"}`, `"flags": [], "result": "invalid"`, nil)))

	ec := newAgreement(t, pqkx.Secp384r1)
	add("Wycheproof", 2, 0, 0, wrap(curve("EcdhEcpointTest", "secp384r1"),
		keys(str(slices.Concat([]byte{0}, ec.private)), str(ec.peer), `"flags": [], "result": "valid"`, ec.ss),
		keys(str(ec.private), str(ec.peer[:96]), `"flags": [], "result": "invalid"`, nil)))
	add("Wycheproof", 0, 0, 1, wrap(curve("EcdhEcpointTest", "secp224r1"), keys(str(ec.private), str(ec.peer), `"flags": [], "result": "valid"`, ec.ss)))
	add("Wycheproof", 1, 0, 0, wrap(curve("EcdhTest", "secp384r1"),
		keys(str(ec.private), str(ecSPKI(ec.peer)), `"flags": [], "result": "valid"`, ec.ss)))
	add("Wycheproof", 1, 0, 0, wrap(curve("EcdhWebcryptoTest", "P-384"),
		keys(fmt.Sprintf(`{"kty": "EC", "crv": "P-384", "d": "%s", "x": "%s", "y": "%s"}`, b64(ec.private), b64(ec.public[1:49]), b64(ec.public[49:])),
			fmt.Sprintf(`{"kty": "EC", "crv": "P-384", "x": "%s", "y": "%s"}`, b64(ec.peer[1:49]), b64(ec.peer[49:])), `"flags": [], "result": "valid"`, ec.ss)))
}

// ecSPKI encodes a point of P-384 (RFC 5480, section 2).
func ecSPKI(point []byte) []byte {
	return slices.Concat([]byte{0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
		0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00}, point)
}
