package worker

import (
	"errors"
	"sync"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/internal/engine"
)

// errNoSlots is what ops fail with that need a slot of a host that grants none: without it they might do what the slots
// are there to prevent.
var errNoSlots = errors.New("it needs a slot of a pool, and this host is too old to grant any; upgrade the host, or take the Pool from the op")

// slots are those of pools that the ops of this worker have or want. The host is told all of them whenever they change,
// and again at every attach.
type slots struct {
	// changed has room for one.
	changed chan struct{}

	mu sync.Mutex
	// list is in the order in which they were wanted.
	list []*slot
	by   map[engine.Slot]*slot
	// version counts the changes.
	version uint64
	// refused is set when the host grants no slots.
	refused bool
}

type slot struct {
	engine.Slot

	granted func(error) // nil when it is held
}

func newSlots() *slots {
	return &slots{changed: make(chan struct{}, 1), by: map[engine.Slot]*slot{}}
}

// Want implements engine.Slots.
func (s *slots) Want(of engine.Slot, granted func(error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refused {
		granted(errNoSlots)
		return
	}
	wanted := &slot{of, granted}
	s.by[of] = wanted
	s.list = append(s.list, wanted)
	s.change()
}

// Release implements engine.Slots.
func (s *slots) Release(of engine.Slot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.by[of] == nil {
		return
	}
	delete(s.by, of)
	for i, known := range s.list {
		if known.Slot == of {
			s.list = append(s.list[:i], s.list[i+1:]...)
			break
		}
	}
	s.change()
}

// change tells the session. mu must be held.
func (s *slots) change() {
	s.version++
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// take takes the slots that the host grants. What it grants and nobody wants any more it hears of by the next state.
func (s *slots) take(grants *workerv1.SlotGrants) {
	s.mu.Lock()
	defer s.mu.Unlock()
	granted := map[engine.Slot]bool{}
	for _, g := range grants.GetGrants() {
		granted[engine.Slot{OpPath: g.GetOpPath(), Attempt: int(g.GetOpAttempt())}] = true
	}
	took := false
	for _, known := range s.list {
		if known.granted != nil && granted[engine.Slot{OpPath: known.OpPath, Attempt: known.Attempt}] {
			known.granted(nil)
			known.granted, took = nil, true
		}
	}
	if took {
		s.change()
	}
}

// welcome notes whether the host grants slots. One that does not refuses those that are wanted; it may be replaced by one
// that does.
func (s *slots) welcome(grants bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused = !grants
	if grants {
		return
	}
	for _, known := range s.list {
		if known.granted != nil {
			known.granted(errNoSlots)
			known.granted = func(error) {} // it is released by its op
		}
	}
}

// state is all slots, with the number of their last change.
func (s *slots) state() (all *workerv1.Slots, version uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all = &workerv1.Slots{}
	for _, known := range s.list {
		all.Slots = append(all.Slots, &workerv1.Slots_Slot{
			OpPath: known.OpPath, OpAttempt: uint32(known.Attempt), Pool: known.Pool, Held: known.granted == nil,
		})
	}
	return all, s.version
}

// changedSince tells whether there is another state than that with the number.
func (s *slots) changedSince(version uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.version != version
}
