package usercode

import (
	"fmt"

	"github.com/penstock-run/penstock/usercode/internal/spec"
	"github.com/penstock-run/penstock/usercode/tag"
)

// graphDef is a body and, once that has run, what it made. All of it after newGraph is guarded by compiling.
type graphDef struct {
	graph  *spec.Graph
	output []spec.Port
	body   func(g *Graph, in []wire) (result wire, returns bool)
	origin string
	faults []fault  // of this graph, not of those inside
	ofJob  bool     // it has no name of its own
	ops    []*opDef // placed in it, once for each time
	nested []*graphDef
	state  buildState
}

type buildState int

const (
	notBuilt buildState = iota
	beingBuilt
	built
)

func newGraph(name string, noBody bool, in, out []spec.Port, opts []GraphOption, body func(*Graph, []wire) (wire, bool)) *graphDef {
	def := newBody(name, noBody, in, out, body)
	if err := tag.CheckName(name); err != nil {
		def.faultf(def.origin, "%v", err)
	}
	for _, o := range opts {
		if o != nil {
			o.applyGraph(def)
		}
	}
	return def
}

// newBody is a graph whose name is for others to check.
func newBody(name string, noBody bool, in, out []spec.Port, body func(*Graph, []wire) (wire, bool)) *graphDef {
	def := &graphDef{graph: &spec.Graph{Name: name, Inputs: in}, output: out, body: body, origin: authorLine()}
	if noBody {
		def.faultf(def.origin, "its body is nil")
		def.state = built
	}
	return def
}

func (d *graphDef) faultf(at, format string, args ...any) {
	d.faults = append(d.faults, fault{origin: at, message: fmt.Sprintf(format, args...)})
}

func (d *graphDef) describe(text string) {
	if err := checkDescription(text); err != nil {
		d.faultf(d.origin, "%v", err)
		return
	}
	d.graph.Description = text
}

// build runs the body, unless that was done before. What panics in it becomes a fault.
func (d *graphDef) build(parent *builder) {
	if d.state != notBuilt {
		return
	}
	d.state = beingBuilt
	b := &builder{def: d, parent: parent, placed: map[string]string{}}
	if parent != nil {
		parent.inside = b
		defer func() { parent.inside = nil }()
	}
	defer func() {
		b.closed = true
		d.state = built
	}()
	before := len(d.faults)
	result, returns, ok := d.run(b)
	if !ok {
		return
	}
	if len(d.graph.Nodes) == 0 && len(d.faults) == before {
		d.faultf(d.origin, "it is empty; place at least one op in its body")
	}
	if !returns || len(d.output) == 0 {
		return
	}
	b.checkData(d.origin, "what the body returns", result)
	d.graph.Outputs = []spec.GraphOutput{{Port: d.output[0], Value: result.value}}
}

func (d *graphDef) run(b *builder) (result wire, returns, ok bool) {
	in := make([]wire, len(d.graph.Inputs))
	for i, p := range d.graph.Inputs {
		in[i] = wire{owner: b, value: spec.Value{Sources: []spec.Source{{Port: p.Name}}}}
	}
	defer func() {
		if !ok { // also after a runtime.Goexit, which goes on afterwards
			at, what := describePanic(recover(), d.origin)
			d.faultf(at, "its body panicked: %s", what)
		}
	}()
	result, returns = d.body(&Graph{b: b}, in)
	return result, returns, true
}

func (d *graphDef) name() string { return d.graph.Name }

func (d *graphDef) node(b *builder, at string) (n *spec.Node, in, out []spec.Port) {
	if d.state == beingBuilt {
		b.def.faultf(at, "graph %q would contain itself", d.graph.Name)
		return nil, nil, nil
	}
	d.build(b)
	b.def.nested = append(b.def.nested, d)
	return &spec.Node{Graph: d.graph}, d.graph.Inputs, d.output
}
