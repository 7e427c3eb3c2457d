package jobdiff

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// maxSchemaDepth is how deep fields nest that are compared one by one; what is deeper is compared as one text.
const maxSchemaDepth = 64

// field is a field of a config: a schema that stands under a path.
type field struct {
	// facets are what is said of it, by JSON schema keyword, in words.
	facets map[string]string
	// below are the fields in it, by what their paths add: ".name", "[]" for items of a list, "[*]" for
	// other keys, "/$defs/name" for what is referred to.
	below map[string]*field
}

// configSchema compares two config schemas, of which each may be empty.
func (d *Diff) configSchema(before, after []byte) {
	if bytes.Equal(before, after) {
		return
	}
	var changes []Change
	switch {
	case len(before) == 0:
		changes = append(changes, Change{Section: ConfigSchema, Kind: Added, After: "takes a config"})
	case len(after) == 0:
		changes = append(changes, Change{Section: ConfigSchema, Kind: Removed, Before: "takes a config"})
	}
	for _, c := range append(changes, fieldChanges("", parseSchema(before), parseSchema(after))...) {
		d.add(c)
	}
}

// fieldChanges are the changes of a field and of those in it. A field that is nil is not there.
func fieldChanges(path string, a, b *field) (changes []Change) {
	var below []Change
	for _, name := range keys(a.fields(), b.fields()) {
		below = append(below, fieldChanges(path+name, a.fields()[name], b.fields()[name])...)
	}
	shown := strings.TrimPrefix(path, ".")
	switch {
	case path == "" && (a == nil || b == nil): // said by configSchema
	case a == nil:
		changes = append(changes, Change{Section: ConfigSchema, Path: shown, Kind: Added, After: b.text()})
	case b == nil:
		changes = append(changes, Change{Section: ConfigSchema, Path: shown, Kind: Removed, Before: a.text()})
	default:
		was, is := a.different(b, len(below) > 0)
		if was != is {
			changes = append(changes, Change{Section: ConfigSchema, Path: shown, Kind: Changed, Before: was, After: is})
		}
	}
	return append(changes, below...)
}

func (f *field) fields() map[string]*field {
	if f == nil {
		return nil
	}
	return f.below
}

// text is what is to be said of a field that is new or gone, apart from the fields in it.
func (f *field) text() string {
	parts := make([]string, 0, len(f.facets))
	for _, k := range slices.SortedFunc(maps.Keys(f.facets), byImportance) {
		if len(f.below) == 0 || k != keywordDefault && k != keywordOthers {
			parts = append(parts, f.facets[k])
		}
	}
	return strings.Join(parts, ", ")
}

// different are the texts of what is said otherwise of two fields. The default of an object follows from those of its
// fields, so it is left out when one of them is among the changes.
func (f *field) different(g *field, below bool) (was, is string) {
	var before, after []string
	for _, k := range slices.SortedFunc(slices.Values(keys(f.facets, g.facets)), byImportance) {
		a, b := orAbsent(f.facets[k], k), orAbsent(g.facets[k], k)
		if a == b || below && k == keywordDefault {
			continue
		}
		a, b = cutPair(a, b)
		before, after = append(before, a), append(after, b)
	}
	return strings.Join(before, ", "), strings.Join(after, ", ")
}

// parseSchema reads a schema; nil when there is none. What is not JSON is a field of which only that is said.
func parseSchema(schema []byte) *field {
	if len(schema) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(schema))
	d.UseNumber() // digits are the author's
	var v any
	if err := d.Decode(&v); err != nil {
		return &field{facets: map[string]string{"": fmt.Sprintf("not JSON: %s", schema)}}
	}
	return parseField(v, 0)
}

func parseField(v any, depth int) *field {
	f := &field{facets: map[string]string{}, below: map[string]*field{}}
	s, ok := v.(map[string]any)
	if v == true {
		return f // as {}: anything fits
	}
	if !ok || depth > maxSchemaDepth {
		f.facets[""] = compact(v)
		return f
	}
	for keyword, value := range s {
		if !f.nest(keyword, value, depth) {
			f.facets[keyword] = words(keyword, value)
		}
	}
	if properties, ok := s["properties"].(map[string]any); ok {
		f.require(properties, s["required"])
	}
	return f
}

// nest takes a keyword that holds schemas of fields.
func (f *field) nest(keyword string, value any, depth int) bool {
	schema, ok := value.(map[string]any)
	if !ok {
		return false
	}
	switch keyword {
	case "items":
		f.below["[]"] = parseField(schema, depth+1)
	case keywordOthers:
		if ruledOut(schema) {
			return false
		}
		f.below["[*]"] = parseField(schema, depth+1)
	case "properties":
		for name, sub := range schema {
			f.below["."+name] = parseField(sub, depth+1)
		}
	case "$defs", "definitions":
		for name, sub := range schema {
			f.below["/"+keyword+"/"+name] = parseField(sub, depth+1)
		}
	default:
		return false
	}
	return true
}

// require says of each property whether it must be given, instead of the list of those that must.
func (f *field) require(properties map[string]any, list any) {
	names := map[string]bool{}
	listed, _ := list.([]any)
	for _, name := range listed {
		s, ok := name.(string)
		if _, known := properties[s]; !ok || !known {
			return // the list says more than the properties do; it stays as it is
		}
		names[s] = true
	}
	delete(f.facets, keywordRequired)
	for name := range properties {
		p := f.below["."+name]
		p.facets[presence] = "optional"
		if names[name] {
			p.facets[presence] = "required"
		}
	}
}
