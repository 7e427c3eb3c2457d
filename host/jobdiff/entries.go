package jobdiff

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/penstock-run/penstock/usercode/metadata"
)

// Entries is the metadata of one side.
type Entries struct {
	// List is in any order, each key once.
	List []metadata.Entry
	// Unreadable is the number of entries that came and cannot be read, so that what List lacks may be among them.
	Unreadable int
}

// lacking is what to say of a key that the other side has; empty when it is not there for certain.
func (e *Entries) lacking() string {
	if e.Unreadable == 0 {
		return ""
	}
	return fmt.Sprintf("not known: %s could not be read", entries(e.Unreadable))
}

func (d *Diff) metadata(before, after *Entries) {
	byKey := func(list []metadata.Entry) map[string]*metadata.Value {
		m := make(map[string]*metadata.Value, len(list))
		for i := range list {
			m[list[i].Key] = &list[i].Value
		}
		return m
	}
	was, is := byKey(before.List), byKey(after.List)
	for _, key := range keys(was, is) {
		a, b := was[key], is[key]
		c := Change{Section: Metadata, Path: key, Kind: Changed}
		switch {
		case a == nil:
			c.Before, c.After = before.lacking(), valueText(*b)
			if c.Before == "" {
				c.Kind = Added
			}
		case b == nil:
			c.Before, c.After = valueText(*a), after.lacking()
			if c.After == "" {
				c.Kind = Removed
			}
		case a.Equal(*b):
			continue
		default:
			c.Before, c.After = valueTexts(*a, *b)
		}
		d.add(c)
	}
}

func valueText(v metadata.Value) string { return strings.Join(v.Lines(), "\n") }

// valueTexts are the texts of two values that differ; they differ, too.
func valueTexts(a, b metadata.Value) (before, after string) {
	before, after = valueText(a), valueText(b)
	switch {
	case a.Kind() != b.Kind():
		return withKind(a, before), withKind(b, after)
	case before == after:
		return exactText(a), exactText(b)
	}
	return before, after
}

func withKind(v metadata.Value, text string) string {
	if strings.Contains(text, "\n") {
		return fmt.Sprintf("[%s]\n%s", v.Kind(), text)
	}
	return fmt.Sprintf("%s [%s]", text, v.Kind())
}

// exactText tells values apart whose texts are the same, such as a tab from four spaces.
func exactText(v metadata.Value) string {
	var exact any
	switch v.Kind() {
	case metadata.KindText:
		exact = v.Text()
	case metadata.KindMarkdown:
		exact = v.Markdown()
	case metadata.KindURL:
		exact = v.URL()
	case metadata.KindPath, metadata.KindNotebook:
		exact = v.Path()
	case metadata.KindJSON:
		exact = v.JSON()
	case metadata.KindRun:
		exact = v.RunID()
	case metadata.KindCode:
		exact = v.Code()
	case metadata.KindJob:
		exact = v.Job()
	case metadata.KindAsset:
		exact = v.Asset()
	case metadata.KindTableSchema:
		exact = v.Schema()
	case metadata.KindTable:
		table := v.Table()
		rows := make([][]string, len(table.Rows))
		for i, row := range table.Rows {
			for _, cell := range row {
				text := cell.Text()
				if cell.Kind() != metadata.KindText {
					text = cell.String()
				}
				rows[i] = append(rows[i], withKind(cell, text))
			}
		}
		exact = []any{table.Schema, rows}
	default:
		exact = map[string]string{"text": v.Fallback(), "value": string(v.Raw())}
	}
	b, err := json.Marshal(exact)
	if err != nil {
		return valueText(v) // plain texts, numbers and lists of them have JSON
	}
	return metadata.Inert(string(b))
}

func entries(n int) string {
	if n == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", n)
}
