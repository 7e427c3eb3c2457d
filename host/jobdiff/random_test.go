package jobdiff_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"

	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// source makes random definitions in which everything that is defined is placed.
type source struct{ *rand.Rand }

func (s source) text(what string) string { return fmt.Sprintf("%s %d", what, s.IntN(1000)) }

func (s source) maybe(what string) string {
	if s.IntN(2) == 0 {
		return ""
	}
	return s.text(what)
}

func (s source) ports(what string) (ports []*usercodev1.Port) {
	for i := range s.IntN(3) {
		ports = append(ports, &usercodev1.Port{Name: fmt.Sprintf("%s%d", what, i), Type: s.maybe("type"), Description: s.maybe("port")})
	}
	return ports
}

func (s source) job() *usercodev1.JobDefinition {
	def := &usercodev1.JobDefinition{Name: "job", Description: s.maybe("job"), ConfigSchemaJson: s.schemaJSON()}
	for i := range s.IntN(4) {
		def.Tags = append(def.Tags, &tagv1.Tag{Key: fmt.Sprintf("tag%d", i), Value: s.maybe("value")})
	}
	def.MaxConcurrent = uint32(s.IntN(3))
	for i := range s.IntN(3) {
		def.Resources = append(def.Resources, &usercodev1.ResourceDefinition{
			Name: fmt.Sprint("resource", i), Type: s.maybe("type"), Description: s.maybe("resource"), Configs: []string{s.text("config")},
		})
	}
	def.Graph = s.graph(def, "job", 0)
	return def
}

func (s source) graph(def *usercodev1.JobDefinition, name string, depth int) *usercodev1.GraphDefinition {
	g := &usercodev1.GraphDefinition{Name: name, Description: s.maybe("graph")}
	if depth > 0 {
		g.Inputs = s.ports("in")
	}
	var sources []*usercodev1.Wire // what a later node may be fed from
	for _, p := range g.GetInputs() {
		sources = append(sources, &usercodev1.Wire{FromPort: p.GetName()})
	}
	for i := range 1 + s.IntN(4) {
		n := &usercodev1.Node{Name: fmt.Sprintf("node%d", i)}
		var inputs []*usercodev1.Port
		var outputs []string
		if depth < 3 && s.IntN(4) == 0 {
			inner := s.graph(def, fmt.Sprintf("graph%d", len(def.GetGraphs())), depth+1)
			inner.Name = fmt.Sprintf("graph%d", len(def.GetGraphs()))
			def.Graphs = append(def.Graphs, inner)
			n.Definition = &usercodev1.Node_Graph{Graph: inner.GetName()}
			inputs = inner.GetInputs()
			for _, o := range inner.GetOutputs() {
				outputs = append(outputs, o.GetPort().GetName())
			}
		} else {
			op := &usercodev1.OpDefinition{
				Name: fmt.Sprintf("op%d", len(def.GetOps())), Description: s.maybe("op"), Inputs: s.ports("in"), Outputs: s.ports("out"),
			}
			s.policies(op)
			def.Ops = append(def.Ops, op)
			n.Definition = &usercodev1.Node_Op{Op: op.GetName()}
			inputs = op.GetInputs()
			for _, p := range op.GetOutputs() {
				outputs = append(outputs, p.GetName())
			}
		}
		for _, p := range inputs {
			for range min(s.IntN(3), len(sources)) {
				from := sources[s.IntN(len(sources))]
				n.Wires = append(n.Wires, &usercodev1.Wire{Input: p.GetName(), FromNode: from.GetFromNode(), FromPort: from.GetFromPort()})
			}
		}
		if i > 0 && s.IntN(3) == 0 {
			n.After = append(n.After, "node0")
		}
		g.Nodes = append(g.Nodes, n)
		for _, port := range outputs {
			sources = append(sources, &usercodev1.Wire{FromNode: n.GetName(), FromPort: port})
			if depth > 0 && s.IntN(2) == 0 {
				g.Outputs = append(g.Outputs, &usercodev1.GraphOutput{
					Port:     &usercodev1.Port{Name: fmt.Sprintf("out%d", len(g.GetOutputs())), Type: s.maybe("type"), Description: s.maybe("port")},
					FromNode: n.GetName(), FromPort: port,
				})
			}
		}
	}
	return g
}

func (s source) policies(op *usercodev1.OpDefinition) {
	duration := func() *durationpb.Duration { return durationpb.New(time.Duration(1 + s.Int64N(1e12))) }
	if s.IntN(2) == 0 {
		op.Retry = &usercodev1.RetryPolicy{
			MaxRetries: 1 + s.Uint32N(5), BackoffMilli: s.Uint32N(3000), JitterMilli: s.Uint32N(1000),
			Delay: duration(), MaxDelay: duration(), SomeErrors: s.IntN(2) == 0,
		}
	}
	if s.IntN(2) == 0 {
		op.Timeout = duration()
	}
	op.Priority = s.Int32N(5) - 2
	for range s.IntN(3) {
		op.Resources = append(op.Resources, fmt.Sprint("resource", len(op.Resources)))
	}
}

func (s source) schemaJSON() []byte {
	if s.IntN(4) == 0 {
		return nil
	}
	b, err := json.Marshal(s.schema(0))
	if err != nil {
		panic(err)
	}
	return b
}

func (s source) schema(depth int) map[string]any {
	types := []any{"string", "integer", "boolean", "array", "object", []any{"null", "string"}}
	f := map[string]any{"type": types[s.IntN(len(types))]}
	for _, facet := range []struct {
		keyword string
		value   any
	}{
		{"description", s.text("field")}, {"default", s.IntN(100)}, {"enum", []any{"a", s.IntN(9)}}, {"minimum", s.IntN(9)},
		{"anyOf", []any{map[string]any{"type": "number"}}}, {"$ref", "#/$defs/x"},
	} {
		if s.IntN(4) == 0 {
			f[facet.keyword] = facet.value
		}
	}
	if depth == 3 {
		return f
	}
	if depth == 0 || s.IntN(3) == 0 {
		properties, required := map[string]any{}, []any{}
		for i := range 1 + s.IntN(3) {
			name := fmt.Sprintf("field%d", i)
			properties[name] = s.schema(depth + 1)
			if s.IntN(2) == 0 {
				required = append(required, name)
			}
		}
		f["properties"] = properties
		if len(required) > 0 {
			f["required"] = required
		}
		f["additionalProperties"] = map[string]any{"not": map[string]any{}}
	}
	for _, keyword := range []string{"items", "additionalProperties"} {
		if s.IntN(5) == 0 {
			f[keyword] = s.schema(depth + 1)
		}
	}
	if s.IntN(5) == 0 {
		f["$defs"] = map[string]any{"x": s.schema(depth + 1)}
	}
	return f
}

// mutations are all messages that differ from m in one thing: a scalar, a message that is absent, or an element of a list
// that is missing. Each comes with where it differs.
func mutations(m proto.Message, skip ...protoreflect.FullName) map[string]proto.Message {
	all := map[string]proto.Message{}
	var visit func(path string, at func(root protoreflect.Message) protoreflect.Message)
	mutate := func(path string, at func(protoreflect.Message) protoreflect.Message, change func(protoreflect.Message)) {
		other := proto.Clone(m)
		change(at(other.ProtoReflect()))
		all[path] = other
	}
	visit = func(path string, at func(protoreflect.Message) protoreflect.Message) {
		at(m.ProtoReflect()).Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
			here := fmt.Sprintf("%s.%s", path, f.Name())
			switch {
			case slices.Contains(skip, f.FullName()):
			case f.IsList():
				for i := range v.List().Len() {
					element := fmt.Sprintf("%s[%d]", here, i)
					mutate(element+" is gone", at, func(m protoreflect.Message) {
						list := m.Mutable(f).List()
						for j := i; j+1 < list.Len(); j++ {
							list.Set(j, list.Get(j+1))
						}
						list.Truncate(list.Len() - 1)
					})
					if f.Kind() == protoreflect.MessageKind {
						visit(element, func(m protoreflect.Message) protoreflect.Message { return at(m).Mutable(f).List().Get(i).Message() })
					}
				}
			case f.Kind() == protoreflect.MessageKind:
				visit(here, func(m protoreflect.Message) protoreflect.Message { return at(m).Mutable(f).Message() })
			default:
				mutate(here, at, func(m protoreflect.Message) { m.Set(f, otherScalar(f, v)) })
			}
			return true
		})
	}
	visit("", func(m protoreflect.Message) protoreflect.Message { return m })
	return all
}

func otherScalar(f protoreflect.FieldDescriptor, v protoreflect.Value) protoreflect.Value {
	switch f.Kind() {
	case protoreflect.StringKind:
		if f.Name() == "json" {
			return protoreflect.ValueOfString("[" + v.String() + "]")
		}
		return protoreflect.ValueOfString(v.String() + "x")
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes([]byte(`{"other":` + string(v.Bytes()) + `}`))
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(!v.Bool())
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(7.25)
	case protoreflect.Sint64Kind, protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(v.Int() - 1)
	case protoreflect.Int32Kind, protoreflect.Sint32Kind:
		return protoreflect.ValueOfInt32(int32(v.Int() - 1))
	case protoreflect.Uint32Kind:
		return protoreflect.ValueOfUint32(uint32(v.Uint() + 1))
	default:
		panic("no other value of " + string(f.FullName()))
	}
}

// jsonMutations are all values that differ from v, which is JSON, in one thing.
func jsonMutations(v any) (all []any) {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			without := maps.Clone(v)
			delete(without, key)
			all = append(all, without)
			for _, other := range jsonMutations(value) {
				with := maps.Clone(v)
				with[key] = other
				all = append(all, with)
			}
		}
	case []any:
		for i, value := range v {
			all = append(all, slices.Delete(slices.Clone(v), i, i+1))
			for _, other := range jsonMutations(value) {
				with := slices.Clone(v)
				with[i] = other
				all = append(all, with)
			}
		}
	case string:
		all = append(all, v+"x")
	case int:
		all = append(all, v+1, fmt.Sprint(v))
	}
	return all
}
