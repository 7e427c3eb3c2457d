package usercode

// GraphOp is a graph without inputs and output, made by [NewGraph]. It becomes a job with [GraphOp.Job], any number
// of times, and is placed in another graph by calling it, like an op.
type GraphOp func(g *Graph) Value[None]

// NewGraph names a body so that several jobs can be made of it. The body runs once per process, when definitions are
// validated, served or executed, never here.
func NewGraph(name string, body func(g *Graph), opts ...GraphOption) GraphOp {
	def := newGraph(name, body == nil, nil, nil, opts, func(g *Graph, _ []wire) (wire, bool) {
		body(g)
		return wire{}, false
	})
	return func(g *Graph) Value[None] { return placed[None](g, def) }
}

// NewGraphOp makes a graph with an output. The body returns a Value of its own graph, or for None any Value at all.
func NewGraphOp[Out any](name string, body func(g *Graph) Value[Out], opts ...GraphOption) Op[Out] {
	def := newGraph(name, body == nil, nil, outputOf[Out](), opts, func(g *Graph, _ []wire) (wire, bool) {
		return body(g).wire, true
	})
	return func(g *Graph) Value[Out] { return placed[Out](g, def) }
}

// NewGraphOp1 is [NewGraphOp] with one input, which the body gets as a parameter.
func NewGraphOp1[A, Out any](name string, body func(g *Graph, a Value[A]) Value[Out], opts ...GraphOption) Op1[A, Out] {
	def := newGraph(name, body == nil, inputs(typeOf[A]()), outputOf[Out](), opts, func(g *Graph, in []wire) (wire, bool) {
		return body(g, Value[A]{in[0]}).wire, true
	})
	return func(g *Graph, a Value[A]) Value[Out] { return placed[Out](g, def, a.wire) }
}

// NewGraphOp2 is [NewGraphOp1] with two inputs.
func NewGraphOp2[A, B, Out any](name string, body func(g *Graph, a Value[A], b Value[B]) Value[Out], opts ...GraphOption) Op2[A, B, Out] {
	def := newGraph(name, body == nil, inputs(typeOf[A](), typeOf[B]()), outputOf[Out](), opts, func(g *Graph, in []wire) (wire, bool) {
		return body(g, Value[A]{in[0]}, Value[B]{in[1]}).wire, true
	})
	return func(g *Graph, a Value[A], b Value[B]) Value[Out] { return placed[Out](g, def, a.wire, b.wire) }
}

// NewGraphOp3 is [NewGraphOp1] with three inputs.
func NewGraphOp3[A, B, C, Out any](name string, body func(g *Graph, a Value[A], b Value[B], c Value[C]) Value[Out], opts ...GraphOption) Op3[A, B, C, Out] {
	def := newGraph(name, body == nil, inputs(typeOf[A](), typeOf[B](), typeOf[C]()), outputOf[Out](), opts, func(g *Graph, in []wire) (wire, bool) {
		return body(g, Value[A]{in[0]}, Value[B]{in[1]}, Value[C]{in[2]}).wire, true
	})
	return func(g *Graph, a Value[A], b Value[B], c Value[C]) Value[Out] {
		return placed[Out](g, def, a.wire, b.wire, c.wire)
	}
}
