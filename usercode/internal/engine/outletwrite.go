package engine

import (
	"iter"
	"slices"
	"time"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/internal/mask"
)

// write takes what an attempt has written, or, when by is nil, the process, and answers what is left of it without
// secrets.
func (o *outlet) write(descriptor int, p []byte, m *mask.Stream, by *reports) []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	masked := m.Write(p)
	for chunk := range slices.Chunk(masked, maxCapturedEvent) {
		pending, room := o.waitForRoom(len(chunk))
		if o.closed {
			break
		}
		o.put(descriptor, chunk, by, room)
		o.arm(pending+len(chunk) >= maxCapturedEvent)
	}
	return masked
}

// put adds bytes to where they belong. mu is held.
func (o *outlet) put(descriptor int, p []byte, by *reports, room int) {
	if len(p) > 0 {
		o.streamOf(descriptor, by).write(p, &o.budget, room)
	}
}

// waitForRoom waits until n bytes can become pending, or for as long as that may take. It answers how many are, and for
// how many there is room. mu is held, but not while it waits.
func (o *outlet) waitForRoom(n int) (pending, room int) {
	var timeout <-chan time.Time
	for {
		pending = 0
		for s := range o.streams() {
			pending += len(s.pending)
		}
		if room = maxPending - pending; o.closed || o.stalled || room >= n {
			return pending, room
		}
		if timeout == nil {
			timer := time.NewTimer(maxWriteWait)
			defer timer.Stop()
			timeout = timer.C
		}
		sent := o.room
		o.mu.Unlock()
		select {
		case <-sent:
			o.mu.Lock()
		case <-timeout:
			o.mu.Lock()
			o.stalled = true
		}
	}
}

// streamOf is where a write goes to. mu is held.
func (o *outlet) streamOf(descriptor int, by *reports) *stream {
	if by == nil && len(o.running) == 1 {
		by = o.running[0]
	}
	if by != nil && !by.left && slices.Contains(o.running, by) {
		return &by.written[descriptor-1]
	}
	if o.several == nil {
		o.several = &period{}
		for _, r := range o.running[:min(len(o.running), maxCandidates)] {
			o.several.candidates = append(o.several.candidates, r.path)
		}
	}
	return &o.several.written[descriptor-1]
}

// streams are those in which something may wait. mu is held.
func (o *outlet) streams() iter.Seq[*stream] {
	return func(yield func(*stream) bool) {
		for _, r := range o.running {
			if !yield(&r.written[0]) || !yield(&r.written[1]) {
				return
			}
		}
		if o.several != nil {
			_ = yield(&o.several.written[0]) && yield(&o.several.written[1])
		}
	}
}

// arm has what waits sent when time has passed, or now. mu is held.
func (o *outlet) arm(now bool) {
	if o.ticking && !now {
		return
	}
	o.ticking = true
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// sendLater is the goroutine of the outlet.
func (o *outlet) sendLater() {
	timer := time.NewTimer(tick)
	defer timer.Stop()
	ticking := false
	for {
		select {
		case <-o.wake:
			if o.sendFull(); !ticking {
				ticking = true
				timer.Reset(tick)
			}
		case <-timer.C:
			if ticking = o.sendDue(); ticking {
				timer.Reset(tick)
			}
		case <-o.quit:
			return
		}
	}
}

// sendFull sends what fills events.
func (o *outlet) sendFull() {
	o.sending.Lock()
	defer o.sending.Unlock()
	o.mu.Lock()
	all := o.take(func(_ *reports, s *stream) []piece {
		return s.takePending(len(s.pending) / maxCapturedEvent * maxCapturedEvent)
	})
	o.mu.Unlock()
	o.sendAll(all)
}

// sendDue lets a tick pass, sends what is due then, and reports whether more is to come.
func (o *outlet) sendDue() (more bool) {
	o.sending.Lock()
	defer o.sending.Unlock()
	o.mu.Lock()
	all := o.take(func(_ *reports, s *stream) []piece {
		pieces := s.tick(&o.budget)
		more = more || !s.idle()
		return pieces
	})
	var due []*reports
	for _, r := range o.running {
		now, again := r.progress.tick()
		if more = more || again; now {
			due = append(due, r)
		}
	}
	o.ticking = more
	o.mu.Unlock()
	o.sendAll(all)
	for _, r := range due {
		r.sendProgress()
	}
	return more
}

// take makes events of what f takes from each stream, which is an attempt's or that of several. mu is held.
func (o *outlet) take(f func(*reports, *stream) []piece) []*workerv1.Event {
	var all []*workerv1.Event
	for _, r := range o.running {
		for i := range r.written {
			all = append(all, o.captured(f(r, &r.written[i]), i+1, r, nil)...)
		}
	}
	if o.several != nil {
		for i := range o.several.written {
			all = append(all, o.captured(f(nil, &o.several.written[i]), i+1, nil, o.several.candidates)...)
		}
	}
	return all
}

func (o *outlet) sendAll(all []*workerv1.Event) {
	for _, ev := range all {
		o.emit.event(ev)
	}
}

// sendFirst sends the progress of an attempt that has sent none for a while.
func (o *outlet) sendFirst(r *reports) {
	o.sending.Lock()
	defer o.sending.Unlock()
	r.sendProgress()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.arm(false)
}
