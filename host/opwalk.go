package host

import (
	"maps"
	"slices"
)

// maxSelectionWork is how many connections a selection may follow and bytes of
// paths it may compare, in all. The largest graph that a location may have takes
// a few million for one direction.
const maxSelectionWork = 10_000_000

// opWalk walks a graph, many times and in one direction at a time.
type opWalk struct {
	graph *OpGraph
	// seen has for each vertex the number of the walk that came by last.
	seen []uint32
	walk uint32
	// work is what was done, see maxSelectionWork. When it is too much, results are short and must not be used.
	work int
}

func newOpWalk(g *OpGraph) *opWalk { return &opWalk{graph: g, seen: make([]uint32, g.vertices)} }

func (w *opWalk) tooMuch() bool { return w.work > maxSelectionWork }

func needs(v *vertex) []*vertex { return v.up }

func feeds(v *vertex) []*vertex { return v.down }

// within adds to chosen what is within so many levels of the ops in start, which
// are by levels. It is one walk for all: from where most levels are left to
// where fewest are, each vertex is met first with the most that it can have.
func (w *opWalk) within(start map[int]opSet, edges func(*vertex) []*vertex, chosen opSet) {
	levels := slices.Sorted(maps.Keys(start))
	w.walk++
	var front []*vertex
	for n := 0; ; n-- {
		if len(front) == 0 {
			if len(levels) == 0 {
				return
			}
			n = levels[len(levels)-1]
		}
		if last := len(levels) - 1; last >= 0 && levels[last] == n {
			for v := range w.graph.members(start[n]) {
				if w.first(v) {
					chosen.add(v)
					front = append(front, v)
				}
			}
			levels = levels[:last]
		}
		if n == 0 {
			return
		}
		front = w.step(front, edges, chosen)
	}
}

// next are the ops that are one level from one in start.
func (w *opWalk) next(start opSet, edges func(*vertex) []*vertex) opSet {
	w.walk++
	reached := w.graph.noOps()
	w.step(slices.Collect(w.graph.members(start)), edges, reached)
	return reached
}

// step returns the ops one level from the front that were not seen, and adds them to chosen. Places between ops are no levels.
func (w *opWalk) step(front []*vertex, edges func(*vertex) []*vertex, chosen opSet) (next []*vertex) {
	for len(front) > 0 && !w.tooMuch() {
		v := front[len(front)-1]
		front = front[:len(front)-1]
		w.work += 1 + len(edges(v))
		for _, u := range edges(v) {
			switch {
			case !w.first(u):
			case u.path == "":
				front = append(front, u)
			default:
				chosen.add(u)
				next = append(next, u)
			}
		}
	}
	return next
}

// first tells whether this walk comes by the first time.
func (w *opWalk) first(v *vertex) bool {
	if w.seen[v.id] == w.walk {
		return false
	}
	w.seen[v.id] = w.walk
	return true
}
