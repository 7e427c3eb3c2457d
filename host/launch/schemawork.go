package launch

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Checking a config can take exponential time in the size of its schema: two
// schemas that each apply two more to the same value, and so on, or a list whose
// items are checked by items and by contains, at each level. So what a check can
// cost is computed from the schema alone, before any config is checked.

// children are the schemas that apply one level down, to members or items.
type children struct {
	// one of these applies to a given child: properties, prefixItems.
	one []*jsonschema.Schema
	// each of these may apply to it.
	each []*jsonschema.Schema
}

func (c children) all() []*jsonschema.Schema { return slices.Concat(c.one, c.each) }

// beside are the schemas that a schema applies to the same value.
func beside(s *jsonschema.Schema) []*jsonschema.Schema {
	list := slices.Concat(s.AllOf, s.AnyOf, s.OneOf)
	list = append(list, s.Ref, s.RecursiveRef, s.Not, s.If, s.Then, s.Else)
	if s.DynamicRef != nil {
		list = append(list, s.DynamicRef.Ref)
	}
	for _, sub := range s.DependentSchemas {
		list = append(list, sub)
	}
	for _, sub := range s.Dependencies {
		list = appendSchemas(list, sub)
	}
	return withoutNil(list)
}

func below(s *jsonschema.Schema) children {
	var c children
	for _, sub := range s.Properties {
		c.one = append(c.one, sub)
	}
	c.one = append(c.one, s.PrefixItems...)
	if list, ok := s.Items.([]*jsonschema.Schema); ok {
		c.one = append(c.one, list...)
	} else {
		c.each = appendSchemas(c.each, s.Items)
	}
	for _, sub := range s.PatternProperties {
		c.each = append(c.each, sub)
	}
	c.each = appendSchemas(c.each, s.AdditionalProperties)
	c.each = appendSchemas(c.each, s.AdditionalItems)
	c.each = append(c.each, s.PropertyNames, s.UnevaluatedProperties, s.UnevaluatedItems, s.Items2020, s.Contains)
	c.one, c.each = withoutNil(c.one), withoutNil(c.each)
	return c
}

// appendSchemas adds what of the library's loosely typed fields is a schema.
func appendSchemas(list []*jsonschema.Schema, field any) []*jsonschema.Schema {
	if sub, ok := field.(*jsonschema.Schema); ok {
		return append(list, sub)
	}
	return list
}

func withoutNil(list []*jsonschema.Schema) []*jsonschema.Schema {
	return slices.DeleteFunc(list, func(s *jsonschema.Schema) bool { return s == nil })
}

// workBound returns for each depth of a config an upper bound of the steps that
// one value there costs, when checking begins with the schema at the root.
func workBound(all map[string]*jsonschema.Schema) ([]float64, error) {
	order, err := besideFirst(all)
	if err != nil {
		return nil, err
	}
	bound := make([]float64, MaxConfigDepth+2)
	last := map[*jsonschema.Schema]float64{}
	for depth := range bound {
		now := make(map[*jsonschema.Schema]float64, len(order))
		for _, s := range order {
			work := ownWork(s, depth)
			for _, sub := range beside(s) {
				work += now[sub]
			}
			if depth > 0 {
				c, most := below(s), 0.0
				for _, sub := range c.one {
					most = math.Max(most, last[sub])
				}
				work += most
				for _, sub := range c.each {
					work += last[sub]
				}
			}
			now[s] = work
		}
		bound[depth] = now[all[schemaURL+"#"]]
		last = now
	}
	return bound, nil
}

// ownWork is what a schema does itself with a value depth levels below the one
// that it applies to.
func ownWork(s *jsonschema.Schema, depth int) float64 {
	work := 0.0
	switch depth {
	case 0:
		work = 1 + float64(len(s.Required)+len(s.Dependencies)+len(s.DependentRequired))
		for _, names := range s.DependentRequired {
			work += float64(len(names))
		}
		if p, ok := s.Pattern.(*pattern); ok {
			work += float64(p.steps)
		}
	case 1: // the members are gone through, and each key is matched against each pattern
		work = 1
		for re := range s.PatternProperties {
			if p, ok := re.(*pattern); ok {
				work += float64(p.steps)
			}
		}
	}
	if s.Enum != nil { // each value is compared with all that the schema names
		for _, v := range s.Enum.Values {
			work += compareWork(v)
		}
	}
	if s.Const != nil {
		work += compareWork(*s.Const)
	}
	if s.UniqueItems {
		work += 20 // short lists are compared item with item, longer ones hashed
	}
	return work
}

// compareWork is what comparing a value with one that the schema names costs.
func compareWork(named any) float64 {
	if _, ok := named.(json.Number); ok {
		return 8 // numbers are compared exactly
	}
	return 1
}

// besideFirst orders schemas so that those which one applies to the same value come before it.
func besideFirst(all map[string]*jsonschema.Schema) ([]*jsonschema.Schema, error) {
	const open = -1
	chain := map[*jsonschema.Schema]int{}
	var order []*jsonschema.Schema
	var visit func(s *jsonschema.Schema) error
	visit = func(s *jsonschema.Schema) error {
		switch {
		case chain[s] == open:
			return fmt.Errorf("the schema at %s applies itself to the same value, which has no end", pointerOf(s))
		case chain[s] > 0:
			return nil
		case s.DynamicRef != nil || s.RecursiveRef != nil:
			return errors.New("$dynamicRef and $recursiveRef cannot be used here; use $ref")
		}
		chain[s] = open
		longest := 0
		for _, sub := range beside(s) {
			if err := visit(sub); err != nil {
				return err
			}
			longest = max(longest, chain[sub])
		}
		if longest >= MaxSchemaChain {
			return fmt.Errorf("more than %d schemas apply to one value through each other at %s", MaxSchemaChain, pointerOf(s))
		}
		chain[s] = longest + 1
		order = append(order, s)
		return nil
	}
	for _, location := range slices.Sorted(maps.Keys(all)) { // sorted: the same schema has the same error
		if err := visit(all[location]); err != nil {
			return nil, err
		}
	}
	return order, nil
}

// workOf is the most steps that checking a value takes that stands at a depth of the config, 0 for the whole.
func (s *schema) workOf(value any, depth int) float64 {
	sizes := make([]float64, len(s.work))
	measure(value, depth, 0, sizes)
	total := 0.0
	for depth, size := range sizes {
		if size > 0 { // the bound may be infinite
			total += size * s.work[depth]
		}
	}
	return total
}

// measure adds up the size of values by depth: 1 each, and more for long keys and texts.
func measure(value any, depth, key int, sizes []float64) {
	if depth >= len(sizes) {
		return // only a scalar can be there, and the depth of containers is limited before
	}
	size := 1 + float64(key)/16
	switch v := value.(type) {
	case map[string]any:
		for k, item := range v {
			measure(item, depth+1, len(k), sizes)
		}
	case []any:
		for _, item := range v {
			measure(item, depth+1, 0, sizes)
		}
	case string:
		size += float64(len(v)) / 16
	case json.Number:
		size += float64(len(v)) / 16
	}
	sizes[depth] += size
}
