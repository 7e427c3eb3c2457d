package host

import (
	"maps"
	"slices"
)

// Standins are what an op may get in place of what another op yields.
type Standins struct {
	// Stored tells whether an output of the op is stored from before.
	Stored func(opPath string) bool
	// Given tells whether the value of an input is given.
	Given func(opPath, input string) bool
}

// MissingInput is an input that nothing gives.
type MissingInput struct {
	OpPath, Input string
	// From is the op that would yield it.
	From string
}

// Feed says what ops take that are executed without others: taken are the ops whose stored outputs they need, sorted,
// and missing what neither an op of them, nor a stored output, nor a given value gives. Paths are as Select and Resume
// answer them; one that is not in the graph counts for nothing.
func (g *OpGraph) Feed(paths []string, s Standins) (taken []string, missing []MissingInput) {
	chosen := g.setOf(paths)
	f := feeding{standins: s, chosen: chosen, behind: map[*vertex][]*vertex{}, stored: map[*vertex]bool{}}
	take := map[string]bool{}
	for v := range g.members(chosen) {
		for _, in := range v.inputs {
			if s.Given(v.path, in.name) {
				continue
			}
			for _, from := range f.leftOut(in.from) {
				if f.isStored(from) {
					take[from.path] = true
				} else {
					missing = append(missing, MissingInput{OpPath: v.path, Input: in.name, From: from.path})
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(take)), missing
}

// setOf are the ops of paths: each an op, or all ops inside of a graph or all instances.
func (g *OpGraph) setOf(paths []string) opSet {
	s := g.noOps()
	for _, p := range paths {
		if v := g.ops[p]; v != nil {
			s.add(v)
		}
		for _, v := range g.inside[p] {
			s.add(v)
		}
	}
	return s
}

// Present are those of the paths that are in the graph, as Select answers them.
func (g *OpGraph) Present(paths []string) []string { return g.pathsOf(g.setOf(paths)) }

// feeding finds what stands for ops that are left out.
type feeding struct {
	standins Standins
	chosen   opSet
	// behind are the ops left out that a place gets its values from; stored is what was asked.
	behind map[*vertex][]*vertex
	stored map[*vertex]bool
}

// leftOut are the ops that are not chosen and that any of these get their values from, each once.
func (f *feeding) leftOut(from []*vertex) []*vertex {
	var ops []*vertex
	seen := map[*vertex]bool{}
	add := func(v *vertex) {
		if !seen[v] {
			seen[v] = true
			ops = append(ops, v)
		}
	}
	for _, v := range from {
		if v.path == "" {
			for _, u := range f.behindPlace(v) {
				add(u)
			}
		} else if !f.chosen.has(v) {
			add(v)
		}
	}
	return ops
}

func (f *feeding) behindPlace(v *vertex) []*vertex {
	ops, known := f.behind[v]
	if !known {
		ops = f.leftOut(v.sources())
		f.behind[v] = ops
	}
	return ops
}

func (f *feeding) isStored(v *vertex) bool {
	is, asked := f.stored[v]
	if !asked {
		is = f.standins.Stored(v.path)
		f.stored[v] = is
	}
	return is
}
