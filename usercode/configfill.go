package usercode

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// filling completes a JSON value with the defaults of its schema. It keeps text as text, so that no digit of a number
// is lost, and collects what is wrong: unknown keys, missing required ones, a value of another JSON type.
type filling struct{ problems spec.Problems }

func (f *filling) problemf(path, format string, args ...any) {
	f.problems = append(f.problems, spec.Problem{Path: path, Message: fmt.Sprintf(format, args...)})
}

func (f *filling) fill(s *jsonschema.Schema, given json.RawMessage, path string) json.RawMessage {
	given = bytes.TrimSpace(given)
	if s.WriteOnly {
		return f.secret(s, given, path)
	}
	kind := jsonType(given)
	if !f.allowed(s, kind, path) {
		return given
	}
	switch {
	case kind == "object" && s.Properties != nil:
		return f.properties(s, given, path)
	case kind == "object" && s.AdditionalProperties != nil && s.AdditionalProperties.Not == nil:
		return f.members(s.AdditionalProperties, given, path)
	case kind == "array" && s.Items != nil:
		return f.items(s.Items, given, path)
	}
	return given
}

// secret takes a reference; what else is there is not repeated.
func (f *filling) secret(s *jsonschema.Schema, given json.RawMessage, path string) json.RawMessage {
	var secret Secret
	switch err := secret.UnmarshalJSON(given); {
	case err != nil:
		f.problemf(path, "%v", err)
	case secret.IsZero() && s.Type == "object":
		f.problemf(path, "it is required and null")
	}
	return given
}

// properties writes them in the order of the fields.
func (f *filling) properties(s *jsonschema.Schema, given json.RawMessage, path string) json.RawMessage {
	members, err := spec.ParseObject(given)
	if err != nil {
		f.problemf(path, "%v", err)
		return given
	}
	var out object
	for _, name := range s.PropertyOrder {
		property := s.Properties[name]
		value, ok := members[name]
		delete(members, name)
		switch {
		case ok:
			out.add(name, f.fill(property, value, below(path, name)))
		case slices.Contains(s.Required, name):
			f.problemf(below(path, name), "it is required and missing")
		case property.Default != nil:
			out.add(name, property.Default)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		f.problemf(below(path, name), "unknown key; known: %s", strings.Join(s.PropertyOrder, ", "))
	}
	return out.close()
}

func (f *filling) members(s *jsonschema.Schema, given json.RawMessage, path string) json.RawMessage {
	members, err := spec.ParseObject(given)
	if err != nil {
		f.problemf(path, "%v", err)
		return given
	}
	var out object
	for _, name := range slices.Sorted(maps.Keys(members)) {
		out.add(name, f.fill(s, members[name], below(path, name)))
	}
	return out.close()
}

func (f *filling) items(s *jsonschema.Schema, given json.RawMessage, path string) json.RawMessage {
	var items []json.RawMessage
	if err := json.Unmarshal(given, &items); err != nil {
		f.problemf(path, "not JSON: %v", err)
		return given
	}
	for i, item := range items {
		items[i] = f.fill(s, item, path+"["+strconv.Itoa(i)+"]")
	}
	return slices.Concat([]byte("["), bytes.Join(rawBytes(items), []byte(",")), []byte("]"))
}

// allowed is whether the schema takes the JSON type at all; finer rules are those of decoding.
func (f *filling) allowed(s *jsonschema.Schema, kind, path string) bool {
	types := s.Types
	if s.Type != "" {
		types = []string{s.Type}
	}
	if len(types) == 0 || slices.Contains(types, kind) || kind == "number" && slices.Contains(types, "integer") {
		return true
	}
	article := "a"
	if strings.ContainsAny(types[len(types)-1][:1], "aeio") {
		article = "an"
	}
	f.problemf(path, "%s %s is needed; this is %s", article, types[len(types)-1], kind)
	return false
}

func jsonType(text []byte) string {
	if len(text) == 0 {
		return "nothing"
	}
	switch text[0] {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case 't', 'f':
		return "boolean"
	case 'n':
		return "null"
	}
	return "number"
}

func below(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func rawBytes(items []json.RawMessage) [][]byte {
	out := make([][]byte, len(items))
	for i, item := range items {
		out[i] = item
	}
	return out
}

// object is a JSON object in the making, its members in the order in which they are added.
type object struct{ text []byte }

func (o *object) add(name string, value json.RawMessage) {
	if o.text != nil {
		o.text = append(o.text, ',')
	}
	key, err := json.Marshal(name)
	if err != nil {
		return // a string always has JSON
	}
	o.text = append(append(append(o.text, key...), ':'), value...)
}

func (o *object) close() json.RawMessage { return slices.Concat([]byte("{"), o.text, []byte("}")) }
