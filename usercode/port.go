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
func portType[T any]() string {
	text := strings.ToValidUTF8(reflect.TypeFor[T]().String(), "?")
	if len(text) > maxTypeBytes {
		text = strings.ToValidUTF8(text[:maxTypeBytes], "") + "…"
	}
	return text
}

// inputs names the inputs of an op or graph: Go keeps no names of parameters.
func inputs(types ...string) []spec.Port {
	if len(types) == 1 {
		return []spec.Port{{Name: "input", Type: types[0]}}
	}
	ports := make([]spec.Port, len(types))
	for i, t := range types {
		ports[i] = spec.Port{Name: fmt.Sprintf("input_%d", i+1), Type: t}
	}
	return ports
}

// outputOf is the output of type Out, or none.
func outputOf[Out any]() []spec.Port {
	if reflect.TypeFor[Out]() == reflect.TypeFor[None]() {
		return nil
	}
	return []spec.Port{{Name: spec.ResultPort, Type: portType[Out]()}}
}

// as gives back the static type. A nil interface has none left, so it needs the zero value.
func as[T any](x any) T {
	if x == nil {
		var zero T
		return zero
	}
	return x.(T) //nolint:forcetypeassert // wires are typed when they are made; anything else is a fault of ours and may panic
}
