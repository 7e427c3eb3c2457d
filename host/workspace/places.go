package workspace

import (
	"context"
	"sync"
	"time"

	"github.com/penstock-run/penstock/host"
)

// places bound how many calls to locations are under way at a time. A call that
// hangs gives its place back after a while, so that hanging locations delay no
// others. All methods may be called concurrently.
type places struct {
	clock host.Clock

	mu     sync.Mutex
	taken  map[*place]struct{}
	freed  chan struct{} // closed and replaced when a place becomes free and somebody waits
	waited bool
}

// place is one of them, while its holder has it.
type place struct{ since time.Time }

func newPlaces(clock host.Clock) *places {
	return &places{clock: clock, taken: map[*place]struct{}{}, freed: make(chan struct{})}
}

// take waits for a place, or for ctx to end. Give it back.
func (p *places) take(ctx context.Context) *place {
	for {
		mine, freed, wait := p.tryTake()
		if mine != nil {
			return mine
		}
		select {
		case <-freed:
		case <-p.clock.After(wait):
		case <-ctx.Done():
			return nil
		}
	}
}

// tryTake takes a place that is free or was held for too long; else it says
// what to wait for, and how long.
func (p *places) tryTake() (mine *place, freed <-chan struct{}, wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.Now()
	if len(p.taken) >= maxCalls {
		var oldest *place
		for held := range p.taken {
			if oldest == nil || held.since.Before(oldest.since) {
				oldest = held
			}
		}
		if wait = oldest.since.Add(placeHeld).Sub(now); wait > 0 {
			p.waited = true
			return nil, p.freed, wait
		}
		delete(p.taken, oldest)
	}
	mine = &place{now}
	p.taken[mine] = struct{}{}
	return mine, nil, 0
}

// give gives a place back. One that was taken away, or nil, is none.
func (p *places) give(mine *place) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.taken, mine)
	if p.waited {
		p.waited = false
		close(p.freed)
		p.freed = make(chan struct{})
	}
}
