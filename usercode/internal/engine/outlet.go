package engine

import (
	"slices"
	"sync"
	"time"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/internal/mask"
)

// How often what is not sent at once is looked at, and after how many of these looks it is sent.
const (
	tick          = 50 * time.Millisecond
	progressTicks = 5   // between two events of progress
	lineTicks     = 10  // that a line without an end waits for it
	sampleTicks   = 200 // between two samples of output of which only the end is kept
)

const (
	// maxPending is how much output waits to be sent. When there is more, who writes waits for a while.
	maxPending = 1 << 20
	// maxWriteWait is how long it does. Then output is kept like that of an op that has written too much, so that events
	// that find no room never keep a program from writing for good: what makes room may itself have something to write.
	maxWriteWait = time.Second
	// maxCandidates is how many ops are named that may have written something.
	maxCandidates = 16
)

// ProcessOutput is what the process itself writes, as far as nobody but the process knows who it was.
type ProcessOutput interface {
	// Start begins to pass on what is written to stdout (1) and stderr (2). The bytes stay the caller's; the answer is what
	// is left of them without secrets, which is the caller's, too.
	Start(write func(descriptor int, p []byte) []byte)
	// Drain returns when everything that was written before was passed on.
	Drain()
	// Stop drains and ends it.
	Stop()
}

// outlet sends what is not sent at once: output and progress. It is one for each run, with a goroutine.
type outlet struct {
	emit    *emitter
	process ProcessOutput // nil: none is captured
	masker  *mask.Masker

	// sending is held from taking something until it is sent, also while the sink blocks. It is locked before mu.
	sending sync.Mutex

	mu      sync.Mutex     // never held while something is sent
	running []*reports     // of attempts whose function runs, in the order in which they started
	several *period        // nil until something was written in it
	masks   [2]mask.Stream // of what the process writes
	budget  budget
	stalled bool          // a writer has waited for too long, and nothing was sent since
	room    chan struct{} // closed when something is sent
	closed  bool

	ticking bool // there is something to send when time has passed

	wake chan struct{} // ticking was set, or there is enough to send it at once
	quit chan struct{}
	over sync.WaitGroup
}

// period is the time in which one set of ops ran, of which nobody knows which one wrote.
type period struct {
	candidates []string
	written    [2]stream
}

func newOutlet(emit *emitter, process ProcessOutput, masker *mask.Masker) *outlet {
	o := &outlet{
		emit: emit, process: process, masker: masker, masks: newMasks(masker), budget: budget{maxCapturedHeads, maxCapturedTails},
		room: make(chan struct{}), wake: make(chan struct{}, 1), quit: make(chan struct{}),
	}
	o.over.Go(o.sendLater)
	if process != nil {
		process.Start(func(descriptor int, p []byte) []byte {
			return o.write(descriptor, p, &o.masks[descriptor-1], nil)
		})
	}
	return o
}

// close sends what is left. What is written later is lost.
func (o *outlet) close() {
	if o.process != nil {
		o.process.Stop()
	}
	left := o.runningNow()
	for _, r := range left {
		r.progress.end()
	}
	o.change(func() { o.running, o.closed = nil, true }, left...)
	close(o.quit)
	o.over.Wait()
}

// unmask gives up what was held back because it may be the beginning of a secret, as far as those who end have written
// it: what others are about to write may be the rest of it. mu is held.
func (o *outlet) unmask(ended []*reports) {
	alone := len(o.running) == len(ended) && len(ended) > 0
	for i := range o.masks {
		if alone {
			o.put(i+1, o.masks[i].Flush(), nil, maxPending)
		}
		for _, r := range ended {
			o.put(i+1, r.masks[i].Flush(), r, maxPending)
		}
	}
}

func (o *outlet) runningNow() []*reports {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.running)
}

// enter is called when the function of an attempt is about to run.
func (o *outlet) enter(r *reports) {
	o.drain()
	o.change(func() { o.running = append(o.running, r) })
}

// leave is called when it has returned, and sends what it has written and reported.
func (o *outlet) leave(r *reports) {
	o.drain()
	r.progress.end()
	o.change(func() {
		o.running = slices.DeleteFunc(o.running, func(other *reports) bool { return other == r })
	}, r)
}

// leaveBehind is called when an attempt ends although its function has not returned.
func (o *outlet) leaveBehind(path string, attempt int) {
	o.drain()
	for _, r := range o.runningNow() {
		if r.path == path && r.attempt == attempt {
			r.progress.end()
			o.change(func() { r.left = true }, r)
		}
	}
}

func (o *outlet) drain() {
	if o.process != nil {
		o.process.Drain()
	}
}

// change changes who runs. What was written before is sent first, and everything of those that end.
func (o *outlet) change(who func(), ended ...*reports) {
	o.sending.Lock()
	defer o.sending.Unlock()
	o.mu.Lock()
	o.unmask(ended)
	all := o.take(func(r *reports, s *stream) []piece {
		if r == nil || slices.Contains(ended, r) {
			return s.end(&o.budget)
		}
		return s.takePending(len(s.pending))
	})
	o.several = nil
	who()
	o.mu.Unlock()
	o.sendAll(all)
	for _, r := range ended {
		r.sendProgress()
	}
}

// captured makes events of pieces; r is the attempt that wrote them, nil when that is not known. mu is held.
func (o *outlet) captured(pieces []piece, descriptor int, r *reports, candidates []string) []*workerv1.Event {
	var all []*workerv1.Event
	for _, c := range events(pieces, descriptor, candidates) {
		ev := &workerv1.Event{Kind: "captured", Detail: &workerv1.Event_Captured{Captured: c}}
		if r != nil {
			ev.OpPath, ev.OpAttempt = r.path, uint32(r.attempt)
		}
		all = append(all, ev)
	}
	if len(pieces) > 0 {
		o.stalled = false
		close(o.room)
		o.room = make(chan struct{})
	}
	return all
}
