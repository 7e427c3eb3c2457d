package usercode

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// configDef is what a Config and the jobs that have it share. Its schema is made when a job with it is compiled, so
// that a process that needs none does not pay for it; guarded by compiling.
type configDef struct {
	config spec.Config
	schema *jsonschema.Schema
	faults []fault
	make   func() // nil when it was done
}

func (d *configDef) faultf(format string, args ...any) {
	d.faults = append(d.faults, fault{origin: d.config.Origin, message: fmt.Sprintf(format, args...)})
}

func (d *configDef) describe(text string) {
	if err := checkDescription(text); err != nil {
		d.faultf("%v", err)
		return
	}
	d.config.Description = text
}

// complete makes the schema, the first time.
func (d *configDef) complete() {
	if d.make != nil {
		d.make()
		d.make = nil
	}
}

func (d *configDef) build(t reflect.Type, defaults reflect.Value, decode func([]byte) error) {
	schema, err := schemaOf(t, defaults)
	if err != nil {
		d.faultf("%v", err)
		return
	}
	schema.Description = d.config.Description
	text, err := json.Marshal(schema)
	if err != nil {
		d.faultf("its schema has no JSON: %v", err)
		return
	}
	d.schema, d.config.Schema, d.config.Required = schema, text, len(schema.Required) > 0
	d.config.Resolve = func(given json.RawMessage) (json.RawMessage, error) { return resolve(schema, given, decode) }
	if err := checkDefaults(schema); err != nil {
		d.faultf("the JSON of its defaults does not fit the fields of %v: %v; keep to plain fields, or encode them as text", t, err)
	} else if _, err := d.config.Resolve(nil); err != nil && !d.config.Required {
		d.faultf("its defaults cannot be read back: %v", err)
	}
}

// resolve completes a given object, checks that it can be decoded and answers it.
func resolve(schema *jsonschema.Schema, given json.RawMessage, decode func([]byte) error) (json.RawMessage, error) {
	if given == nil {
		given = json.RawMessage("{}")
	}
	var f filling
	complete := f.fill(schema, given, "")
	if len(f.problems) > 0 {
		return nil, f.problems
	}
	if err := decode(complete); err != nil {
		if mismatch, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return nil, spec.Problems{{Path: mismatch.Field, Message: fmt.Sprintf("the %s does not fit a Go %v", mismatch.Value, mismatch.Type)}}
		}
		return nil, spec.Problems{{Message: err.Error()}}
	}
	return complete, nil
}

// checkDefaults finds types whose JSON is not what the schema made of them.
func checkDefaults(schema *jsonschema.Schema) error {
	for _, name := range schema.PropertyOrder {
		property := schema.Properties[name]
		if property.Default == nil {
			continue // required, or an object with something required inside
		}
		var f filling
		f.fill(property, property.Default, name)
		if len(f.problems) > 0 {
			return f.problems[0]
		}
		resolved, err := property.CloneSchemas().Resolve(nil)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		var v any
		if err := json.NewDecoder(bytes.NewReader(property.Default)).Decode(&v); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := resolved.Validate(v); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}
