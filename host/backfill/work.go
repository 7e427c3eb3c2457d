package backfill

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/usercode/tag"
)

const (
	// firstPause is how long a backfill rests that cannot go on, doubling up to maxPause.
	firstPause = 500 * time.Millisecond
	maxPause   = 15 * time.Second
	// storeAfter is how long it may be that what is launched is not stored.
	storeAfter = 30 * time.Second
	// feedLimit is how many changed runs may wait to be taken in before all that are open are read again.
	feedLimit = 4096
)

// errChanged tells that somebody changed a backfill meanwhile.
var errChanged = errors.New("the backfill was changed meanwhile")

// work is a backfill that goes on.
type work struct {
	r    *Runner
	subs *host.Subscription
	// wake gets a value when somebody changed the backfill.
	wake chan struct{}
	// painted is closed when there is a picture, over when the goroutine has ended.
	painted, over chan struct{}
	places        map[string]int

	// Of the goroutine alone. tries counts failures in a row, and pause is how long nothing is tried after one; stale tells
	// that changes were lost; stored is the Next that is stored, since is since when it is another, and late gets a value when that
	// is too long; asked are runs that were asked to end, and whether by force.
	tries  int
	pause  <-chan time.Time
	stale  bool
	stored int
	since  time.Time
	late   <-chan time.Time
	asked  map[host.RunID]bool

	// mu is for what others read, which only the goroutine changes once there is a picture, except that a cancel is set.
	mu      sync.Mutex
	b       host.Backfill
	picture *picture
	// problem says why it waits.
	problem string
}

func newWork(r *Runner, b host.Backfill) *work {
	w := &work{
		r: r, b: b, wake: make(chan struct{}, 1), painted: make(chan struct{}), over: make(chan struct{}),
		places: make(map[string]int, len(b.Partitions)), stored: b.Next, asked: map[host.RunID]bool{},
		subs: r.o.Feed.Subscribe(r.feedLimit), // before the runs are read
	}
	for i, key := range b.Partitions {
		w.places[key] = i
	}
	return w
}

// run goes on until the backfill has ended, or ctx has.
func (w *work) run(ctx context.Context) {
	defer w.subs.Close()
	for {
		ended, err := w.runOnce(ctx)
		if ended || ctx.Err() != nil {
			return
		}
		switch {
		case err != nil:
			after := min(firstPause<<min(w.tries, 10), maxPause)
			w.tries++
			w.setProblem(told(err))
			w.r.o.Logger.Warn("a backfill cannot go on; it tries again", "backfill", w.b.ID, "after", after, "error", err)
			w.pause = w.r.o.Clock.After(after)
		case w.pause == nil:
			w.tries = 0
			w.setProblem("")
		}
		select {
		case <-ctx.Done():
			return
		case <-w.subs.Ready():
		case <-w.late:
			w.late = nil
		case <-w.wake:
			w.pause = nil
		case <-w.pause:
			w.pause = nil
		}
	}
}

// nudge makes the goroutine look again.
func (w *work) nudge() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// runOnce takes in what changed, launches what may be, and ends the backfill when it is over.
func (w *work) runOnce(ctx context.Context) (ended bool, err error) {
	for {
		if err := w.look(ctx); err != nil {
			return false, err
		}
		if w.pause != nil { // after trouble; what runs do is told all the same
			w.r.watchers.tell(w.b.ID)
			return false, nil
		}
		if w.state() == host.BackfillCanceling {
			return w.cancelAll(ctx)
		}
		on, err := w.launchSome(ctx)
		w.r.watchers.tell(w.b.ID)
		if err == nil {
			err = w.storeSome(ctx)
		}
		if err != nil || ctx.Err() != nil {
			return false, err
		}
		if !on {
			break
		}
	}
	if len(w.picture.live) > 0 || len(w.picture.upNext(&w.b, 1)) > 0 {
		return false, nil
	}
	if w.picture.fell() {
		return w.end(ctx, host.BackfillFailure)
	}
	return w.end(ctx, host.BackfillSuccess)
}

func (w *work) state() host.BackfillState {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.State
}

// look brings the picture up to date.
func (w *work) look(ctx context.Context) error {
	changes, lost := w.subs.Take()
	w.stale = w.stale || lost
	if w.picture == nil {
		p, err := w.r.paint(ctx, &w.b)
		if err != nil {
			return err
		}
		w.mu.Lock()
		w.picture, w.stale = p, false
		w.mu.Unlock()
		close(w.painted)
		return nil
	}
	w.takeIn(changes)
	if !w.stale {
		return nil
	}
	for _, id := range slices.Collect(maps.Keys(w.picture.live)) {
		if err := w.read(ctx, id); err != nil {
			return err
		}
	}
	w.stale = false
	return nil
}

// takeIn takes in changes, the newest of each run. What is due of a run is told before it is not due any more, so that the
// parent of a retry is known at least until all of these are taken in.
func (w *work) takeIn(changes []host.Change) {
	w.mu.Lock()
	defer w.mu.Unlock()
	known := map[host.RunID]int{}
	for i := range changes {
		run := &changes[i].Run
		if changes[i].Deleted {
			delete(w.picture.live, run.ID)
			continue
		}
		at, ok := w.placeOf(run, known)
		if !ok {
			continue
		}
		known[run.ID] = at
		w.picture.take(at, run)
	}
}

// placeOf is the place that a run is of, if it is of the backfill.
func (w *work) placeOf(run *host.Run, known map[host.RunID]int) (at int, ok bool) {
	if at, ok = w.picture.live[run.ID]; ok {
		return at, true
	}
	if run.RetryNumber() > 0 {
		if at, ok = w.picture.live[run.Parent]; !ok {
			at, ok = known[run.Parent]
		}
		return at, ok
	}
	if !ours(&w.b, run) {
		return 0, false
	}
	key, _ := run.Tag(tag.KeyPartition)
	at, ok = w.places[key]
	return at, ok
}

// read takes in a run, or the last of its retries, as it is stored.
func (w *work) read(ctx context.Context, id host.RunID) error {
	run, err := w.r.o.Store.Run(ctx, id)
	if err == nil {
		err = w.r.follow(ctx, &run)
	}
	if err != nil && !gone(err) {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	at, ok := w.picture.live[id]
	delete(w.picture.live, id)
	if ok && err == nil {
		w.picture.take(at, &run)
	}
	return nil
}

func (w *work) setProblem(why string) {
	w.mu.Lock()
	was := w.problem
	w.problem = why
	w.mu.Unlock()
	if was != why {
		w.r.watchers.tell(w.b.ID)
	}
}
