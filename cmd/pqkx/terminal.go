package main

import (
	"io"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A style is the number of an ANSI escape sequence.
type style string

const (
	plain style = ""
	bold  style = "1"
	faint style = "2"
	red   style = "31"
	green style = "32"
	amber style = "33"
)

// A painter colours text, or leaves it alone.
type painter bool

// newPainter returns a painter for w, which colours on a terminal unless the
// user objects (https://no-color.org).
func newPainter(w io.Writer) painter {
	return painter(isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb")
}

func (p painter) paint(s style, text string) string {
	if !p || s == plain || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

// isTerminal reports whether f, a reader or a writer, is a terminal.
func isTerminal(f any) bool {
	file, ok := f.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// printable replaces control characters, so that what a peer says adds no line
// and no escape sequence to what we print.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}

// A column of a table.
type column struct {
	title string
	width int
	right bool // numbers
}

// A cell of a table.
type cell struct {
	text  string
	style style
}

// header is the line of the columns' titles.
func header(columns []column, p painter) string {
	cells := make([]cell, len(columns))
	for i, c := range columns {
		cells[i] = cell{c.title, bold}
	}
	return row(columns, cells, p)
}

// row is a line of a table, without spaces at its end.
func row(columns []column, cells []cell, p painter) string {
	var b strings.Builder
	for i, c := range columns {
		if i > 0 {
			b.WriteString("  ")
		}
		pad := strings.Repeat(" ", max(0, c.width-utf8.RuneCountInString(cells[i].text)))
		text := p.paint(cells[i].style, cells[i].text)
		switch {
		case c.right:
			b.WriteString(pad + text)
		case i == len(columns)-1:
			b.WriteString(text)
		default:
			b.WriteString(text + pad)
		}
	}
	return b.String() + "\n"
}

// fit widens the columns to their titles and cells.
func fit(columns []column, rows [][]cell) {
	for i := range columns {
		w := &columns[i].width
		*w = max(*w, utf8.RuneCountInString(columns[i].title))
		for _, r := range rows {
			*w = max(*w, utf8.RuneCountInString(r[i].text))
		}
	}
}
