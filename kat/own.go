package kat

import (
	_ "embed"
	"fmt"

	"github.com/pqkx/pqkx"
)

// FormatName is what stands in the member "format" of the files that [Generate]
// writes.
const FormatName = "pqkx-kat-v1"

// Schema is the JSON Schema of those files, which documents each member.
//
//go:embed vectors.schema.json
var Schema string

// The members of a file.
type (
	ownFile struct {
		Format  string     `json:"format"`
		Comment string     `json:"comment"`
		Groups  []ownGroup `json:"groups"`
	}
	ownGroup struct {
		Name      string    `json:"name"`
		CodePoint string    `json:"code_point"`
		Cases     []ownCase `json:"cases"`
	}
	ownCase struct {
		ID           int           `json:"id"`
		ClientSeed   string        `json:"client_seed"`
		ServerSeed   string        `json:"server_seed"`
		ClientShare  string        `json:"client_share"`
		ServerShare  string        `json:"server_share"`
		SharedSecret string        `json:"shared_secret"`
		KeySchedules []ownSchedule `json:"key_schedules"`
	}
	ownSchedule struct {
		Hash         string `json:"hash"`
		HelloHash    string `json:"hello_hash"`
		FinishedHash string `json:"finished_hash"`
		ClientHS     string `json:"client_handshake_traffic_secret"`
		ServerHS     string `json:"server_handshake_traffic_secret"`
		ClientAP     string `json:"client_application_traffic_secret_0"`
		ServerAP     string `json:"server_application_traffic_secret_0"`
		Exporter     string `json:"exporter_master_secret"`
	}
)

// own reads what Generate writes: one case for each key schedule.
var own = format{
	name:          "pqkx JSON",
	recogniseJSON: func(v *value) bool { return v.has("format", "groups") },
	readJSON: func(f *File, v *value) error {
		if name, err := v.str("format"); err != nil || name != FormatName {
			return v.errorf("format is not %q", FormatName)
		}
		v.ignore("comment", "$schema")
		list, err := v.arrayOf("groups")
		if err != nil {
			return err
		}
		for _, g := range list {
			if err := readOwnGroup(f, g); err != nil {
				return err
			}
		}
		return v.done()
	},
}

func readOwnGroup(f *File, v *value) error {
	name, err := v.str("name")
	if err != nil {
		return err
	}
	code, err := v.str("code_point")
	if err != nil {
		return err
	}
	id, ok := groupByName(code)
	if !ok {
		return v.errorf("code_point is not of the form 0x11EC")
	}
	if known, ok := groupByName(name); ok && known != id {
		return v.errorf("%s is %#04x, not %s", name, uint16(known), code)
	}
	cases, err := v.arrayOf("cases")
	if err != nil {
		return err
	}
	seen := make(map[int]bool)
	for _, e := range cases {
		n, err := e.num("id")
		if err != nil {
			return err
		}
		if seen[n] {
			return e.errorf("id %d stands twice", n)
		}
		seen[n] = true
		if err := readOwnCase(f, name, n, id, e); err != nil {
			return err
		}
	}
	return v.done()
}

func readOwnCase(f *File, group string, n int, id pqkx.NamedGroup, v *value) error {
	in, err := v.values(map[string]string{"client_seed": ClientSeed, "server_seed": ServerSeed})
	if err != nil {
		return err
	}
	want, err := v.values(map[string]string{"client_share": Client, "server_share": Server, "shared_secret": SS})
	if err != nil {
		return err
	}
	schedules, err := v.arrayOf("key_schedules")
	if err != nil {
		return err
	}
	for _, s := range schedules {
		c := &Case{Group: group, Algorithm: algorithmOf(id)}
		if c.Hash, err = s.str("hash"); err != nil {
			return err
		}
		if _, err := hashByName(c.Hash); err != nil {
			return s.errorf("%v", err)
		}
		c.ID = fmt.Sprintf("%d %s", n, c.Hash)
		if c.In, err = s.values(map[string]string{HelloHash: HelloHash, FinishedHash: FinishedHash}); err != nil {
			return err
		}
		c.Want, err = s.values(map[string]string{
			ClientHS: ClientHS, ServerHS: ServerHS, ClientAP: ClientAP, ServerAP: ServerAP, Exporter: Exporter})
		if err != nil {
			return err
		}
		for name, b := range in {
			c.In[name] = b
		}
		for name, b := range want {
			c.Want[name] = b
		}
		f.add(c)
		if err := s.done(); err != nil {
			return err
		}
	}
	return v.done()
}

// algorithmOf names a group for a case: by its IANA name, or by its code point.
func algorithmOf(id pqkx.NamedGroup) string {
	if _, ok := groups[id]; ok {
		return id.String()
	}
	return fmt.Sprintf("0x%04X", uint16(id))
}
