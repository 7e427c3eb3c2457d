package engine

import (
	"cmp"
	"sync/atomic"
	"time"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// frame is one instance of a map, or the job. Everything in it belongs to the schedule, except that the goroutine of a
// step that runs reads what its inputs are made of, which stays as it is until the step has ended.
type frame struct {
	of    *mapping
	outer *frame // nil for the job
	index int    // among the instances
	keys  []string
	place []int        // where it stands among all that there is, see before
	steps []*step      // by slot; nil for one that is neither executed nor read
	maps  []*expansion // by slot; nil for one that is not needed
}

// up is the frame of m that f is in: itself or one around.
func (f *frame) up(m *mapping) *frame {
	for f.of != m {
		f = f.outer
	}
	return f
}

// step is one instance of an op, and the only one of an op that is not mapped.
type step struct {
	vertex
	place    *placement
	frame    *frame
	path     string
	op       *spec.Op
	given    map[int]bool // inputs, by index, that the run config gives
	executed bool         // else it stands for a stored output

	attempt  int         // that is being made or comes next, from 1
	timer    *time.Timer // of an attempt with a time-out, or of the wait for the next one
	running  bool        // has a place among those that run: its attempt, or the look for an output to reuse
	slot     slotState   // of the attempt, where the op has a pool
	placed   bool        // it has its slot and a place
	calling  bool        // its function may be running, also when the op was reported without it
	returned atomic.Bool // its function has, and what it has said is sent, or its output encoded, for which no time-out counts
	reported bool        // its last op_finished was sent: nothing more happens
	output   any         // while there are readers
}

// expansion is a map in one frame: first it waits for the items, then it has the instances.
type expansion struct {
	vertex
	of      *mapping
	frame   *frame // around
	gates   []*vertex
	pending []*step // one for each op of which there may be instances, until these are known; they never run
	items   []any   // while there are readers
	frames  []*frame
}

// vertex is what all that waits and is waited for has. A gate is nothing more.
type vertex struct {
	step      *step      // that it is
	expansion *expansion // that it is

	state      state
	blame      blame // when dead
	waiting    int   // for others that have not ended well
	dependents []*vertex
	reads      []*vertex // whose values it needs, until it is released
	holds      []*vertex // whose values instances need that are yet to be made
	readers    int       // that have not ended
	released   bool

	load     loadState
	loading  int       // values that are being loaded for it
	loaders  []*vertex // that wait for its value
	unloaded *workerv1.Failure
}

type state int

const (
	open state = iota
	done       // ended well
	dead       // did not, or cannot any more
)

// blame says why a vertex is dead: an op that failed; or a failure of no op, which is then one of each op that it
// keeps from running.
type blame struct {
	path    string
	failure *workerv1.Failure
}

// before orders steps as they would stand if instances were written out where their map is, one after the other.
func before(a, b *step) int {
	pa, pb := a.frame.place, b.frame.place
	for i := 0; ; i++ {
		na, nb := a.place.index, b.place.index
		endA, endB := i >= len(pa), i >= len(pb)
		if !endA {
			na = pa[i]
		}
		if !endB {
			nb = pb[i]
		}
		if na != nb || endA || endB {
			return cmp.Compare(na, nb)
		}
	}
}

// each calls f with every step in the frame, in the order of before: those that are executed, and for maps that have
// not been expanded one for each op.
func (f *frame) each(call func(*step)) {
	for _, p := range f.of.parts {
		if p.op != nil {
			if s := f.steps[p.op.slot]; s != nil && s.executed {
				call(s)
			}
			continue
		}
		e := f.maps[p.mapping.slot]
		if e == nil {
			continue
		}
		for _, s := range e.pending {
			call(s)
		}
		for _, instance := range e.frames {
			instance.each(call)
		}
	}
}
