package usercode

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// Resource is something that the ops of a run share: a connection, a client, a file. It becomes an [OpOption] of each
// op that uses it:
//
//	var db = usercode.NewResource("db", openDB, dbConfig)
//	var loadOp = usercode.NewOp1("load", load, db)
//
//	func openDB(ctx context.Context) (*sql.DB, error) { … dbConfig.From(ctx) … }
//
//	func load(ctx context.Context, rows []Row) (int, error) {
//		db, err := db.From(ctx)
//		if err != nil {
//			return 0, err
//		}
//		…
//	}
//
// It is opened in the worker, once per run, when an op asks for it first; a run whose ops do not ask opens nothing.
// After the last op, also of a run that failed or was canceled, resources are closed in the opposite order: a value
// with a method
//
//	Close() error,  Close(context.Context) error  or  Close()
//
// has that called, with 30 seconds to return; what is closed by another name gets a type of its own with a Close. Both
// are events of the run. That something could not be closed is an event, too, but the run ends as its ops did: what an
// op promises, such as a commit, has to be done when it returns.
type Resource[T any] struct{ def *resourceDef }

// ResourceOption is [Description], a [Config] that open reads, or another [Resource] that it uses.
type ResourceOption interface{ applyResource(def *resourceDef) }

// NewResource describes a resource. The context of open has [Log], [RunFrom] and the configs and resources among the
// options; it ends when the run is canceled while open works, and otherwise after the resource was closed, so that the
// value may keep it.
func NewResource[T any](name string, open func(ctx context.Context) (T, error), opts ...ResourceOption) *Resource[T] {
	def := newResource(name, portType[T](), open == nil, func(ctx context.Context) (any, error) { return open(ctx) }, opts)
	return &Resource[T]{def: def}
}

// From is the value, which is opened when this is the first op that asks. Ops that ask meanwhile wait for the same
// opening. An error of open, or its panic, is an error here, and an op that returns it fails with the reason "resource";
// the next one that asks, such as the next attempt of the op, has it opened again.
//
// The op whose context it is must have the resource as an option: without it From panics, which fails the op with a
// message that says so. Outside of a run, as in a test that calls the op's function, there is the value that
// usertest.WithResource put into the context, or an error.
func (r *Resource[T]) From(ctx context.Context) (T, error) {
	var none T
	resource := &r.def.resource
	if value, ok := spec.Given(ctx, resource); ok {
		return as[T](value), nil
	}
	e := spec.ExecutionFrom(ctx)
	if e == nil {
		return none, &spec.ResourceError{Name: resource.Name, Err: errors.New("there is no run here; a test gives one to the context with usertest.WithResource")}
	}
	if !slices.Contains(e.Resources, resource) {
		panic(fmt.Sprintf("op %q uses resource %q without having it as an option: add it to the options of NewOp, or of the NewResource whose open uses it", e.OpPath, resource.Name))
	}
	value, err := e.Open(ctx, resource)
	if err != nil {
		return none, err
	}
	return as[T](value), nil
}

func (r *Resource[T]) described() *spec.Resource { return &r.def.resource }

func (r *Resource[T]) applyOp(def *opDef) {
	if r == nil {
		def.faultf("its resource is nil; variables that init() or main() sets are nil when package variables are made")
		return
	}
	if slices.Contains(def.resources, r.def) {
		def.faultf("resource %q is given twice; keep one", r.def.resource.Name)
		return
	}
	def.resources = append(def.resources, r.def)
	def.op.Resources = addResource(def.op.Resources, r.def)
}

func (r *Resource[T]) applyResource(def *resourceDef) {
	if r == nil {
		def.faultf("the resource that it uses is nil; variables that init() or main() sets are nil when package variables are made")
		return
	}
	if slices.Contains(def.uses, r.def) {
		def.faultf("resource %q is given twice; keep one", r.def.resource.Name)
		return
	}
	def.uses = append(def.uses, r.def)
	def.resource.Resources = addResource(def.resource.Resources, r.def)
}
