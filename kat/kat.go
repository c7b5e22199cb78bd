// Package kat checks key exchanges against known answers.
//
//	f, err := kat.Read(name, r)            // any format; see Formats
//	err = kat.Pair(files...)               // ACVP prompts and their expected results
//	for _, c := range f.Cases {
//		result := kat.Run(ctx, c, kat.Ours())
//	}
//
// A reader turns a file into cases and refuses what it does not understand in
// full: a case is never guessed at, and a case that was not understood is not a
// pass. [Run] judges an [Implementation] by one case. What it says is one of
// four things: passed, failed, skipped with a reason, or, where the standards
// leave the choice to the implementation, policy with what it chose.
//
// [Generate] writes vectors for others.
package kat

import (
	"fmt"
	"strings"
)

// A Case is one known answer: what is given, and what must come of it.
type Case struct {
	Group     string // the file's name for the group or section, may be empty
	ID        string // the file's name for the case
	Algorithm string // "ML-KEM-768", "Kyber768", "X-Wing", or a TLS group's IANA name

	In     Values // what is given
	Want   Values // what must come out; what is not in it is not compared
	Digest Digest // how Want was digested, if it was
	Hash   string // of the key schedule: "SHA-256" or "SHA-384"
	Bulk   *Bulk  // instead of In: many exchanges in one hash

	Expect  Expect
	Fault   Fault  // why a case may or must be refused, where the file tells
	FaultIn string // which value of In the fault is in, where the file tells
	Policy  string // why implementations may differ, where they may
	Skip    string // why the case cannot be run, if it cannot
	Broken  string // how the file contradicts itself here; such a case fails
}

// String names the case within its file.
func (c *Case) String() string {
	return strings.TrimSpace(c.Group + " " + c.ID)
}

// Values are byte strings by the name of their field.
type Values map[string][]byte

// Names of fields. The KEM's are those of FIPS 203; shares and seeds are those
// of a TLS group, where a hybrid's seed is its parts' seeds in wire order.
const (
	Seed       = "seed" // d || z
	EK         = "ek"
	DK         = "dk" // expanded
	M          = "m"
	CT         = "ct"
	SS         = "ss"
	OtherCT    = "ct_n" // a ciphertext that was not made for the key
	OtherSS    = "ss_n"
	ClientSeed = "client_seed"
	ServerSeed = "server_seed"
	Client     = "client_share"
	Server     = "server_share"

	// The parts of a hybrid's secret, where they are given or wanted apart.
	PostQuantumSS = "pq_ss"
	ClassicalSS   = "ec_ss"

	// The transcript hashes and the secrets of the TLS 1.3 key schedule.
	HelloHash    = "hello_hash"    // of ClientHello to ServerHello
	FinishedHash = "finished_hash" // of ClientHello to the server's Finished
	ClientHS     = "client_handshake_traffic_secret"
	ServerHS     = "server_handshake_traffic_secret"
	ClientAP     = "client_application_traffic_secret_0"
	ServerAP     = "server_application_traffic_secret_0"
	Exporter     = "exporter_master_secret"

	FileHash = "hash" // of a Bulk
)

// Expect is what an implementation must do with a case.
type Expect uint8

const (
	Valid      Expect = iota // compute what is wanted
	Invalid                  // refuse
	Acceptable               // refuse, or compute what is wanted
)

// String returns the word that vector files use.
func (e Expect) String() string {
	switch e {
	case Valid:
		return "valid"
	case Invalid:
		return "invalid"
	case Acceptable:
		return "acceptable"
	}
	return fmt.Sprintf("Expect(%d)", uint8(e))
}

// A Status is the outcome of a case.
type Status uint8

const (
	Passed  Status = iota
	Failed         // the implementation is wrong, or the vector is
	Skipped        // not run; the reason tells why
	Policy         // run, on a question that the standards leave open
)

// String names the status in lower case.
func (s Status) String() string {
	switch s {
	case Passed:
		return "passed"
	case Failed:
		return "failed"
	case Skipped:
		return "skipped"
	case Policy:
		return "policy"
	}
	return fmt.Sprintf("Status(%d)", uint8(s))
}

// A Result is what became of a case.
type Result struct {
	Case   *Case
	Status Status
	Reason string // why it failed or was skipped, or what the policy was

	// Where a value differs: its field, and both values.
	Field     string
	Want, Got []byte

	// Fields of Want that the implementation does not show, and that were
	// therefore not compared.
	Unseen []string
}
