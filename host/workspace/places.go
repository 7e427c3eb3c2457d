package workspace

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/penstock-run/penstock/host"
)

// places bound how many calls to locations are under way at a time. A call that
// hangs loses its place after a while, so that hanging locations delay no
// others. Who waits is served in turn. All methods may be called concurrently.
type places struct {
	clock host.Clock

	mu      sync.Mutex
	taken   map[uint64]struct{}
	order   []ticket // of those taken, and of some given back, oldest first
	last    uint64
	waiting []chan uint64
}

// ticket is a place since when it is taken. Numbers are never used again; 0 is none.
type ticket struct {
	number uint64
	since  time.Time
}

func newPlaces(clock host.Clock) *places {
	return &places{clock: clock, taken: map[uint64]struct{}{}}
}

// take waits for a place, or for ctx to end. Give it back.
func (p *places) take(ctx context.Context) uint64 {
	p.mu.Lock()
	if len(p.waiting) == 0 && len(p.taken) < maxCalls {
		defer p.mu.Unlock()
		return p.issue()
	}
	mine := make(chan uint64, 1)
	p.waiting = append(p.waiting, mine)
	p.serve()
	p.mu.Unlock()
	for {
		select {
		case number := <-mine:
			return number
		case <-p.clock.After(placeHeld):
			p.mu.Lock()
			p.serve()
			p.mu.Unlock()
		case <-ctx.Done():
			p.leave(mine)
			return 0
		}
	}
}

// give gives a place back. One that was lost meanwhile, or 0, is none.
func (p *places) give(number uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.taken, number)
	p.serve()
}

// issue takes a place. mu must be held.
func (p *places) issue() uint64 {
	p.last++
	p.taken[p.last] = struct{}{}
	p.order = append(p.order, ticket{p.last, p.clock.Now()})
	return p.last
}

// serve gives places to those who wait: free ones, and those that were held for
// too long. mu must be held.
func (p *places) serve() {
	for len(p.order) > 0 {
		oldest := p.order[0]
		if _, held := p.taken[oldest.number]; held {
			if len(p.waiting) == 0 || len(p.taken) < maxCalls || p.clock.Now().Sub(oldest.since) < placeHeld {
				break
			}
			delete(p.taken, oldest.number)
		}
		p.order = p.order[1:]
		p.admit()
	}
	p.admit()
}

// admit gives free places to those who wait. mu must be held.
func (p *places) admit() {
	for len(p.waiting) > 0 && len(p.taken) < maxCalls {
		p.waiting[0] <- p.issue()
		p.waiting = p.waiting[1:]
	}
}

// leave takes somebody who waits out of the line.
func (p *places) leave(mine chan uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting = slices.DeleteFunc(p.waiting, func(w chan uint64) bool { return w == mine })
	select {
	case number := <-mine: // its turn came all the same
		delete(p.taken, number)
		p.serve()
	default:
	}
}
