package usertest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/internal/engine"
	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// given is what a test says in place of ops that it does not execute. It stores nothing.
type given struct {
	outputs map[string]any
	inputs  map[string]map[string]any
}

var _ engine.Outputs = given{}

// givenBy takes the values of the options, each of the type that it stands for. The error lists all that do not fit.
func givenBy(job *spec.Job, opts *Options) (given, error) {
	g := given{outputs: map[string]any{}, inputs: map[string]map[string]any{}}
	var problems []error
	fit := func(what string, p spec.Port, value any) any {
		typed, err := typedAs(p, value)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", what, err))
		}
		return typed
	}
	for _, path := range slices.Sorted(maps.Keys(opts.Outputs)) {
		what := fmt.Sprintf("Outputs[%q]", path)
		if op := job.OpAt(path); op == nil {
			problems = append(problems, fmt.Errorf("%s: the job has no op of that path", what))
		} else if len(op.Outputs) == 0 {
			problems = append(problems, fmt.Errorf("%s: the op has no output", what))
		} else {
			g.outputs[path] = fit(what, op.Outputs[0], opts.Outputs[path])
		}
	}
	for _, path := range slices.Sorted(maps.Keys(opts.Inputs)) {
		op, what := job.OpAt(path), fmt.Sprintf("Inputs[%q]", path)
		if op == nil {
			problems = append(problems, fmt.Errorf("%s: the job has no op of that path", what))
			continue
		}
		g.inputs[path] = map[string]any{}
		for _, name := range slices.Sorted(maps.Keys(opts.Inputs[path])) {
			what := fmt.Sprintf("%s[%q]", what, name)
			i := slices.IndexFunc(op.Inputs, func(p spec.Port) bool { return p.Name == name })
			if i < 0 {
				problems = append(problems, fmt.Errorf("%s: the op has no input of that name", what))
				continue
			}
			g.inputs[path][name] = fit(what, op.Inputs[i], opts.Inputs[path][name])
		}
	}
	return g, errors.Join(problems...)
}

// typedAs makes a value fit for a function that takes the port's very type.
func typedAs(p spec.Port, value any) (any, error) {
	v := reflect.ValueOf(value)
	switch {
	case !v.IsValid() && nilable(p.Go):
		return reflect.Zero(p.Go).Interface(), nil
	case !v.IsValid():
		return nil, fmt.Errorf("it is nil, and a %s is needed", p.Type)
	case !v.Type().AssignableTo(p.Go):
		return nil, fmt.Errorf("it is a %T, and a %s is needed", value, p.Type)
	}
	return v.Convert(p.Go).Interface(), nil
}

func nilable(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Chan, reflect.Func, reflect.Interface, reflect.Map, reflect.Pointer, reflect.Slice:
		return true
	}
	return false
}

func (g given) Stored(opPath string) bool {
	_, ok := g.outputs[opPath]
	return ok
}

func (g given) Load(_ context.Context, _ *spec.Op, opPath string) (any, error) {
	return g.outputs[opPath], nil
}

func (g given) Given(opPath, input string) bool {
	_, ok := g.inputs[opPath][input]
	return ok
}

func (g given) Literal(_ *spec.Op, opPath, input string) (any, error) {
	return g.inputs[opPath][input], nil
}

func (given) MayReuse(*spec.Op) bool { return false }

func (given) Reuse(context.Context, engine.Use) (engine.Reused, bool) { return engine.Reused{}, false }

func (given) Encode(context.Context, engine.Made) any { return nil }

func (given) Save(engine.Made, func(*workerv1.Output)) {}

func (given) Flush(context.Context) {}
