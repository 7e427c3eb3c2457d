package metadata

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
	"unicode/utf8"
)

// String renders the value as one line of inert text, for terminals, logs and table cells. Nothing in it can move a
// cursor, forge a line or change a colour. A table is summed up; Lines shows it whole.
func (v Value) String() string {
	if err := v.Err(); err != nil {
		return Inert("[invalid: " + err.Error() + "]")
	}
	switch v.kind {
	case KindText, KindURL, KindPath, KindNotebook, KindJSON, KindMarkdown, KindRun:
		return Inert(payload[string](v, v.kind))
	case KindInt:
		return v.Digits()
	case KindFloat:
		return strconv.FormatFloat(v.Float(), 'g', -1, 64)
	case KindBool:
		return strconv.FormatBool(v.Bool())
	case KindNull:
		return "null"
	case KindTimestamp:
		return v.Time().Format(time.RFC3339Nano)
	case KindTable:
		d := payload[TableData](v, KindTable)
		return fmt.Sprintf("table of %s and %s", count(len(d.Rows), "row"), count(len(d.Schema.Columns), "column"))
	case KindTableSchema:
		return "table schema of " + count(len(payload[Schema](v, KindTableSchema).Columns), "column")
	case KindCode:
		return Inert(v.Code().text())
	case KindJob:
		ref := v.Job()
		return Inert(joinNonEmpty("/", ref.Location, ref.Repository, ref.Job))
	case KindAsset:
		return Inert(strings.Join(payload[[]string](v, KindAsset), " / "))
	}
	note := fmt.Sprintf("[kind %s, which needs a newer Penstock]", v.kind)
	return joinNonEmpty(" ", Inert(v.Fallback()), note)
}

// Lines renders the value in full as lines of inert text: a markdown source or a text with its line breaks, a table
// with aligned columns. No line holds a line break, so the caller can indent them all.
func (v Value) Lines() []string {
	switch {
	case v.err != nil:
	case v.kind == KindTable:
		return payload[TableData](v, KindTable).lines()
	case v.kind == KindTableSchema:
		if lines := payload[Schema](v, KindTableSchema).lines(); len(lines) > 0 {
			return lines
		}
	case v.kind == KindText, v.kind == KindMarkdown:
		lines := strings.Split(strings.TrimRight(payload[string](v, v.kind), "\r\n"), "\n")
		for i, line := range lines {
			line = strings.TrimSuffix(line, "\r")
			lines[i] = Inert(strings.ReplaceAll(line, "\t", "    "))
		}
		return lines
	}
	return []string{v.String()}
}

// Inert escapes what a terminal or a log could obey: control characters (line breaks and tabs too), invisible
// formatting such as right-to-left overrides, and bytes that are not UTF-8. Everything else stays as it is.
func Inert(s string) string {
	if utf8.ValidString(s) && strings.IndexFunc(s, isActive) < 0 {
		return s
	}
	b := make([]byte, 0, len(s)+16)
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && size == 1:
			b = fmt.Appendf(b, `\x%02x`, s[0])
		case isActive(r):
			quoted := strconv.AppendQuoteRune(nil, r)
			b = append(b, quoted[1:len(quoted)-1]...)
		default:
			b = append(b, s[:size]...)
		}
		s = s[size:]
	}
	return string(b)
}

// isActive spares the two joiners, which emoji and several scripts are written with, and odd-width spaces.
func isActive(r rune) bool {
	const nonJoiner, joiner = '\u200c', '\u200d'
	return !unicode.IsPrint(r) && !unicode.Is(unicode.Zs, r) && r != nonJoiner && r != joiner
}

func (ref CodeReference) text() string {
	text := ref.Module + "." + ref.Symbol
	if ref.File != "" {
		text += " (" + ref.File
		if ref.Line > 0 {
			text += ":" + strconv.Itoa(ref.Line)
		}
		text += ")"
	}
	return joinNonEmpty(" ", text, ref.RepositoryURL)
}

func (d TableData) lines() []string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for i, c := range d.Schema.Columns {
		if i > 0 {
			fmt.Fprint(w, "\t")
		}
		fmt.Fprint(w, Inert(c.Name))
	}
	for _, row := range d.Rows {
		fmt.Fprintln(w)
		for i, c := range row {
			if i > 0 {
				fmt.Fprint(w, "\t")
			}
			fmt.Fprint(w, c.String())
		}
	}
	_ = w.Flush() // a strings.Builder takes everything
	lines := strings.Split(b.String(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return lines
}

func (s Schema) lines() []string {
	var lines []string
	for _, c := range s.Columns {
		var facts []string
		if c.NotNull {
			facts = append(facts, "not null")
		}
		if c.Unique {
			facts = append(facts, "unique")
		}
		facts = append(facts, c.Constraints...)
		for _, key := range slices.Sorted(maps.Keys(c.Tags)) {
			facts = append(facts, key+"="+c.Tags[key])
		}
		line := joinNonEmpty(", ", append([]string{joinNonEmpty(" ", c.Name, c.Type)}, facts...)...)
		lines = append(lines, Inert(joinNonEmpty(": ", line, c.Description)))
	}
	for _, c := range s.Constraints {
		lines = append(lines, Inert("constraint: "+c))
	}
	return lines
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

func joinNonEmpty(sep string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), sep)
}
