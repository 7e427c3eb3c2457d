package usercode

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/penstock-run/penstock/usercode/internal/spec"
	"github.com/penstock-run/penstock/usercode/tag"
)

// resourceDef is what a Resource and the ops that have it share. It is complete when the constructor returns, and holds
// only what was made before it: no resource uses itself.
type resourceDef struct {
	resource spec.Resource
	configs  []*configDef
	uses     []*resourceDef
	faults   []fault
}

func newResource(name, typeName string, noFunction bool, open func(context.Context) (any, error), opts []ResourceOption) *resourceDef {
	def := &resourceDef{resource: spec.Resource{Name: name, Type: typeName, Closer: closer, Origin: authorLine()}}
	def.resource.Open = func(ctx context.Context) (any, error) {
		return open(withOwn(ctx, def.resource.Configs, def.resource.Resources))
	}
	if err := tag.CheckName(name); err != nil {
		def.faultf("%v", err)
	}
	if noFunction {
		def.faultf("its function is nil")
	}
	for _, o := range opts {
		if o != nil {
			o.applyResource(def)
		}
	}
	return def
}

func (d *resourceDef) faultf(format string, args ...any) {
	d.faults = append(d.faults, fault{origin: d.resource.Origin, message: fmt.Sprintf(format, args...)})
}

func (d *resourceDef) describe(text string) {
	if err := checkDescription(text); err != nil {
		d.faultf("%v", err)
		return
	}
	d.resource.Description = text
}

// closer finds the method that closes a value.
func closer(value any) func(context.Context) error {
	switch v := value.(type) {
	case interface{ Close() error }:
		return func(context.Context) error { return v.Close() }
	case interface {
		Close(ctx context.Context) error
	}:
		return v.Close
	case interface{ Close() }:
		return func(context.Context) error { v.Close(); return nil }
	}
	return nil
}

func addResource(list []*spec.Resource, def *resourceDef) []*spec.Resource {
	list = append(list, &def.resource)
	slices.SortFunc(list, func(a, b *spec.Resource) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// withOwn keeps what others in the job have out of reach of an op or a resource, so that whether From works depends on
// its own options alone and not on what else is in the job.
func withOwn(ctx context.Context, configs []*spec.Config, resources []*spec.Resource) context.Context {
	e := spec.ExecutionFrom(ctx)
	if e == nil {
		return ctx
	}
	own := *e
	own.Config = make(map[string]json.RawMessage, len(configs))
	for _, c := range configs {
		if object, ok := e.Config[c.Name]; ok {
			own.Config[c.Name] = object
		}
	}
	own.Resources = resources
	return spec.WithExecution(ctx, &own)
}
