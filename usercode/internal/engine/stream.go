package engine

import (
	"bytes"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// Limits of captured output. What an op attempt writes to one descriptor is sent as it comes up to the first limit;
// from there on only its end is kept, of which a sample is sent now and then, and all when the attempt ends.
const (
	maxCapturedHead   = 16 << 20  // of an op attempt and descriptor, as it comes
	maxCapturedTail   = 1 << 20   // of what follows
	maxCapturedSample = 16 << 10  // of what is kept, each time
	maxCapturedEvent  = 64 << 10  // in one event
	maxCapturedHeads  = 128 << 20 // of a run, as it comes and in samples
	maxCapturedTails  = 128 << 20 // of a run, in tails
)

// budget is what a run may still send.
type budget struct{ heads, tails int }

// piece is what one event carries.
type piece struct {
	data    []byte
	skipped uint64 // bytes left out before it
}

// stream is what was written to one descriptor by one op attempt, or while certain ops ran, and not sent yet.
type stream struct {
	pending []byte
	waited  int // ticks since pending was empty
	head    int // bytes that were sent or are pending, of those that maxCapturedHead allows
	rest    ring
	sampled int // ticks since the last sample, or since the rest began
}

// write takes bytes, which stay the caller's. At most room bytes become pending.
func (s *stream) write(p []byte, b *budget, room int) {
	if s.rest.empty() {
		n := max(min(len(p), maxCapturedHead-s.head, b.heads, room), 0)
		s.pending = append(s.pending, p[:n]...)
		s.head += n
		b.heads -= n
		p = p[n:]
	}
	if len(p) > 0 {
		s.rest.write(p)
	}
}

// idle reports whether there is nothing to send, now or later.
func (s *stream) idle() bool { return len(s.pending) == 0 && s.rest.empty() }

// tick lets time pass and answers what is due. A line that has not ended waits a little for its end.
func (s *stream) tick(b *budget) []piece {
	var pieces []piece
	if len(s.pending) > 0 {
		s.waited++
		n := len(s.pending)
		if n < maxCapturedEvent && s.waited < lineTicks && s.rest.empty() {
			n = bytes.LastIndexByte(s.pending, '\n') + 1
		}
		pieces = s.takePending(n)
	}
	if s.rest.empty() {
		return pieces
	}
	s.sampled++
	switch left := min(maxCapturedHead-s.head, b.heads); {
	case left > 0 && len(s.pending) == 0: // it was only that nothing could be sent for a while
		n := min(left, s.rest.len())
		s.head += n
		b.heads -= n
		pieces = append(pieces, s.rest.take(n))
		s.sampled = 0
	case s.sampled >= sampleTicks && b.heads > 0:
		s.sampled = 0
		n := min(maxCapturedSample, s.rest.len(), b.heads)
		b.heads -= n
		pieces = append(pieces, s.rest.take(n))
	}
	return pieces
}

// end answers all that is left to send.
func (s *stream) end(b *budget) []piece {
	pieces := s.takePending(len(s.pending))
	if s.rest.empty() {
		return pieces
	}
	n := min(s.rest.len(), b.tails)
	b.tails -= n
	s.rest.drop(len(s.rest.bytes) - n)
	return append(pieces, s.rest.take(n))
}

func (s *stream) takePending(n int) []piece {
	if n == 0 {
		return nil
	}
	data := s.pending[:n:n]
	s.pending, s.waited = bytes.Clone(s.pending[n:]), 0
	return []piece{{data: data}}
}

// events are the pieces in the size of events.
func events(pieces []piece, descriptor int, candidates []string) []*workerv1.Captured {
	var all []*workerv1.Captured
	for _, p := range pieces {
		for first := true; first || len(p.data) > 0; first = false {
			n := min(len(p.data), maxCapturedEvent)
			all = append(all, &workerv1.Captured{Descriptor_: uint32(descriptor), Data: p.data[:n:n], Skipped: p.skipped, Candidates: candidates})
			p.data, p.skipped = p.data[n:], 0
		}
	}
	return all
}

// ring keeps the last maxCapturedTail bytes of what is written to it. It grows to twice that and is then moved down,
// so that each byte is moved once on average.
type ring struct {
	bytes   []byte
	dropped int // before bytes
}

func (r *ring) empty() bool { return len(r.bytes) == 0 && r.dropped == 0 }

func (r *ring) len() int { return min(len(r.bytes), maxCapturedTail) }

func (r *ring) write(p []byte) {
	if over := len(p) - maxCapturedTail; over > 0 {
		r.dropped += over
		p = p[over:]
	}
	if len(r.bytes)+len(p) > 2*maxCapturedTail {
		r.drop(len(r.bytes) - (maxCapturedTail - len(p)))
	}
	r.bytes = append(r.bytes, p...)
}

// drop leaves out the first n bytes.
func (r *ring) drop(n int) {
	r.dropped += n
	r.bytes = append(r.bytes[:0], r.bytes[n:]...)
}

// take removes the first n of the bytes that are kept.
func (r *ring) take(n int) piece {
	if over := len(r.bytes) - maxCapturedTail; over > 0 {
		r.drop(over)
	}
	p := piece{data: bytes.Clone(r.bytes[:n]), skipped: uint64(r.dropped)}
	r.bytes, r.dropped = append(r.bytes[:0], r.bytes[n:]...), 0
	if len(r.bytes) == 0 {
		r.bytes = nil
	}
	return p
}
