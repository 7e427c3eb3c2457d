package usercode

import (
	"context"
	"fmt"

	"github.com/penstock-run/penstock/usercode/internal/spec"
	"github.com/penstock-run/penstock/usercode/tag"
)

// None is the output of an op that has none. A Value[None] is good for [Graph.After] only.
type None = struct{}

// Op is an op without inputs, or a graph without inputs placed like one. Calling it in the body of a graph places it
// there, as a node that has the op's name unless [Graph.As] gives another; the result stands for its output.
type Op[Out any] func(g *Graph) Value[Out]

// Op1 is an op, or a graph placed like one, with one input.
type Op1[A, Out any] func(g *Graph, a Value[A]) Value[Out]

// Op2 is an op, or a graph placed like one, with two inputs.
type Op2[A, B, Out any] func(g *Graph, a Value[A], b Value[B]) Value[Out]

// Op3 is an op, or a graph placed like one, with three inputs. For more of them, see [Struct].
type Op3[A, B, C, Out any] func(g *Graph, a Value[A], b Value[B], c Value[C]) Value[Out]

// NewOp makes an op of a function without inputs. The name is what is stored and shown: letters, digits and _, at
// most 63. Give the function a name of its own to call it in a test. f runs in a worker process, may run at the same
// time as other ops of the run, and has to return soon after its context is done.
func NewOp[Out any](name string, f func(ctx context.Context) (Out, error), opts ...OpOption) Op[Out] {
	def := newOp(name, f == nil, nil, outputOf[Out](), opts, func(ctx context.Context, _ []any) (any, error) {
		return f(ctx)
	})
	return func(g *Graph) Value[Out] { return placed[Out](g, def) }
}

// NewOp1 is [NewOp] with one input.
func NewOp1[A, Out any](name string, f func(ctx context.Context, a A) (Out, error), opts ...OpOption) Op1[A, Out] {
	def := newOp(name, f == nil, inputs(typeOf[A]()), outputOf[Out](), opts, func(ctx context.Context, in []any) (any, error) {
		return f(ctx, as[A](in[0]))
	})
	return func(g *Graph, a Value[A]) Value[Out] { return placed[Out](g, def, a.wire) }
}

// NewOp2 is [NewOp] with two inputs.
func NewOp2[A, B, Out any](name string, f func(ctx context.Context, a A, b B) (Out, error), opts ...OpOption) Op2[A, B, Out] {
	def := newOp(name, f == nil, inputs(typeOf[A](), typeOf[B]()), outputOf[Out](), opts, func(ctx context.Context, in []any) (any, error) {
		return f(ctx, as[A](in[0]), as[B](in[1]))
	})
	return func(g *Graph, a Value[A], b Value[B]) Value[Out] { return placed[Out](g, def, a.wire, b.wire) }
}

// NewOp3 is [NewOp] with three inputs.
func NewOp3[A, B, C, Out any](name string, f func(ctx context.Context, a A, b B, c C) (Out, error), opts ...OpOption) Op3[A, B, C, Out] {
	def := newOp(name, f == nil, inputs(typeOf[A](), typeOf[B](), typeOf[C]()), outputOf[Out](), opts, func(ctx context.Context, in []any) (any, error) {
		return f(ctx, as[A](in[0]), as[B](in[1]), as[C](in[2]))
	})
	return func(g *Graph, a Value[A], b Value[B], c Value[C]) Value[Out] {
		return placed[Out](g, def, a.wire, b.wire, c.wire)
	}
}

// opDef is what the op's closure holds. It is complete when the constructor returns; faults are reported by every
// job that uses the op.
type opDef struct {
	op        *spec.Op
	configs   []*configDef
	resources []*resourceDef
	faults    []fault
}

func newOp(name string, noFunction bool, in, out []spec.Port, opts []OpOption, run func(context.Context, []any) (any, error)) *opDef {
	def := &opDef{op: &spec.Op{Name: name, Inputs: in, Outputs: out, Origin: authorLine()}}
	def.op.Run = func(ctx context.Context, in []any) (any, error) {
		return run(withOwn(ctx, def.op.Configs, def.op.Resources), in)
	}
	if err := tag.CheckName(name); err != nil {
		def.faultf("%v", err)
	}
	if noFunction {
		def.faultf("its function is nil")
	}
	for _, o := range opts {
		if o != nil {
			o.applyOp(def)
		}
	}
	return def
}

func (d *opDef) faultf(format string, args ...any) {
	d.faults = append(d.faults, fault{origin: d.op.Origin, message: fmt.Sprintf(format, args...)})
}

func (d *opDef) describe(text string) {
	if err := checkDescription(text); err != nil {
		d.faultf("%v", err)
		return
	}
	d.op.Description = text
}

func (d *opDef) name() string { return d.op.Name }

func (d *opDef) node(b *builder, _ string) (n *spec.Node, in, out []spec.Port) {
	b.def.ops = append(b.def.ops, d)
	return &spec.Node{Op: d.op}, d.op.Inputs, d.op.Outputs
}

func placed[Out any](g *Graph, def placeable, wires ...wire) Value[Out] {
	return Value[Out]{wire: g.place(def, wires)}
}
