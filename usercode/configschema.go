package usercode

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/google/jsonschema-go/jsonschema"
)

// schemaOf is the schema of a struct, with a default at every property that need not be given.
func schemaOf(t reflect.Type, defaults reflect.Value) (*jsonschema.Schema, error) {
	if t.Kind() != reflect.Struct || textual(t) || ownJSON(t) {
		return nil, fmt.Errorf("a config is a struct of plain fields, and %v is not", t)
	}
	special := map[reflect.Type]*jsonschema.Schema{}
	if err := findSpecial(t, t.String(), special, map[reflect.Type]bool{}); err != nil {
		return nil, err
	}
	schema, err := jsonschema.ForType(t, &jsonschema.ForOptions{TypeSchemas: special})
	if err != nil {
		return nil, err
	}
	if err := annotate(schema, t, defaults, special); err != nil {
		return nil, err
	}
	return schema, nil
}

var (
	textMarshaler   = reflect.TypeFor[encoding.TextMarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
	jsonMarshaler   = reflect.TypeFor[json.Marshaler]()
	jsonUnmarshaler = reflect.TypeFor[json.Unmarshaler]()
)

func textual(t reflect.Type) bool {
	return !ownJSON(t) && reflect.PointerTo(t).Implements(textMarshaler) && reflect.PointerTo(t).Implements(textUnmarshaler)
}

func ownJSON(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(jsonMarshaler) || reflect.PointerTo(t).Implements(jsonUnmarshaler)
}

// findSpecial collects the types inside t whose JSON does not follow from their kind.
func findSpecial(t reflect.Type, path string, special map[reflect.Type]*jsonschema.Schema, seen map[reflect.Type]bool) error {
	if seen[t] {
		return nil
	}
	seen[t] = true
	switch {
	case t == secretType:
		special[t] = secretSchema()
		return nil
	case (ownJSON(t) || textual(t)) && holdsSecrets(t, map[reflect.Type]bool{}):
		return fmt.Errorf("%s holds a secret, but %v makes its own JSON, in which a host cannot tell what is secret; make the secret a field of the config", path, t)
	case t == reflect.TypeFor[time.Duration]():
		return fmt.Errorf("%s is a time.Duration, which is a number of nanoseconds in JSON; use usercode.Duration, written as 90s", path)
	case t == reflect.TypeFor[Duration]():
		special[t] = &jsonschema.Schema{Type: "string", Pattern: `^[-+]?([0-9.]+(ns|us|µs|μs|ms|s|m|h))+$|^[-+]?0$`}
		return nil
	case t == reflect.TypeFor[time.Time]():
		special[t] = &jsonschema.Schema{Type: "string", Format: "date-time"}
		return nil
	case ownJSON(t):
		special[t] = &jsonschema.Schema{} // anything: what it reads is its own affair, and is checked by reading
		return nil
	case textual(t):
		special[t] = &jsonschema.Schema{Type: "string"}
		return nil
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Array, reflect.Map:
		return findSpecial(t.Elem(), path, special, seen)
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			special[t] = &jsonschema.Schema{Types: []string{"null", "string"}, ContentEncoding: "base64"}
			return nil
		}
		return findSpecial(t.Elem(), path, special, seen)
	case reflect.Struct:
		for _, f := range reflect.VisibleFields(t) {
			if f.IsExported() && f.Tag.Get("json") != "-" {
				if err := findSpecial(f.Type, path+"."+f.Name, special, seen); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// annotate sets default and required of all properties below s, the schema of t: from v where there is one, from
// zero values inside lists, maps and nil pointers.
func annotate(s *jsonschema.Schema, t reflect.Type, v reflect.Value, special map[reflect.Type]*jsonschema.Schema) error {
	if special[t] != nil {
		return nil
	}
	switch t.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			v = reflect.New(t.Elem())
		}
		if own := special[t.Elem()]; own != nil && own.Type == "" && own.Types == nil {
			s.Types = nil // inferring adds null, which leaves nothing else of a schema that takes anything
		}
		return annotate(s, t.Elem(), v.Elem(), special)
	case reflect.Slice, reflect.Array:
		return annotate(s.Items, t.Elem(), reflect.Zero(t.Elem()), special)
	case reflect.Map:
		return annotate(s.AdditionalProperties, t.Elem(), reflect.Zero(t.Elem()), special)
	case reflect.Struct:
		s.Required = nil
		if s.Properties == nil {
			s.Properties = map[string]*jsonschema.Schema{} // no fields at all: every key is unknown
		}
		for _, f := range reflect.VisibleFields(t) {
			property := s.Properties[jsonName(f)]
			if property == nil || f.Anonymous || !f.IsExported() {
				continue
			}
			value := reflect.Zero(f.Type)
			if inner, err := v.FieldByIndexErr(f.Index); err == nil { // not inside a nil embedded pointer
				value = inner
			}
			if err := annotate(property, f.Type, value, special); err != nil {
				return err
			}
			if mustBeGiven(f, property) {
				s.Required = append(s.Required, jsonName(f))
				if f.Type == secretType {
					property.Type, property.Types = "object", nil // not null
				}
				continue
			}
			text, err := encode(value)
			if err != nil {
				return fmt.Errorf("the default of %s has no JSON: %w", f.Name, err)
			}
			property.Default = text
		}
	}
	return nil
}

// mustBeGiven is whether a field, or something in the struct that it is, has no default.
func mustBeGiven(f reflect.StructField, property *jsonschema.Schema) bool {
	return f.Tag.Get("config") == "required" || f.Type.Kind() == reflect.Struct && f.Type != secretType && len(property.Required) > 0
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if name == "" {
		return f.Name
	}
	return name
}

// encode is json.Marshal with a nil list or map as an empty one, which is how people write it, and without escapes
// for HTML.
func encode(v reflect.Value) ([]byte, error) {
	if v.Kind() == reflect.Map && v.IsNil() && !ownJSON(v.Type()) {
		return []byte("{}"), nil
	}
	if v.Kind() == reflect.Slice && v.IsNil() && v.Type().Elem().Kind() != reflect.Uint8 && !ownJSON(v.Type()) {
		return []byte("[]"), nil
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v.Interface()); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

// runConfigSchema is the schema of {"config": {NAME: {…}}}; nil without configs, or when one of them has a fault.
func runConfigSchema(configs []*configDef) []byte {
	if len(configs) == 0 {
		return nil
	}
	section := &jsonschema.Schema{Type: "object", Properties: map[string]*jsonschema.Schema{}, AdditionalProperties: none()}
	for _, c := range configs {
		if c.schema == nil {
			return nil
		}
		one := c.schema.CloneSchemas()
		if complete, err := c.config.Resolve(nil); err == nil {
			one.Default = complete
		} else {
			section.Required = append(section.Required, c.config.Name)
		}
		section.Properties[c.config.Name] = one
		section.PropertyOrder = append(section.PropertyOrder, c.config.Name)
	}
	root := &jsonschema.Schema{
		Type: "object", Properties: map[string]*jsonschema.Schema{"config": section}, AdditionalProperties: none(),
	}
	if len(section.Required) > 0 {
		root.Required = []string{"config"}
	} else {
		section.Default = defaultsOf(section)
	}
	text, err := json.Marshal(root)
	if err != nil {
		return nil // each part of it was encoded before
	}
	return text
}

// none is the schema that nothing fits.
func none() *jsonschema.Schema { return &jsonschema.Schema{Not: &jsonschema.Schema{}} }

func defaultsOf(section *jsonschema.Schema) json.RawMessage {
	var f filling
	return f.fill(section, json.RawMessage("{}"), "")
}
