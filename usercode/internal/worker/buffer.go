package worker

import "sync"

// Limits of what is kept until the host acknowledges it.
const (
	maxBufferBytes  = 64 << 20
	maxBufferEvents = 100_000
)

// buffer keeps encoded events, numbered from 1, until they are acknowledged. One goroutine appends, others may do
// the rest at any time.
type buffer struct {
	maxBytes, maxEvents int
	changed             chan struct{} // signaled, with room for one, after every append, finish and ack

	mu       sync.Mutex
	space    sync.Cond
	events   [][]byte
	first    uint64 // seq of events[0]
	bytes    int
	finished bool // no event follows
	closed   bool // nothing leaves any more, appends are dropped
}

func newBuffer(maxBytes, maxEvents int) *buffer {
	b := &buffer{maxBytes: maxBytes, maxEvents: maxEvents, changed: make(chan struct{}, 1), first: 1}
	b.space.L = &b.mu
	return b
}

// append adds an event and waits while there is no room for it.
func (b *buffer) append(event []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for !b.closed && len(b.events) > 0 && (b.bytes+len(event) > b.maxBytes || len(b.events) >= b.maxEvents) {
		b.space.Wait()
	}
	if b.closed {
		return
	}
	b.events = append(b.events, event)
	b.bytes += len(event)
	b.signal()
}

// finish says that no event follows.
func (b *buffer) finish() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.finished = true
	b.signal()
}

// close lets go of everything, and of who waits for room.
func (b *buffer) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed, b.events = true, nil
	b.space.Broadcast()
}

// ack drops events up to seq. An old or an invented seq changes nothing, or all there is.
func (b *buffer) ack(seq uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if seq < b.first {
		return
	}
	n := int(min(seq-b.first+1, uint64(len(b.events))))
	for i, event := range b.events[:n] {
		b.bytes -= len(event)
		b.events[i] = nil
	}
	b.events, b.first = b.events[n:], b.first+uint64(n)
	b.space.Broadcast()
	b.signal()
}

// batch returns events from the given seq on, as many as the limits allow and at least one if there is any. An event
// that was acknowledged meanwhile is left out, so the batch may start later.
func (b *buffer) batch(from uint64, maxEvents, maxBytes int) (first uint64, events [][]byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	first = max(from, b.first)
	bytes := 0
	for i := int(first - b.first); i < len(b.events) && len(events) < maxEvents; i++ {
		if bytes += len(b.events[i]); bytes > maxBytes && len(events) > 0 {
			break
		}
		events = append(events, b.events[i])
	}
	return first, events
}

// state is a consistent view: the seqs of the last event made and acknowledged, and whether the last one is final.
func (b *buffer) state() (last, acked uint64, finished bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.first + uint64(len(b.events)) - 1, b.first - 1, b.finished
}

// delivered reports whether every event that ever will be is acknowledged.
func (b *buffer) delivered() bool {
	last, acked, finished := b.state()
	return finished && acked >= last
}

// fills reports whether the events from the given seq on fill a batch.
func (b *buffer) fills(from uint64, maxEvents, maxBytes int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	skip := int(max(from, b.first) - b.first)
	if len(b.events)-skip >= maxEvents {
		return true
	}
	bytes := 0
	for _, event := range b.events[min(skip, len(b.events)):] {
		if bytes += len(event); bytes >= maxBytes {
			return true
		}
	}
	return false
}

func (b *buffer) signal() {
	select {
	case b.changed <- struct{}{}:
	default:
	}
}
