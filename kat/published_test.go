package kat

import (
	"bytes"
	"context"
	"crypto/fips140"
	"crypto/sha256"
	"crypto/sha3"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"math/bits"
	"sync"
	"testing"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/internal/kem"
)

var million = flag.Bool("million", false, "run the accumulated tests a million times")

// TestNISTFiles regenerates NIST's response files, of which no copy is here.
func TestNISTFiles(t *testing.T) {
	for _, test := range []struct{ algorithm, title, want string }{
		// NIST-PQ-Submission-Kyber-20201001/KAT.
		{"Kyber512", "Kyber512", "e9c2bd37133fcb40772f81559f14b1f58dccd1c816701be9ba6214d43baf4547"},
		{"Kyber768", "Kyber768", "a1e122cad3c24bc51622e4c242d8b8acbcd3f618fee4220400605ca8f9ea02c2"},
		{"Kyber1024", "Kyber1024", "89248f2f33f7f4f7051729111f3049c409a933ec904aedadf035f30fa5646cd5"},
		// cloudflare/circl, kem/kyber/kat_test.go.
		{"ML-KEM-512", "Kyber512", "a30184edee53b3b009356e1e31d7f9e93ce82550e3c622d7192e387b0cc84f2e"},
		{"ML-KEM-768", "Kyber768", "729367b590637f4a93c68d5e4a4d2e2b4454842a52c9eec503e3a0d24cb66471"},
		{"ML-KEM-1024", "Kyber1024", "3fba7327d0320cb6134badf2a1bcb963a5b3c0026c7dece8f00d6a6155e47b33"},
	} {
		t.Run(test.algorithm, func(t *testing.T) {
			h := sha256.New()
			if err := WriteResponse(h, Ours(), test.algorithm, test.title, rspCount); err != nil {
				t.Fatal(err)
			}
			if got := hex.EncodeToString(h.Sum(nil)); got != test.want {
				t.Errorf("SHA-256 %s, want %s", got, test.want)
			}
		})
	}
}

// TestRequest checks that the request file is the response file without its
// title and its answers.
func TestRequest(t *testing.T) {
	var request, response bytes.Buffer
	if err := WriteRequest(&request, 2); err != nil {
		t.Fatal(err)
	}
	if err := WriteResponse(&response, Ours(), "Kyber512", "Kyber512", 2); err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	for line := range bytes.Lines(response.Bytes()) {
		name, _, _ := bytes.Cut(line, []byte(" ="))
		switch string(name) {
		case "pk", "sk", "ct", "ss":
			fmt.Fprintf(&want, "%s =\n", name)
		case "# Kyber512\n":
		default:
			want.Write(line)
		}
	}
	if got := bytes.TrimSpace(request.Bytes()); !bytes.Equal(got, bytes.TrimSpace(want.Bytes())) {
		t.Errorf("request:\n%s\nwant:\n%s", got, want.Bytes())
	}
}

// TestLiboqs checks the hashes of open-quantum-safe/liboqs, tests/KATs/kem/kats.json.
func TestLiboqs(t *testing.T) {
	for algorithm, want := range map[string][2]string{
		"Kyber512":    {"bb0481d3325d828817900b709d23917cefbc10026fc857f098979451f67bb0ca", "0435224d77cc89bf77b82aa82af254b62f25d24e18c44dcd0aa9473cde97217a"},
		"Kyber768":    {"89e82a5bf2d4ddb2c6444e10409e6d9ca65dafbca67d1a0db2c9b54920a29172", "b3a12005fe1ce49f5df510aea6a56bfa4bdc2d3d706afb0361d70dc88188a2a6"},
		"Kyber1024":   {"5afcf2a568ad32d49b55105b032af1850f03f3888ff9e2a72f4059c58e968f60", "b72b97eb9270d76f2c7a8a0b03022c81c879af9e247abff52405127d77dd3a46"},
		"ML-KEM-512":  {"c70041a761e01cd6426fa60e9fd6a4412c2be817386c8d0f3334898082512782", "74b470e797cbdbd589a31d387d36c72aad5033446ab5159bf4014c24652b1173"},
		"ML-KEM-768":  {"5352539586b6c3df58be6158a6250aeff402bd73060b0a3de68850ac074c17c3", "e5d6911117c708d8342702db222f66bef5ac5b0314fb8bc36eb22a536c9b34fb"},
		"ML-KEM-1024": {"f580d851e5fb27e6876e5e203fa18be4cdbfd49e05d48fec3d3992c8f43a13e6", "81d1ae0468f62154885b6f2a293c0eb48f9339645357a88bbbc186c57ab0ace0"},
	} {
		for i, count := range []int{1, rspCount} {
			c := &Case{Algorithm: algorithm, Bulk: &Bulk{Count: count, hash: hashRSP}, Want: Values{FileHash: unhex(t, want[i])}}
			if r := (Runner{Implementation: Ours()}).Run(context.Background(), c); r.Status != Passed {
				t.Errorf("%s, %d records: %v %s, got %x", algorithm, count, r.Status, r.Reason, r.Got)
			}
		}
	}
}

// TestMLKEMNative checks the hashes of pq-code-package/mlkem-native, META.yml:
// a hundred records whose coins are a chain of SHAKE256.
func TestMLKEMNative(t *testing.T) {
	for algorithm, want := range map[string]string{
		"ML-KEM-512":  "0a2d61707a68c0cac7b2a5005def19994e4e2a25cf8dc512b1254cbaa25473c0",
		"ML-KEM-768":  "8cff42556667edbd0fec7d0b2666d7710d80db71b684f8b4852a37ece2a4c844",
		"ML-KEM-1024": "f9c6e424f4593cca818493cfe2424178ed0caa2a3945dc1a57cbb5d99e18ad2d",
	} {
		k := Ours().KEM(algorithm)
		coins := make([]byte, 64)
		for i := range coins {
			coins[i] = byte(0x20 + i)
		}
		coins = sha3.SumSHAKE256(coins, 96)
		h := sha256.New()
		for range 100 {
			coins = sha3.SumSHAKE256(coins, 96)
			ek, dk, err := k.KeyGen(coins[:64])
			if err != nil {
				t.Fatal(err)
			}
			ct, ss, err := k.Encapsulate(ek, coins[64:])
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(h, "pk = %x\nsk = %x\nct = %x\nss = %x\n", ek, dk, ct, ss)
		}
		if got := hex.EncodeToString(h.Sum(nil)); got != want {
			t.Errorf("%s: SHA-256 %s, want %s", algorithm, got, want)
		}
	}
}

// exchanges runs n exchanges with inputs from random, and calls f with the
// results of each: keys, ciphertext and secret, and the secret of a random
// ciphertext. dk is nil where the backend does not show it. Keys are made by one
// scheme and used by another, which differ for the initial public draft alone.
func exchanges(t *testing.T, keys, use kem.Scheme, random io.Reader, n int, f func(ek, dk, ct, ss, rejected []byte)) {
	t.Helper()
	s := keys.Sizes()
	seed, m := make([]byte, kem.SeedSize), make([]byte, kem.MessageSize)
	ek, ct, other := make([]byte, s.EncapsulationKey), make([]byte, s.Ciphertext), make([]byte, s.Ciphertext)
	ss, again, rejected := make([]byte, 32), make([]byte, 32), make([]byte, 32)
	for i := range n {
		random.Read(seed[:32])
		random.Read(seed[32:])
		key := keys.NewKey(seed)
		key.Encapsulator().Pack(ek)
		var dk []byte
		if x, ok := keys.(kem.Expander); ok {
			dk = make([]byte, s.DecapsulationKey)
			x.PackDecapsulationKey(dk, key)
		}
		if use != keys {
			key, _ = use.(kem.Expander).ParseDecapsulationKey(dk)
		}
		encapsulator, ok := use.ParseEncapsulationKey(ek)
		if !ok {
			t.Fatalf("exchange %d: the key is refused", i)
		}
		random.Read(m)
		fips140.WithoutEnforcement(func() { encapsulator.EncapsulateTo(ss, ct, m) })
		if key.DecapsulateTo(again, ct); !bytes.Equal(again, ss) {
			t.Fatalf("exchange %d: decapsulation gives %x, encapsulation %x", i, again, ss)
		}
		if _, ok := random.(*surf); !ok { // whose files have no rejection
			random.Read(other)
			key.DecapsulateTo(rejected, other)
		}
		f(ek, dk, ct, ss, rejected)
	}
}

// goHashes are of ML-KEM-768, without dk: crypto/mlkem, mlkem_test.go.
var goHashes = map[int]string{
	100:       "1114b1b6699ed191734fa339376afa7e285c9e6acf6ff0177d346696ce564415",
	10_000:    "8a518cc63da366322a8e7a818c7a0d63483cb3528d34a4cf42f35d5ad73f22fc",
	1_000_000: "424bf8f0e8ae99b78d788a6e2e8e9cdaf9773fc0c08a6f433507cb559edfd0f0",
}

// accumulated are hashes over inputs from SHAKE128 of nothing, by the number of
// exchanges, for every backend.
var accumulated = []struct {
	schemes []kem.Scheme
	with    map[int]string // SHAKE128 of ek, dk, ct, ss and the rejected secret: CCTV, for FIPS 203 as published
	without map[int]string // the same without dk
	text    map[int]string // SHA-256 of what pq-crystals/kyber's test_vectors.c prints (main branch, SHA256SUMS)
}{
	{
		schemes: []kem.Scheme{kem.MLKEM512(), kem.CirclMLKEM512()},
		with:    map[int]string{10_000: "705dcffc87f4e67e35a09dcaa31772e86f3341bd3ccf1e78a5fef99ae6a35a13"},
		text:    map[int]string{10_000: "4d34994299a8f8dcb36c550951a00f6e16918d6d5b6f280ee2aa12a7bf8375a0"},
	},
	{
		schemes: []kem.Scheme{kem.MLKEM768(), kem.CirclMLKEM768(), kem.Standard768()},
		with:    map[int]string{10_000: "f959d18d3d1180121433bf0e05f11e7908cf9d03edc150b2b07cb90bef5bc1c1"},
		without: goHashes,
		text:    map[int]string{10_000: "b59ac4d2b429b1f8c3b8a5542fb638179da2fd8b1212891d2f976e70e219fed1"},
	},
	{
		schemes: []kem.Scheme{kem.MLKEM1024(), kem.CirclMLKEM1024(), kem.Standard1024()},
		with:    map[int]string{10_000: "e3bf82b013307b2e9d47dde791ff6dfc82e694e6382404abdb948b908b75bad5"},
		text:    map[int]string{10_000: "3f577090c7cb7a345ce0417a2a2353153a9f1b8d79f8d927cb6a7b4ec17fd2a1"},
	},
}

// runs returns how many exchanges to run.
func runs() int {
	switch {
	case *million:
		return 1_000_000
	case testing.Short():
		return 100
	}
	return 10_000
}

// TestAccumulated compares every backend with the published hashes, and with the
// other backends of its algorithm on the numbers that have none.
func TestAccumulated(t *testing.T) {
	n := runs()
	for _, a := range accumulated {
		var mu sync.Mutex
		var first []byte // hash without dk of the first backend to end
		for i, s := range a.schemes {
			t.Run(s.Name()+" on "+s.Backend(), func(t *testing.T) {
				t.Parallel()
				with, without, text := sha3.NewSHAKE128(), sha3.NewSHAKE128(), sha256.New()
				_, hasDK := s.(kem.Expander)
				printed := i == 0 && a.text[n] != ""
				exchanges(t, s, s, sha3.NewSHAKE128(), n, func(ek, dk, ct, ss, rejected []byte) {
					for _, b := range [][]byte{ek, dk, ct, ss, rejected} {
						with.Write(b)
					}
					for _, b := range [][]byte{ek, ct, ss, rejected} {
						without.Write(b)
					}
					if printed {
						printVector(text, ek, dk, ct, ss, rejected)
					}
				})
				if hasDK {
					compare(t, "with dk", a.with[n], squeeze(with))
				}
				if printed {
					compare(t, "as text", a.text[n], text.Sum(nil))
				}
				got := squeeze(without)
				compare(t, "without dk", a.without[n], got)
				mu.Lock()
				defer mu.Unlock()
				if first == nil {
					first = got
				}
				compare(t, "without dk, of another backend", hex.EncodeToString(first), got)
			})
		}
	}
}

func squeeze(h *sha3.SHAKE) []byte {
	b := make([]byte, 32)
	h.Read(b)
	return b
}

func compare(t *testing.T, what, want string, got []byte) {
	t.Helper()
	if want != "" && hex.EncodeToString(got) != want {
		t.Errorf("%s: %x, want %s", what, got, want)
	}
}

// printVector writes what pq-crystals' test_vectors.c prints of an exchange.
func printVector(w io.Writer, ek, dk, ct, ss, rejected []byte) {
	printHex(w, "Public Key: ", ek)
	printHex(w, "Secret Key: ", dk)
	printHex(w, "Ciphertext: ", ct)
	printHex(w, "Shared Secret B: ", ss)
	printHex(w, "Shared Secret A: ", ss)
	printHex(w, "Pseudorandom shared Secret A: ", rejected)
}

func printHex(w io.Writer, label string, b []byte) {
	line := make([]byte, 0, len(label)+2*len(b)+1)
	w.Write(append(hex.AppendEncode(append(line, label...), b), '\n'))
}

// largestOnlyByFlag keeps a normal run short: what the larger parameter sets do
// differently is in TestAccumulated as well.
func largestOnlyByFlag(t *testing.T, s kem.Scheme) {
	t.Helper()
	if !*million && s.Sizes().EncapsulationKey > 800 {
		t.Skip("runs with -million")
	}
}

// TestAccumulatedDraft checks the hashes of C2SP/CCTV, ML-KEM/README.md, which
// are of the initial public draft of FIPS 203.
func TestAccumulatedDraft(t *testing.T) {
	n := runs()
	if testing.Short() {
		t.Skip("the hashes are of 10,000 and 1,000,000 exchanges")
	}
	for _, test := range []struct {
		keys, use kem.Scheme
		want      map[int]string
	}{
		{kem.Kyber512(), kem.MLKEM512(), map[int]string{
			10_000:    "845913ea5a308b803c764a9ed8e9d814ca1fd9c82ba43c7b1e64b79c7a6ec8e4",
			1_000_000: "578eeaa1156848cbf7a15bafef963b4ccabe3308ddfb7dbdd20ad965f634e81d"}},
		{kem.Kyber768(), kem.MLKEM768(), map[int]string{
			10_000:    "f7db260e1137a742e05fe0db9525012812b004d29040a5b606aad3d134b548d3",
			1_000_000: "70090cc5842aad0ec43d5042c783fae9bc320c047b5dafcb6e134821db02384d"}},
		{kem.Kyber1024(), kem.MLKEM1024(), map[int]string{
			10_000:    "47ac888fe61544efc0518f46094b4f8a600965fc89822acb06dc7169d24f3543",
			1_000_000: "7ccc6d803739d3db3c5ce39c7130f459db32a199c6605e3be210e5a89d4c4b95"}},
	} {
		t.Run(test.use.Name(), func(t *testing.T) {
			largestOnlyByFlag(t, test.use)
			t.Parallel()
			h := sha3.NewSHAKE128()
			exchanges(t, test.keys, test.use, sha3.NewSHAKE128(), n, func(ek, dk, ct, ss, rejected []byte) {
				for _, b := range [][]byte{ek, dk, ct, ss, rejected} {
					h.Write(b)
				}
			})
			if got := hex.EncodeToString(squeeze(h)); got != test.want[n] {
				t.Errorf("%d exchanges: %s, want %s", n, got, test.want[n])
			}
		})
	}
}

// TestKyberTestVectors checks the hashes of pq-crystals/kyber, round3 branch,
// SHA256SUMS: their generator prints every string that it draws.
func TestKyberTestVectors(t *testing.T) {
	if testing.Short() {
		t.Skip("the hashes are of 10,000 exchanges")
	}
	for _, test := range []struct {
		scheme kem.Scheme
		want   string
	}{
		{kem.Kyber512(), "6730bb552c22d9d2176ffb5568e48eb30952cf1f065073ec5f9724f6a3c6ea85"},
		{kem.Kyber768(), "667c8ca2ca93729c0df6ff24588460bad1bbdbfb64ece0fe8563852a7ff348c6"},
		{kem.Kyber1024(), "ff1a854b9b6761a70c65ccae85246fe0596a949e72eae0866a8a2a2d4ea54b10"},
	} {
		t.Run(test.scheme.Name(), func(t *testing.T) {
			largestOnlyByFlag(t, test.scheme)
			t.Parallel()
			h := sha256.New()
			random := new(surf)
			exchanges(t, test.scheme, test.scheme, random, 10_000, func(ek, dk, ct, ss, _ []byte) {
				d, z, m := random.drawn[0], random.drawn[1], random.drawn[2]
				random.drawn = nil
				printHex(h, "", d)
				printHex(h, "", z)
				printHex(h, "Public Key: ", ek)
				printHex(h, "Secret Key: ", dk)
				printHex(h, "", m)
				printHex(h, "Ciphertext: ", ct)
				printHex(h, "Shared Secret B: ", ss)
				printHex(h, "Shared Secret A: ", ss)
			})
			if got := hex.EncodeToString(h.Sum(nil)); got != test.want {
				t.Errorf("SHA-256 %s, want %s", got, test.want)
			}
		})
	}
}

// A surf is D. J. Bernstein's generator of that name, with the key that is the
// first digits of pi.
type surf struct {
	in    [12]uint32
	out   [8]uint32
	left  int
	drawn [][]byte
}

var surfKey = [32]uint32{3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4, 6, 2, 6, 4, 3, 3, 8, 3, 2, 7, 9, 5}

// Read never fails.
func (s *surf) Read(b []byte) (int, error) {
	for i := range b {
		if s.left == 0 {
			for j := range s.in[:4] {
				if s.in[j]++; s.in[j] != 0 {
					break
				}
			}
			s.mix()
			s.left = len(s.out)
		}
		s.left--
		b[i] = byte(s.out[s.left])
	}
	s.drawn = append(s.drawn, bytes.Clone(b))
	return len(b), nil
}

func (s *surf) mix() {
	var t [12]uint32
	for i := range t {
		t[i] = s.in[i] ^ surfKey[12+i]
	}
	copy(s.out[:], surfKey[24:])
	x, sum := t[11], uint32(0)
	for range 2 {
		for range 16 {
			sum += 0x9e3779b9
			for i := range t {
				t[i] += ((x ^ surfKey[i]) + sum) ^ bits.RotateLeft32(x, []int{5, 7, 9, 13}[i%4])
				x = t[i]
			}
		}
		for i := range s.out {
			s.out[i] ^= t[i+4]
		}
	}
}

// TestRFC7748 is the iterated test of RFC 7748, section 5.2.
func TestRFC7748(t *testing.T) {
	for _, impl := range []Implementation{Ours(), Standard(), Circl()} {
		x := impl.Exchange(pqkx.X25519)
		k, u := make([]byte, 32), make([]byte, 32)
		k[0], u[0] = 9, 9
		for i := 1; i <= 1000; i++ {
			var next []byte
			var err error
			fips140.WithoutEnforcement(func() { next, err = x.Client(k, u) })
			if err != nil {
				t.Fatalf("%s: iteration %d: %v", impl.Name(), i, err)
			}
			k, u = next, k
			switch i {
			case 1:
				compare(t, impl.Name()+" after 1", "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079", k)
			case 1000:
				compare(t, impl.Name()+" after 1000", "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51", k)
			}
		}
	}
}

// TestRFC8448 is the key schedule of RFC 8448, section 3.
func TestRFC8448(t *testing.T) {
	got, err := TrafficSecrets(SHA256, unhex(t, "8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d"),
		unhex(t, "860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8"),
		unhex(t, "9608102a0f1ccc6db6250b7b7e417b1a000eaada3daae4777a7686c9ff83df13"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		ClientHS: "b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21",
		ServerHS: "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38",
		ClientAP: "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5",
		ServerAP: "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643",
		Exporter: "fe22f881176eda18eb8f44529e6792c50c9a3f89452f68d8ae311b4309d3cf50",
	} {
		compare(t, name, want, got[name])
	}
	if _, err := TrafficSecrets("SHA-512", nil, nil, nil); err == nil {
		t.Error("SHA-512: want an error")
	}
	if _, err := TrafficSecrets(SHA384, make([]byte, 32), make([]byte, 32), nil); err == nil {
		t.Error("a transcript hash of the wrong length: want an error")
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
