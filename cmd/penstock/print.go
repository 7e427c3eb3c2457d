package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
	"unicode/utf16"
)

// object prints v as indented JSON.
func (p printer) object(v any) error { return writeJSON(p.out, v, "  ") }

// line prints v as JSON on one line.
func (p printer) line(v any) error { return writeJSON(p.out, v, "") }

// writeJSON writes v so that nothing in it can act on a terminal: what is not printable is an escape, which means the same.
func writeJSON(w io.Writer, v any, indent string) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("print as JSON: %w", err)
	}
	text := b.String()
	b.Reset()
	for _, r := range text {
		if r == '\n' || unicode.IsPrint(r) || unicode.Is(unicode.Zs, r) {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

// table prints rows with aligned columns. Every cell is made inert here.
func (p printer) table(head []string, rows [][]string) {
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{head}, rows...) {
		cells := convert(row, inert)
		// A last cell without a tab is not padded, so lines do not end in spaces.
		fmt.Fprintln(w, strings.TrimRight(strings.Join(cells, "\t"), "\t"))
	}
	_ = w.Flush() // a writer that is broken shows at the next write
}

// section prints a title and indented lines, which are inert already.
func (p printer) section(title string, lines []string) {
	fmt.Fprintf(p.out, "\n%s\n", title)
	for _, line := range lines {
		fmt.Fprintln(p.out, strings.TrimRight("  "+line, " "))
	}
}

// fields prints "Name: value" lines with aligned values. Pairs without a value are left out.
func (p printer) fields(pairs ...[2]string) {
	width := 0
	for _, pair := range pairs {
		if pair[1] != "" {
			width = max(width, len(pair[0]))
		}
	}
	for _, pair := range pairs {
		if pair[1] != "" {
			fmt.Fprintf(p.out, "%-*s  %s\n", width+1, pair[0]+":", inert(pair[1]))
		}
	}
}

// aligned makes lines of rows with aligned columns; the cells are made inert.
func aligned(rows [][]string) []string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(w, strings.Join(convert(row, inert), "\t"))
	}
	_ = w.Flush() // a strings.Builder takes everything
	return strings.Split(strings.TrimRight(b.String(), "\n"), "\n")
}

// clockText is a time for people, in their zone.
func clockText(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

// spanText is a length of time for people.
func spanText(d time.Duration) string {
	switch d = max(d, 0); {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	default:
		return d.Round(time.Second).String()
	}
}

// bytesText is a number of bytes for people.
func bytesText(n uint64) string {
	const units = "KMGTPE"
	if n < 1<<10 {
		return fmt.Sprintf("%d B", n)
	}
	value, unit := float64(n)/(1<<10), 0
	for value >= 1<<10 {
		value, unit = value/(1<<10), unit+1
	}
	return fmt.Sprintf("%.1f %ciB", value, units[unit])
}

// clip shortens text to n characters.
func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
