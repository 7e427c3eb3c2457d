package workspace

import "sync"

// feed tells subscriptions which locations changed.
type feed struct {
	mu   sync.Mutex
	subs map[*Subscription]struct{}
}

// Subscription tells which locations changed since it was asked last. It keeps
// only names, each once, so a slow listener costs nothing and misses nothing
// but states in between. All methods may be called concurrently.
type Subscription struct {
	feed    *feed
	mu      sync.Mutex
	changed map[string]struct{}
	order   []string
	ready   chan struct{}
}

func (f *feed) subscribe() *Subscription {
	s := &Subscription{feed: f, changed: map[string]struct{}{}, ready: make(chan struct{}, 1)}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.subs == nil {
		f.subs = map[*Subscription]struct{}{}
	}
	f.subs[s] = struct{}{}
	return s
}

func (f *feed) publish(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for s := range f.subs {
		s.add(name)
	}
}

func (s *Subscription) add(name string) {
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

// Take returns the names of the locations that changed since the last call, in
// the order in which they first did.
func (s *Subscription) Take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := s.order
	s.changed, s.order = map[string]struct{}{}, nil
	return names
}

// Close ends the subscription. It may be called twice.
func (s *Subscription) Close() {
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	delete(s.feed.subs, s)
}
