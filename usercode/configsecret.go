package usercode

import (
	"reflect"
	"strconv"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/penstock-run/penstock/usercode/internal/spec"
)

var secretType = reflect.TypeFor[Secret]()

// secretSchema takes a reference alone. That it is only ever written is how a host knows not to repeat what is typed
// there.
func secretSchema() *jsonschema.Schema {
	return &jsonschema.Schema{
		Types: []string{"null", "object"}, WriteOnly: true,
		Properties:           map[string]*jsonschema.Schema{"env": {Type: "string", Pattern: variablePattern, Description: "Environment variable of the worker"}},
		PropertyOrder:        []string{"env"},
		Required:             []string{"env"},
		AdditionalProperties: none(),
	}
}

// secrets calls visit with every secret that is set in a config, by its path, and puts its answer there.
func secrets(v reflect.Value, path string, visit func(path string, s Secret) Secret) {
	if v.Type() == secretType {
		if s := v.Interface().(Secret); !s.IsZero() { //nolint:forcetypeassert // as asked
			v.Set(reflect.ValueOf(visit(path, s)))
		}
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			secrets(v.Elem(), path, visit)
		}
	case reflect.Slice, reflect.Array:
		if !holdsSecrets(v.Type().Elem(), map[reflect.Type]bool{}) {
			return // it may be long
		}
		for i := range v.Len() {
			secrets(v.Index(i), path+"["+strconv.Itoa(i)+"]", visit)
		}
	case reflect.Map:
		if !holdsSecrets(v.Type().Elem(), map[reflect.Type]bool{}) {
			return
		}
		for _, key := range v.MapKeys() {
			member := reflect.New(v.Type().Elem()).Elem() // those in a map cannot be changed in place
			member.Set(v.MapIndex(key))
			secrets(member, below(path, key.String()), visit)
			v.SetMapIndex(key, member)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			switch {
			case f.Anonymous && jsonName(f) == f.Name:
				if f.IsExported() || f.Type.Kind() == reflect.Struct {
					secrets(v.Field(i), path, visit)
				}
			case f.IsExported():
				secrets(v.Field(i), below(path, jsonName(f)), visit)
			}
		}
	}
}

// holdsSecrets is whether a value of the type may have a secret inside.
func holdsSecrets(t reflect.Type, seen map[reflect.Type]bool) bool {
	if t == secretType {
		return true
	}
	if seen[t] {
		return false
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return holdsSecrets(t.Elem(), seen)
	case reflect.Struct:
		for f := range t.Fields() {
			if holdsSecrets(f.Type, seen) {
				return true
			}
		}
	}
	return false
}

// refsIn lists what a config refers to.
func refsIn(config any) (refs []spec.SecretRef) {
	secrets(reflect.ValueOf(config).Elem(), "", func(path string, s Secret) Secret {
		refs = append(refs, spec.SecretRef{Path: path, Variable: s.ref.variable})
		return s
	})
	return refs
}

// revealIn gives the secrets of a config the values that lookup knows.
func revealIn(config any, lookup func(variable string) (string, bool)) {
	secrets(reflect.ValueOf(config).Elem(), "", func(_ string, s Secret) Secret {
		value, ok := lookup(s.ref.variable)
		if !ok {
			return s
		}
		return Secret{&secretRef{variable: s.ref.variable, reveal: func() string { return value }}}
	})
}
