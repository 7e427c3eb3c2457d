package automation

import (
	"sync"

	"github.com/penstock-run/penstock/host"
)

// Feed tells whoever listens which schedules and sensors changed. The zero Feed is ready. All methods may be called
// concurrently.
type Feed struct {
	mu   sync.Mutex
	subs map[*Subscription]struct{}
}

// Subscription is one listener. It keeps only names, each once: a slow one costs nothing and misses nothing but states in
// between.
type Subscription struct {
	feed    *Feed
	mu      sync.Mutex
	changed map[host.AutomationName]struct{}
	order   []host.AutomationName
	ready   chan struct{}
}

// Publish tells that one changed: its definition, how it stands, or its ticks.
func (f *Feed) Publish(name host.AutomationName) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for s := range f.subs {
		s.add(name)
	}
}

// Subscribe starts listening.
func (f *Feed) Subscribe() *Subscription {
	s := &Subscription{feed: f, changed: map[host.AutomationName]struct{}{}, ready: make(chan struct{}, 1)}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.subs == nil {
		f.subs = map[*Subscription]struct{}{}
	}
	f.subs[s] = struct{}{}
	return s
}

func (s *Subscription) add(name host.AutomationName) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.changed[name]; !known {
		s.changed[name] = struct{}{}
		s.order = append(s.order, name)
	}
	select {
	case s.ready <- struct{}{}:
	default:
	}
}

// Ready gets a value when Take has something to return.
func (s *Subscription) Ready() <-chan struct{} { return s.ready }

// Take returns the names of what changed since the last call, in the order in which they first did.
func (s *Subscription) Take() []host.AutomationName {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := s.order
	s.changed, s.order = map[host.AutomationName]struct{}{}, nil
	return names
}

// Close ends the subscription. It may be called twice.
func (s *Subscription) Close() {
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	delete(s.feed.subs, s)
}
