package worker

import "iter"

// batch returns events from the given seq on, as many as the limits allow and at least one if there is any. An event
// that was acknowledged meanwhile is left out, so the batch may start later, or be empty.
func (b *buffer) batch(from uint64, maxEvents, maxBytes int) (first uint64, events [][]byte) {
	b.mu.Lock()
	first = max(from, b.first)
	skip := int(first - b.first)
	n, bytes := 0, 0
	for size := range b.sizes(skip) {
		if bytes += size; n > 0 && (n == maxEvents || bytes > maxBytes) {
			break
		}
		n++
	}
	if skip < len(b.events) {
		events = append(events, b.events[skip:min(skip+n, len(b.events))]...)
	}
	stretches := b.spool.stretches(max(skip-len(b.events), 0), n-len(events))
	b.mu.Unlock()
	for _, s := range stretches {
		read, err := s.read()
		if _, acked, _ := b.state(); err != nil && acked >= first+uint64(len(events)) {
			return first, events // and its file was closed
		}
		if err != nil {
			read = make([][]byte, len(s.sizes))
		}
		for _, event := range read {
			if event == nil {
				b.logger.Error("an event cannot be read back from the disk", "seq", first+uint64(len(events)), "error", err)
				event = lostEvent()
			}
			events = append(events, event)
		}
	}
	return first, events
}

// fills reports whether the events from the given seq on fill a batch.
func (b *buffer) fills(from uint64, maxEvents, maxBytes int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	n, bytes := 0, 0
	for size := range b.sizes(int(max(from, b.first) - b.first)) {
		n++
		if bytes += size; n >= maxEvents || bytes >= maxBytes {
			return true
		}
	}
	return false
}

// sizes are those of all events after the first skip ones. mu is held.
func (b *buffer) sizes(skip int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for _, event := range b.events[min(skip, len(b.events)):] {
			if !yield(len(event)) {
				return
			}
		}
		for size := range b.spool.sizes(max(skip-len(b.events), 0)) {
			if !yield(size) {
				return
			}
		}
	}
}
