package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/pqkx/pqkx"
	"github.com/pqkx/pqkx/preset"
)

const groupsDoc = `
Groups lists every group of this module: its code point in decimal and in
hexadecimal, the bytes of the client's share, the server's share and the shared
secret, the document that defines it and how far that has come, whether it is
approved under FIPS 140-3, whether it is on unless --groups says otherwise, and
which code runs it on this machine (of a hybrid, in the order of the wire).
`

// A status is how far a group's document has come.
type status string

const (
	standard status = "standard"
	draft    status = "draft"
	obsolete status = "obsolete"
	unknown  status = "unknown"
)

type document struct {
	status status
	name   string
}

// documents tells where each group is defined.
var documents = map[pqkx.NamedGroup]document{
	pqkx.Secp256r1:                {standard, "RFC 8446"},
	pqkx.Secp384r1:                {standard, "RFC 8446"},
	pqkx.Secp521r1:                {standard, "RFC 8446"},
	pqkx.X25519:                   {standard, "RFC 8446"},
	pqkx.MLKEM512:                 {draft, "draft-ietf-tls-mlkem"},
	pqkx.MLKEM768:                 {draft, "draft-ietf-tls-mlkem"},
	pqkx.MLKEM1024:                {draft, "draft-ietf-tls-mlkem"},
	pqkx.SecP256r1MLKEM768:        {standard, "RFC 10024"},
	pqkx.X25519MLKEM768:           {standard, "RFC 10024"},
	pqkx.SecP384r1MLKEM1024:       {standard, "RFC 10024"},
	pqkx.X25519Kyber768Draft00:    {obsolete, "draft-tls-westerbaan-xyber768d00"},
	pqkx.SecP256r1Kyber768Draft00: {obsolete, "draft-kwiatkowski-tls-ecdhe-kyber"},
}

// describe returns the group's document, or unknown for a group that is new.
func describe(id pqkx.NamedGroup) document {
	if d, ok := documents[id]; ok {
		return d
	}
	return document{unknown, ""}
}

// groupInfo is a line of the table.
type groupInfo struct {
	Group        string `json:"group"`
	Code         uint16 `json:"code"`
	CodeHex      string `json:"code_hex"`
	Kind         string `json:"kind"`
	PostQuantum  bool   `json:"post_quantum"`
	ClientShare  int    `json:"client_share"`
	ServerShare  int    `json:"server_share"`
	SharedSecret int    `json:"shared_secret"`
	Status       status `json:"status"`
	Document     string `json:"document"`
	FIPS         bool   `json:"fips"`
	Default      bool   `json:"default"`
	Backend      string `json:"backend"`
}

func runGroups(_ context.Context, args []string, std stdio) error {
	f := newFlags("groups", "", groupsDoc)
	asJSON := f.Bool("json", false, "print a JSON array")
	if _, err := f.parse(args, 0, std); err != nil {
		return err
	}
	infos, err := listGroups()
	if err != nil {
		return err
	}
	if *asJSON {
		return printJSON(std.out, infos)
	}
	return printGroups(std.out, infos)
}

func listGroups() ([]groupInfo, error) {
	var infos []groupInfo
	usual := preset.Default()
	for _, g := range preset.All().Groups() {
		kind, err := kindOf(g)
		if err != nil {
			return nil, err
		}
		sizes, doc := g.Sizes(), describe(g.ID())
		_, isDefault := usual.Group(g.ID())
		infos = append(infos, groupInfo{
			Group:        g.ID().String(),
			Code:         uint16(g.ID()),
			CodeHex:      hexCode(g.ID()),
			Kind:         kind,
			PostQuantum:  pqkx.IsPostQuantum(g),
			ClientShare:  sizes.ClientShare,
			ServerShare:  sizes.ServerShare,
			SharedSecret: sizes.SharedSecret,
			Status:       doc.status,
			Document:     doc.name,
			FIPS:         g.FIPS(),
			Default:      isDefault,
			Backend:      backendOf(g),
		})
	}
	return infos, nil
}

// kindOf tells a hybrid from the rest by its share, which has a classical half.
func kindOf(g pqkx.Group) (string, error) {
	if !pqkx.IsPostQuantum(g) {
		return "classical", nil
	}
	ks, err := g.KeyShare()
	if err != nil {
		return "", fmt.Errorf("%v: %w", g.ID(), err)
	}
	defer ks.Destroy()
	if _, ok := ks.(pqkx.HybridKeyShare); ok {
		return "hybrid", nil
	}
	return "post-quantum", nil
}

func backendOf(g pqkx.Group) string {
	if b, ok := g.(interface{ Backend() string }); ok {
		return b.Backend()
	}
	return "?"
}

func hexCode(id pqkx.NamedGroup) string { return fmt.Sprintf("0x%04X", uint16(id)) }

func printGroups(w io.Writer, infos []groupInfo) error {
	columns := []column{
		{title: "GROUP"}, {title: "CODE", right: true}, {title: "HEX"}, {title: "KIND"},
		{title: "CLIENT", right: true}, {title: "SERVER", right: true}, {title: "SECRET", right: true},
		{title: "STATUS"}, {title: "DOCUMENT"}, {title: "FIPS"}, {title: "ON"}, {title: "BACKEND"},
	}
	rows := make([][]cell, len(infos))
	for i, g := range infos {
		safety := amber
		if g.PostQuantum {
			safety = green
		}
		rows[i] = []cell{
			{g.Group, plain}, {strconv.Itoa(int(g.Code)), plain}, {g.CodeHex, plain}, {g.Kind, safety},
			{strconv.Itoa(g.ClientShare), plain}, {strconv.Itoa(g.ServerShare), plain}, {strconv.Itoa(g.SharedSecret), plain},
			{string(g.Status), plain}, {strings.TrimPrefix(g.Document, "draft-"), plain}, {yesNo(g.FIPS), plain}, {yesNo(g.Default), plain}, {g.Backend, plain},
		}
	}
	fit(columns, rows)
	paint := newPainter(w)
	var b strings.Builder
	b.WriteString(header(columns, paint))
	for _, r := range rows {
		b.WriteString(row(columns, r, paint))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func yesNo(v bool) string {
	if v {
		return "yes"
	}
	return "no"
}

// printJSON prints v as JSON for programs that people read as well.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
