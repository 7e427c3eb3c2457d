package backfill

import (
	"slices"
	"sync"
)

// Watch tells which backfills change.
type Watch struct {
	of   *watchers
	only string

	mu      sync.Mutex
	pending []string
	ready   chan struct{}
}

// watchers are the watches of a Runner.
type watchers struct {
	mu  sync.Mutex
	all map[*Watch]struct{}
}

// Watch begins to tell of changes of one backfill, or of all when id is empty.
func (r *Runner) Watch(id string) *Watch {
	w := &Watch{of: &r.watchers, only: id, ready: make(chan struct{}, 1)}
	r.watchers.mu.Lock()
	defer r.watchers.mu.Unlock()
	if r.watchers.all == nil {
		r.watchers.all = map[*Watch]struct{}{}
	}
	r.watchers.all[w] = struct{}{}
	return w
}

// tell says that a backfill is another now.
func (ws *watchers) tell(id string) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for w := range ws.all {
		if w.only == "" || w.only == id {
			w.add(id)
		}
	}
}

func (w *Watch) add(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if slices.Contains(w.pending, id) {
		return
	}
	w.pending = append(w.pending, id)
	select {
	case w.ready <- struct{}{}:
	default:
	}
}

// Ready gets a value when Take has something to return.
func (w *Watch) Ready() <-chan struct{} { return w.ready }

// Take returns the ids of the backfills that changed since the last call, each once.
func (w *Watch) Take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	ids := w.pending
	w.pending = nil
	return ids
}

// Close ends the watch. It may be called twice.
func (w *Watch) Close() {
	w.of.mu.Lock()
	defer w.of.mu.Unlock()
	delete(w.of.all, w)
}
