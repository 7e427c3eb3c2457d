package usercode

import "context"

// NewTask makes an op of a function that has neither inputs nor an output. Its result orders other ops:
//
//	clean := cleanUp(g)
//	load(g.After(clean), rows)
func NewTask(name string, f func(ctx context.Context) error, opts ...OpOption) Op[None] {
	def := newOp(name, f == nil, nil, nil, opts, func(ctx context.Context, _ []any) (any, error) {
		return nil, f(ctx)
	})
	return func(g *Graph) Value[None] { return placed[None](g, def) }
}

// NewTask1 is [NewTask] with one input.
func NewTask1[A any](name string, f func(ctx context.Context, a A) error, opts ...OpOption) Op1[A, None] {
	def := newOp(name, f == nil, inputs(typeOf[A]()), nil, opts, func(ctx context.Context, in []any) (any, error) {
		return nil, f(ctx, as[A](in[0]))
	})
	return func(g *Graph, a Value[A]) Value[None] { return placed[None](g, def, a.wire) }
}

// NewTask2 is [NewTask] with two inputs.
func NewTask2[A, B any](name string, f func(ctx context.Context, a A, b B) error, opts ...OpOption) Op2[A, B, None] {
	def := newOp(name, f == nil, inputs(typeOf[A](), typeOf[B]()), nil, opts, func(ctx context.Context, in []any) (any, error) {
		return nil, f(ctx, as[A](in[0]), as[B](in[1]))
	})
	return func(g *Graph, a Value[A], b Value[B]) Value[None] { return placed[None](g, def, a.wire, b.wire) }
}

// NewTask3 is [NewTask] with three inputs.
func NewTask3[A, B, C any](name string, f func(ctx context.Context, a A, b B, c C) error, opts ...OpOption) Op3[A, B, C, None] {
	def := newOp(name, f == nil, inputs(typeOf[A](), typeOf[B](), typeOf[C]()), nil, opts, func(ctx context.Context, in []any) (any, error) {
		return nil, f(ctx, as[A](in[0]), as[B](in[1]), as[C](in[2]))
	})
	return func(g *Graph, a Value[A], b Value[B], c Value[C]) Value[None] {
		return placed[None](g, def, a.wire, b.wire, c.wire)
	}
}
