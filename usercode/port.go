package usercode

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// maxTypeBytes is how much of a Go type's text people get to see; a struct without a name can be pages long.
const maxTypeBytes = 256

// portType is the Go type as the author would write it in another package.
func portType[T any]() string { return typeOf[T]().text }

// goType is a type, and its text for people.
type goType struct {
	text string
	of   reflect.Type
}

func typeOf[T any]() goType {
	t := reflect.TypeFor[T]()
	text := strings.ToValidUTF8(t.String(), "?")
	if len(text) > maxTypeBytes {
		text = strings.ToValidUTF8(text[:maxTypeBytes], "") + "…"
	}
	return goType{text, t}
}

// inputs names the inputs of an op or graph: Go keeps no names of parameters.
func inputs(types ...goType) []spec.Port {
	if len(types) == 1 {
		return []spec.Port{port("input", types[0])}
	}
	ports := make([]spec.Port, len(types))
	for i, t := range types {
		ports[i] = port(fmt.Sprintf("input_%d", i+1), t)
	}
	return ports
}

// outputOf is the output of type Out, or none.
func outputOf[Out any]() []spec.Port {
	if reflect.TypeFor[Out]() == reflect.TypeFor[None]() {
		return nil
	}
	return []spec.Port{port(spec.ResultPort, typeOf[Out]())}
}

func port(name string, t goType) spec.Port { return spec.Port{Name: name, Type: t.text, Go: t.of} }

// as gives back the static type. A nil interface has none left, so it needs the zero value.
func as[T any](x any) T {
	if x == nil {
		var zero T
		return zero
	}
	return x.(T) //nolint:forcetypeassert // wires are typed when they are made; anything else is a fault of ours and may panic
}
