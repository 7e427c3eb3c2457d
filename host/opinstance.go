package host

import (
	"fmt"
	"slices"
	"strings"
)

// MapInstances are the instances that a run made of ops that are mapped, as an event of kind map_expanded tells; the
// pages of one map may be given one by one or joined.
type MapInstances struct {
	// OpPaths are the ops, with the keys of the maps around, without those of this one: "parse", "load[a].parse".
	OpPaths []string
	// Keys of the instances, in the order of the items.
	Keys []string
}

func keysByPath(known []MapInstances) map[string][]string {
	keys := map[string][]string{}
	for _, m := range known {
		for _, path := range m.OpPaths {
			keys[path] = append(keys[path], m.Keys...)
		}
	}
	return keys
}

// MappedOps are the paths of the ops that are in maps, without keys, sorted.
func (d *JobDefinition) MappedOps() []string {
	var paths []string
	shapes{}.of(&d.Graph).allOps(opPath{""}, func(path opPath) bool {
		if path.holes() > 0 {
			paths = append(paths, path.with(nil))
		}
		return true
	})
	slices.Sort(paths)
	return paths
}

// keysOf are the keys of a map's instances, where the maps around have these keys.
func (b *placing) keysOf(name string, keys []string) (known []string) {
	b.shape.eachOp(name, b.prefix, func(path opPath) bool {
		known = b.graph.known[path.with(keys)]
		return known == nil
	})
	return known
}

// opPath is the path of an op or nested graph: what is before, between and behind the keys of the maps that it is in.
type opPath []string

func (p opPath) holes() int { return len(p) - 1 }

func (p opPath) followedBy(text string) opPath {
	p = slices.Clone(p)
	p[len(p)-1] += text
	return p
}

// with puts keys in, the outermost map's first, as far as there are some.
func (p opPath) with(keys []string) string {
	var b strings.Builder
	for i, piece := range p {
		b.WriteString(piece)
		if i < p.holes() && i < len(keys) {
			b.WriteString("[" + keys[i] + "]")
		}
	}
	return b.String()
}

// source is what a wire comes from, seen from a region: an op, an output of a nested graph, an input of the graph around,
// or a place where what instances yield meets. It is nil when there is no such thing, and for the item of a map: that
// comes with the map.
func (b *placing) source(r *region, w Wire) *vertex {
	switch {
	case w.ItemOf != "":
		return nil
	case w.FromNode == "":
		return b.self.inputs[w.FromPort]
	}
	return b.from(r, w, func(n placed) *vertex { return n.outputOf(w.FromPort) })
}

func (n placed) endOf() *vertex { return n.end }

func (n placed) outputOf(port string) *vertex {
	if n.node.Graph == nil {
		return n.end
	}
	return n.outputs[port]
}

// from is what part answers of a node, of all its instances when it is in a map that the region is not in.
func (b *placing) from(r *region, w Wire, part func(placed) *vertex) *vertex {
	node := b.shape.nodes[w.FromNode]
	if node == nil {
		return nil
	}
	of := node.Map
	for !b.shape.within(of, r.of) {
		r = r.outer
	}
	if of == r.of {
		return part(r.nodes[w.FromNode])
	}
	return b.join(r, of, Wire{FromNode: w.FromNode, FromPort: w.FromPort}, part)
}

// join is the place where what part answers of all instances of a node in a map meets.
func (b *placing) join(r *region, of string, w Wire, part func(placed) *vertex) *vertex {
	if place, known := r.joined[w]; known {
		return place
	}
	for b.shape.parents[of] != r.of {
		of = b.shape.parents[of]
	}
	place := b.graph.vertex("")
	place.items = r.items[of]
	r.joined[w] = place
	for _, instance := range r.inner[of] {
		if from := b.from(instance, w, part); from != nil {
			connect(from, place)
		}
	}
	return place
}

// unknownInstance says why there is no such instance of an op or graph that is mapped; empty when the path is of no such.
func (g *OpGraph) unknownInstance(path string) string {
	all := OpOf(path)
	if all == path || !g.mapped[all] {
		return ""
	}
	some := g.inside[all]
	if v := g.ops[all]; v != nil {
		some = append(slices.Clip(some), v)
	}
	if !slices.ContainsFunc(some, func(v *vertex) bool { return len(v.fewer) > 0 }) {
		return fmt.Sprintf("%.80q names an instance, and which there are is known only after a run; select %s, which is all of them", path, all)
	}
	var paths []string
	for _, v := range some[:min(len(some), maxListed)] {
		paths = append(paths, v.path)
	}
	if len(some) > maxListed {
		paths = append(paths, "…")
	}
	return fmt.Sprintf("%.80q is no instance that the run made; it has %s", path, strings.Join(paths, ", "))
}
