package outputs

import (
	"context"
	"slices"
	"sync"
)

// room is how many bytes may be in memory. Who comes first gets room first, so that a large one is not starved.
type room struct {
	size int64

	mu      sync.Mutex
	used    int64
	waiting []waiter
}

type waiter struct {
	n     int64
	ready chan struct{}
}

// take waits for room for n bytes; more than the whole room is taken as all of it. It reports false when ctx ended
// first; then nothing is taken.
func (r *room) take(ctx context.Context, n int64) bool {
	n = min(n, r.size)
	r.mu.Lock()
	if len(r.waiting) == 0 && r.used+n <= r.size {
		r.used += n
		r.mu.Unlock()
		return true
	}
	w := waiter{n, make(chan struct{})}
	r.waiting = append(r.waiting, w)
	r.mu.Unlock()
	select {
	case <-w.ready:
		return true
	case <-ctx.Done():
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if i := slices.IndexFunc(r.waiting, func(other waiter) bool { return other.ready == w.ready }); i >= 0 {
		r.waiting = slices.Delete(r.waiting, i, i+1)
		r.admit() // who waited behind it may fit
		return false
	}
	return true // it was given room at the same moment
}

// give gives back what take of n has taken.
func (r *room) give(n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used -= min(n, r.size)
	r.admit()
}

func (r *room) admit() {
	for len(r.waiting) > 0 && r.used+r.waiting[0].n <= r.size {
		r.used += r.waiting[0].n
		close(r.waiting[0].ready)
		r.waiting = r.waiting[1:]
	}
}
