package reexecution

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/penstock-run/penstock/host"
)

// model is a job of ops and maps in the order in which they may be executed, and a second way to say what depends on what.
type model struct {
	ops  []modelOp
	maps []modelMap
}

// modelOp is an op; its inputs and after are ops before it.
type modelOp struct {
	name   string
	in     int // index of the map that it is in; -1 for none
	inputs [][]int
	after  []int
	item   bool // an input is the item of its map
}

// modelMap is a map over what ops before it yield.
type modelMap struct {
	name   string
	parent int
	items  []int
}

// randomModel makes a job of at most n ops.
func randomModel(r *rand.Rand, n int) *model {
	m := &model{}
	n = 1 + r.IntN(n)
	for i := range n {
		in := -1
		switch {
		case i > 0 && r.IntN(4) == 0:
			parent := -1
			if r.IntN(3) == 0 {
				parent = m.ops[i-1].in
			}
			if m.depth(parent) < 2 {
				m.maps = append(m.maps, modelMap{name: fmt.Sprintf("m%d", len(m.maps)), parent: parent, items: m.some(r, i, 2)})
				in = len(m.maps) - 1
			}
		case i > 0 && r.IntN(2) == 0:
			in = m.ops[i-1].in // the map goes on
		}
		op := modelOp{name: fmt.Sprintf("op%d", i), in: in, item: in >= 0 && r.IntN(2) == 0}
		for range r.IntN(3) {
			if i > 0 {
				op.inputs = append(op.inputs, m.some(r, i, 2))
			}
		}
		if i > 0 && r.IntN(5) == 0 {
			op.after = m.some(r, i, 1)
		}
		m.ops = append(m.ops, op)
	}
	return m
}

// some are one or a few of the first n ops.
func (m *model) some(r *rand.Rand, n, most int) (ops []int) {
	for range 1 + r.IntN(most) {
		ops = append(ops, r.IntN(n))
	}
	slices.Sort(ops)
	return slices.Compact(ops)
}

func (m *model) depth(in int) int { return len(m.chain(in)) }

// chain are the maps around, the outermost first.
func (m *model) chain(in int) (maps []int) {
	for ; in >= 0; in = m.maps[in].parent {
		maps = append([]int{in}, maps...)
	}
	return maps
}

// definition is the job as the host has it.
func (m *model) definition() *host.JobDefinition {
	d := &host.JobDefinition{Name: "job", Graph: host.Graph{Name: "job"}}
	mapName := func(in int) string {
		if in < 0 {
			return ""
		}
		return m.maps[in].name
	}
	wires := func(input string, from []int) (wires []host.Wire) {
		for _, f := range from {
			wires = append(wires, host.Wire{Input: input, FromNode: m.ops[f].name, FromPort: "result"})
		}
		return wires
	}
	for _, of := range m.maps {
		d.Graph.Maps = append(d.Graph.Maps, host.Map{Name: of.name, Parent: mapName(of.parent), Items: wires("", of.items)})
	}
	for _, op := range m.ops {
		n := host.Node{Name: op.name, Op: op.name, Map: mapName(op.in)}
		for i, from := range op.inputs {
			n.Wires = append(n.Wires, wires(fmt.Sprintf("in%d", i), from)...)
		}
		if op.item {
			n.Wires = append(n.Wires, host.Wire{Input: "item", ItemOf: mapName(op.in)})
		}
		for _, a := range op.after {
			n.After = append(n.After, m.ops[a].name)
		}
		d.Graph.Nodes = append(d.Graph.Nodes, n)
	}
	return d
}

// path is that of an instance of an op; with fewer keys than it has maps, of several.
func (m *model) path(op int, keys []string) string {
	var b strings.Builder
	b.WriteString(m.ops[op].name)
	for _, k := range keys[:min(len(keys), m.depth(m.ops[op].in))] {
		b.WriteString("[" + k + "]")
	}
	return b.String()
}

// keysOf says which keys a map has whose maps around have these keys; ok is false when that is not known.
type keysOf func(of int, around []string) (keys []string, ok bool)

// instances are the keys of each instance of what is in a map, below the first keys; ok is false when some are not known.
func (m *model) instances(known keysOf, in int, first []string) (all [][]string, ok bool) {
	all = [][]string{first}
	for _, of := range m.chain(in)[len(first):] {
		var next [][]string
		for _, keys := range all {
			more, has := known(of, keys)
			if !has {
				return nil, false
			}
			for _, k := range more {
				next = append(next, append(slices.Clip(keys), k))
			}
		}
		all = next
	}
	return all, true
}

// common is how many maps around both there are.
func (m *model) common(a, b int) int {
	ca, cb := m.chain(a), m.chain(b)
	n := 0
	for n < len(ca) && n < len(cb) && ca[n] == cb[n] {
		n++
	}
	return n
}

// sources are the instances of an op whose values something in a map, with these keys, takes. Ok is false when it is not
// known which there are.
func (m *model) sources(known keysOf, from, in int, keys []string) (paths []string, ok bool) {
	n := m.common(m.ops[from].in, in)
	all, ok := m.instances(known, m.ops[from].in, keys[:n])
	for _, k := range all {
		paths = append(paths, m.path(from, k))
	}
	return paths, ok
}

// feeds are the ops that an op takes values of.
func (o *modelOp) feeds() []int {
	feeds := slices.Sorted(slices.Values(slices.Concat(o.inputs...)))
	return slices.Compact(feeds)
}
