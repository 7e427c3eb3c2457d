package host

import "sync"

// Feed passes committed changes on to whoever listens. A slow listener loses
// changes, is told so, and never holds up the store or another listener.
// The zero Feed is ready. All methods may be called concurrently.
type Feed struct {
	mu   sync.Mutex
	subs map[*Subscription]struct{}
}

// Subscription is one listener of a Feed.
type Subscription struct {
	feed *Feed
	only RunID
	mu   sync.Mutex
	// pending holds the newest change per run, in order of first arrival since the last Take.
	pending map[RunID]*Change
	order   []RunID
	limit   int
	lost    bool
	ready   chan struct{}
}

// Publish passes c on. The store calls it after each commit, in commit order.
func (f *Feed) Publish(c Change) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for s := range f.subs {
		s.add(c)
	}
}

// Subscribe starts listening to all runs, keeping at most limit runs that changed
// between two calls of Take.
func (f *Feed) Subscribe(limit int) *Subscription { return f.subscribe("", limit) }

// SubscribeRun starts listening to one run.
func (f *Feed) SubscribeRun(id RunID) *Subscription { return f.subscribe(id, 1) }

func (f *Feed) subscribe(id RunID, limit int) *Subscription {
	s := &Subscription{feed: f, only: id, limit: limit, pending: map[RunID]*Change{}, ready: make(chan struct{}, 1)}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.subs == nil {
		f.subs = map[*Subscription]struct{}{}
	}
	f.subs[s] = struct{}{}
	return s
}

func (s *Subscription) add(c Change) {
	if s.only != "" && s.only != c.Run.ID {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.pending[c.Run.ID]; old != nil {
		if !c.Events {
			c.Events, c.LastEvent = old.Events, old.LastEvent
		}
		*old = c
	} else if len(s.order) >= s.limit {
		s.lost = true
	} else {
		s.pending[c.Run.ID] = &c
		s.order = append(s.order, c.Run.ID)
	}
	select {
	case s.ready <- struct{}{}:
	default:
	}
}

// Ready gets a value when Take has something to return.
func (s *Subscription) Ready() <-chan struct{} { return s.ready }

// Take returns the changes since the last call, the newest per run, and whether
// some were lost; then the listener must read the store again.
func (s *Subscription) Take() (changes []Change, lost bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range s.order {
		changes = append(changes, *s.pending[id])
	}
	lost = s.lost
	s.pending, s.order, s.lost = map[RunID]*Change{}, nil, false
	return changes, lost
}

// Close ends the subscription. It may be called twice.
func (s *Subscription) Close() {
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	delete(s.feed.subs, s)
}
