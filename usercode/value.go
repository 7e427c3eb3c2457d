package usercode

import (
	"slices"

	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// Value stands for what an op will yield, while a graph is being described. It can be wired into ops and graphs of
// the graph that it belongs to.
type Value[T any] struct{ wire wire }

// Dep is what [Graph.After] can wait for: every [Value].
type Dep interface{ dep() wire }

func (v Value[T]) dep() wire { return v.wire }

// wire is a Value without its type.
type wire struct {
	owner *builder // nil: the zero Value
	value spec.Value
	// none is the name of a node that has no output, of those that the value is made of.
	none string
}

// Collect makes one list of several values, in the order given. It is not an op: the list is made when the op that
// takes it starts. None at all make an empty list.
func Collect[A any](g *Graph, vs ...Value[A]) Value[[]A] {
	parts := make([]wire, len(vs))
	for i, v := range vs {
		parts[i] = v.wire
	}
	return Value[[]A]{wire: g.join("Collect", parts, func(parts []any) any {
		list := make([]A, len(parts))
		for i, p := range parts {
			list[i] = as[A](p)
		}
		return list
	})}
}

// FieldOf is one part of a [Struct]; see [Field].
type FieldOf[S any] struct {
	wire wire
	set  func(s *S, part any)
}

// Field says how a value becomes a part of an S:
//
//	usercode.Field(rows, func(r *Report, rows int) { r.Rows = rows })
func Field[S, T any](v Value[T], set func(s *S, part T)) FieldOf[S] {
	f := FieldOf[S]{wire: v.wire}
	if set != nil {
		f.set = func(s *S, part any) { set(s, as[T](part)) }
	}
	return f
}

// Struct makes one value of any number of values, for ops that need more than three inputs. Like [Collect] it is
// not an op. The functions of its fields are called in the order given, when the op that takes the struct starts.
func Struct[S any](g *Graph, fields ...FieldOf[S]) Value[S] {
	parts := make([]wire, len(fields))
	for i, f := range fields {
		parts[i] = f.wire
		if f.set == nil && g.building() {
			g.b.def.faultf(authorLine(), "Struct: field %d has no function that sets it; make it with Field", i+1)
		}
	}
	return Value[S]{wire: g.join("Struct", parts, func(parts []any) any {
		var s S
		for i, f := range fields {
			f.set(&s, parts[i])
		}
		return s
	})}
}

// join makes one wire of several and checks each as if it were placed here.
func (g *Graph) join(what string, parts []wire, build func(parts []any) any) wire {
	if !g.building() {
		return wire{}
	}
	at := authorLine()
	g.b.mustBeOpen(what)
	if g.as != "" || len(g.after) > 0 {
		g.b.def.faultf(at, "%s makes no node, so As and After have no meaning for it: use them where the op is placed that takes the value", what)
	}
	joined := wire{owner: g.b}
	values := make([]spec.Value, len(parts))
	for i, p := range parts {
		g.b.checkData(at, what, p)
		if joined.none == "" {
			joined.none = p.none
		}
		values[i] = p.value
		joined.value.Sources = append(joined.value.Sources, p.value.Sources...)
	}
	joined.value.Combine = func(sources []any) any {
		built := make([]any, len(values))
		for i, v := range values {
			n := len(v.Sources)
			if v.Combine == nil {
				built[i] = sources[0]
			} else {
				built[i] = v.Combine(slices.Clip(sources[:n]))
			}
			sources = sources[n:]
		}
		return build(built)
	}
	return joined
}
