package launch

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// errEndlessDefaults means that the defaults of a schema do not come to an end within the limits of a config.
var errEndlessDefaults = errors.New("its defaults, filled in, are larger, nest deeper or take more work than a config may")

// filler writes the defaults of a schema into a config.
type filler struct {
	schema  *schema
	budget  *fillBudget
	changed bool
}

// fillBudget is what may still be added, and the steps that may still be done. What a trial took is not given back.
type fillBudget struct {
	values, bytes int
	work          float64
}

// fillDefaults returns the config with every default that applies, nested ones
// too; the argument is changed. Defaults of properties, items and what $ref and
// allOf lead to are filled in; of alternatives (anyOf, oneOf, if) none is, since
// a default would choose one. An object that is absent and has no default of its
// own is made when it is required, or when its defaults alone make it valid; an
// optional one that is null or absent on purpose has another type beside object.
// Filling in again changes nothing.
func (s *schema) fillDefaults(config map[string]any) (map[string]any, error) {
	if s.root == nil {
		return config, nil
	}
	f := &filler{schema: s, budget: &fillBudget{values: MaxConfigValues, bytes: MaxConfigBytes, work: maxFillWork}}
	for range MaxConfigDepth {
		f.changed = false
		if err := f.fill(s.root, config, 1); err != nil {
			return nil, err
		}
		if !f.changed {
			return config, nil
		}
	}
	return nil, errEndlessDefaults
}

// fill adds to value, a container at a depth.
func (f *filler) fill(s *jsonschema.Schema, value any, depth int) error {
	if f.budget.work--; f.budget.work < 0 || depth > MaxConfigDepth+1 {
		return errEndlessDefaults
	}
	if s.Ref != nil {
		if err := f.fill(s.Ref, value, depth); err != nil {
			return err
		}
	}
	for _, sub := range s.AllOf {
		if err := f.fill(sub, value, depth); err != nil {
			return err
		}
	}
	switch value := value.(type) {
	case map[string]any:
		return f.fillObject(s, value, depth)
	case []any:
		for i, item := range value {
			if sub := itemSchema(s, i); sub != nil {
				if err := f.fill(sub, item, depth+1); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (f *filler) fillObject(s *jsonschema.Schema, object map[string]any, depth int) error {
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		sub := s.Properties[name]
		if _, there := object[name]; !there {
			value, use, err := f.absent(sub, slices.Contains(s.Required, name), depth+1)
			if err != nil {
				return err
			}
			if !use {
				continue
			}
			if err := f.take(value, len(name), depth+1); err != nil {
				return err
			}
			object[name] = value
			f.changed = true
		}
		if err := f.fill(sub, object[name], depth+1); err != nil {
			return err
		}
	}
	for name, value := range object {
		for re, sub := range s.PatternProperties {
			if re.MatchString(name) {
				if err := f.fill(sub, value, depth+1); err != nil {
					return err
				}
			}
		}
		if sub, ok := s.AdditionalProperties.(*jsonschema.Schema); ok && s.Properties[name] == nil && !matchesPattern(s, name) {
			if err := f.fill(sub, value, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// absent is what stands for a property that was not given, and whether anything does.
func (f *filler) absent(s *jsonschema.Schema, required bool, depth int) (value any, use bool, err error) {
	if d := ownDefault(s); d != nil {
		return clone(*d), true, nil
	}
	if !objectOnly(s) || f.schema.isSecret(s) {
		return nil, false, nil
	}
	made := map[string]any{}
	if required {
		return made, true, nil
	}
	trial := &filler{schema: f.schema, budget: f.budget}
	if err := trial.fill(s, made, depth); err != nil || len(made) == 0 {
		return nil, false, err
	}
	if f.budget.work -= f.schema.workOf(made, depth-1); f.budget.work < 0 {
		return nil, false, errEndlessDefaults
	}
	return made, s.Validate(made) == nil, nil
}

// take pays for a value that is added at a depth.
func (f *filler) take(value any, key, depth int) error {
	f.budget.values--
	f.budget.bytes -= key
	if f.budget.values < 0 || f.budget.bytes < 0 || depth > MaxConfigDepth+1 {
		return errEndlessDefaults
	}
	switch v := value.(type) {
	case map[string]any:
		for name, item := range v {
			if err := f.take(item, len(name), depth+1); err != nil {
				return err
			}
		}
	case []any:
		for _, item := range v {
			if err := f.take(item, 0, depth+1); err != nil {
				return err
			}
		}
	case string:
		f.budget.bytes -= len(v)
	case json.Number:
		f.budget.bytes -= len(v)
	}
	return nil
}

// ownDefault is the default of a schema, or of what its $ref leads to.
func ownDefault(s *jsonschema.Schema) *any {
	for ; s != nil; s = s.Ref {
		if s.Default != nil {
			return s.Default
		}
	}
	return nil
}

// objectOnly reports whether a schema, or what its $ref leads to, allows nothing but objects.
func objectOnly(s *jsonschema.Schema) bool {
	for ; s != nil; s = s.Ref {
		if s.Types != nil && !s.Types.IsEmpty() {
			types := s.Types.ToStrings()
			return len(types) == 1 && types[0] == "object"
		}
	}
	return false
}

// itemSchema is the schema of the item at an index of a list, if there is one.
func itemSchema(s *jsonschema.Schema, index int) *jsonschema.Schema {
	if index < len(s.PrefixItems) {
		return s.PrefixItems[index]
	}
	switch items := s.Items.(type) {
	case *jsonschema.Schema:
		return items
	case []*jsonschema.Schema:
		if index < len(items) {
			return items[index]
		}
		additional, _ := s.AdditionalItems.(*jsonschema.Schema)
		return additional
	}
	return s.Items2020
}

func matchesPattern(s *jsonschema.Schema, name string) bool {
	for re := range s.PatternProperties {
		if re.MatchString(name) {
			return true
		}
	}
	return false
}

// clone copies a JSON value.
func clone(value any) any {
	switch v := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, item := range v {
			out[k] = clone(item)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = clone(item)
		}
		return out
	}
	return value
}
