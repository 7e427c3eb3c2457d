package host

import (
	"slices"
	"strings"
)

// OpGraph is a job's ops, flattened: nested graphs are gone, each op has its
// path ("graph.op") and knows what it depends on.
type OpGraph struct {
	// Paths of all ops, sorted.
	Paths []string
	ops   map[string]*vertex
	// inside are the ops below the path of a nested graph, and the instances
	// that a path without keys, or with the first of them, stands for.
	inside map[string][]*vertex
	// mapped are the ops and nested graphs in maps, by their paths without keys.
	mapped map[string]bool
	// sorted are the ops in the order of Paths; vertices counts them and the places between.
	sorted   []*vertex
	vertices int
	// known are keys of instances, by the paths of ops in the map without them.
	known map[string][]string
}

// vertex is an op, or a place where edges meet: an input or an output of a
// nested graph, the end of all its ops, what they wait for, the items of a map,
// or what its instances yield. With those there are about as many edges as a
// definition has lines; from op to op there could be the square of that, and more.
type vertex struct {
	// path of an op; empty for a place. fewer are the paths that stand for it
	// and for other instances, the one without keys first.
	path  string
	fewer []string
	// id is its number among all vertices; index is that of an op in Paths.
	id, index int
	// inputs of an op that wires feed, in order, and one without a name for the
	// items of the maps that it is in.
	inputs []opInput
	// up is what it depends on, by data and by order; down is the reverse.
	up, down []*vertex
	// items are those of the map whose instances' values meet here: without
	// them nobody knows which instances there are.
	items *vertex
}

// opInput is one input of an op and what feeds it.
type opInput struct {
	name string
	from []*vertex
}

func connect(from, to *vertex) {
	to.up = append(to.up, from)
	from.down = append(from.down, to)
}

// sources are what the value at a place is made of.
func (v *vertex) sources() []*vertex {
	if v.items == nil {
		return v.up
	}
	return append(slices.Clip(v.up), v.items)
}

// Ops flattens the job's graph. A mapped op is there once, for all of its instances.
func (d *JobDefinition) Ops() *OpGraph { return d.OpsWith(nil) }

// OpsWith is Ops with the instances that a run made. In place of a mapped op there are its instances, each an op of its own:
// "parse[a]" needs "list_files" and feeds what is behind it for the same item, then what takes the list of all. A mapped
// op whose map is not among known, or had no items, stays as it is, with the keys of the maps around it.
//
// In a selection "parse" and "load" are all instances and "parse[a]" is one, and so they are wherever a method takes paths.
// Methods that answer a set of paths name all instances by the path without their key, so that a run that makes others
// executes those.
func (d *JobDefinition) OpsWith(known []MapInstances) *OpGraph {
	g := &OpGraph{ops: map[string]*vertex{}, inside: map[string][]*vertex{}, mapped: map[string]bool{}, known: keysByPath(known)}
	b := &placing{graph: g, shape: shapes{}.of(&d.Graph), prefix: opPath{""}}
	b.place(nil, false)
	slices.SortFunc(g.sorted, func(a, b *vertex) int { return strings.Compare(a.path, b.path) })
	for i, v := range g.sorted {
		v.index = i
		g.Paths = append(g.Paths, v.path)
	}
	return g
}

func (g *OpGraph) vertex(path string) *vertex {
	g.vertices++
	return &vertex{path: path, id: g.vertices - 1}
}
