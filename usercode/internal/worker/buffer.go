package worker

import (
	"log/slog"
	"sync"
	"time"
)

// Limits of what is kept until the host acknowledges it.
const (
	maxBufferBytes  = 8 << 20 // in memory
	maxBufferEvents = 20_000
	maxSpoolBytes   = 128 << 20 // beyond that, on disk
	maxSpoolEvents  = 1_000_000
	// spoolRetry is how long a disk that took no event is left alone.
	spoolRetry = time.Second
)

// capacity is how much a buffer takes.
type capacity struct {
	bytes, events           int // in memory
	spoolBytes, spoolEvents int // on disk
	segmentBytes            int // in a file
}

var defaultCapacity = capacity{maxBufferBytes, maxBufferEvents, maxSpoolBytes, maxSpoolEvents, segmentBytes}

// buffer keeps encoded events, numbered from 1, until they are acknowledged: the first in memory, and when there is no
// room for more, those that follow on disk. One goroutine appends, others may do the rest at any time.
type buffer struct {
	max     capacity
	logger  *slog.Logger
	changed chan struct{} // signaled, with room for one, after every append, finish and ack

	mu       sync.Mutex
	room     chan struct{} // closed, and made anew, when there is more of it
	events   [][]byte      // in memory; they come before those of the spool
	first    uint64        // seq of the first event that is kept
	bytes    int           // of events
	spool    spool
	finished bool // no event follows
	closed   bool // nothing leaves any more, appends are dropped

	// Who appends alone uses what follows.
	waits  bool // for room, which was said
	broken bool // the disk took no event, which was said
}

func newBuffer(limits capacity, create func() (spoolFile, error), logger *slog.Logger) *buffer {
	return &buffer{
		max: limits, logger: logger, spool: spool{create: create, most: int64(limits.segmentBytes)},
		changed: make(chan struct{}, 1), room: make(chan struct{}), first: 1,
	}
}

// append adds an event and waits while there is no room for it.
func (b *buffer) append(event []byte) {
	for {
		done, into, fits, room := b.tryMemory(event)
		if done {
			return
		}
		if fits && b.trySpool(into, event) {
			b.waits = false
			return
		}
		if !fits && !b.waits {
			b.waits = true
			b.logger.Warn("there is no room for more events until the host takes some; ops that report something wait")
		}
		if !fits {
			<-room
			continue
		}
		timer := time.NewTimer(spoolRetry) // the disk may get room without us
		select {
		case <-room:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// tryMemory adds an event in memory if it belongs there. If not, fits tells whether the spool has room for it, and into
// where; room is closed when there is more.
func (b *buffer) tryMemory(event []byte) (done bool, into *segment, fits bool, room <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.closed:
		return true, nil, false, nil
	case b.spool.count == 0 && (len(b.events) == 0 || b.bytes+len(event) <= b.max.bytes && len(b.events) < b.max.events):
		b.events = append(b.events, event)
		b.bytes += len(event)
		b.signal()
		return true, nil, false, nil
	}
	fits = b.spool.bytes+frameBytes+int64(len(event)) <= int64(b.max.spoolBytes) && b.spool.count < b.max.spoolEvents
	if fits {
		into = b.spool.target()
		b.spool.writing = into
	}
	return false, into, fits, b.room
}

// trySpool adds an event on disk.
func (b *buffer) trySpool(into *segment, event []byte) (done bool) {
	seg, err := b.spool.write(into, event)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spool.writing = nil
	made := seg != nil && into == nil
	if b.closed || err != nil && made {
		if seg != nil {
			_ = seg.file.Close() // nothing in it counts
		}
	}
	switch {
	case b.closed:
		return true
	case err != nil:
		if !b.broken {
			b.broken = true
			b.logger.Warn("events cannot be written to disk; ops that report something wait until they can, or until the host has taken some", "error", err)
		}
		b.spool.drop(0)
		return false
	}
	if b.broken {
		b.broken = false
		b.logger.Info("events can be written to disk again")
	}
	b.spool.add(seg, len(event))
	b.signal()
	return true
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
	b.spool.close()
	b.moreRoom()
}

// ack drops events up to seq. An old or an invented seq changes nothing, or all there is.
func (b *buffer) ack(seq uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if seq < b.first {
		return
	}
	n := min(seq-b.first+1, uint64(len(b.events)+b.spool.count))
	b.first += n
	inMemory := min(int(n), len(b.events))
	for i, event := range b.events[:inMemory] {
		b.bytes -= len(event)
		b.events[i] = nil
	}
	b.events = b.events[inMemory:]
	b.spool.drop(int(n) - inMemory)
	b.moreRoom()
	b.signal()
}

// state is a consistent view: the seqs of the last event made and acknowledged, and whether the last one is final.
func (b *buffer) state() (last, acked uint64, finished bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.first + uint64(len(b.events)+b.spool.count) - 1, b.first - 1, b.finished
}

// delivered reports whether every event that ever will be is acknowledged.
func (b *buffer) delivered() bool {
	last, acked, finished := b.state()
	return finished && acked >= last
}

func (b *buffer) moreRoom() {
	close(b.room)
	b.room = make(chan struct{})
}

func (b *buffer) signal() {
	select {
	case b.changed <- struct{}{}:
	default:
	}
}
