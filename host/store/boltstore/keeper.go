package boltstore

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/selector"
)

// What the keeper does waits a moment for company: a merge is a commit, and commits are what the disk is short of.
const (
	keeperDelay = time.Second
	// maxEnded is how many ended runs wait to be merged; of more, some keep their small batches.
	maxEnded = 1 << 16
	// maxResumed is how many runs are looked for that may have waited when the store was last open, resumeWithin how long
	// before its last write they ended.
	maxResumed   = 1 << 14
	resumeWithin = 10 * time.Second
)

// keeper does in the background what nobody waits for: it begins epochs, and merges the events of runs that have ended.
type keeper struct {
	store *Store

	// lastWrite is about when a process that had the store before wrote to it last; zero when that is not known.
	lastWrite time.Time

	mu    sync.Mutex
	ended []uint64

	// wake has room for one signal.
	wake chan struct{}
	stop context.CancelFunc
	done chan struct{}
}

func newKeeper(s *Store, lastWrite time.Time) *keeper {
	ctx, stop := context.WithCancel(context.Background())
	k := &keeper{store: s, lastWrite: lastWrite, wake: make(chan struct{}, 1), stop: stop, done: make(chan struct{})}
	go func() {
		defer close(k.done)
		k.run(ctx)
	}()
	return k
}

// appended looks whether the current epoch is full or old.
func (k *keeper) appended() {
	if k.store.epochDue() {
		k.signal()
	}
}

// runEnded notes that a run has ended, or got events after that.
func (k *keeper) runEnded(run uint64) {
	k.mu.Lock()
	room := len(k.ended) < maxEnded
	if room {
		k.ended = append(k.ended, run)
	}
	k.mu.Unlock()
	if room {
		k.signal()
	}
}

func (k *keeper) signal() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// close ends the keeper. Runs that have just ended are merged still, as far as that is quick.
func (k *keeper) close() {
	k.stop()
	<-k.done
}

func (k *keeper) run(ctx context.Context) {
	defer func() { k.merge(context.WithoutCancel(ctx)) }()
	k.resume(context.WithoutCancel(ctx))
	for {
		select {
		case <-ctx.Done():
			return
		case <-k.wake:
		}
		if err := k.store.beginEpoch(ctx); err != nil && ctx.Err() == nil {
			k.store.log.Warn("no new epoch of events can be begun; the one before goes on", slog.Any("error", err))
		}
		if c := k.store.clock; c != nil {
			select {
			case <-ctx.Done():
				return
			case <-c.After(keeperDelay):
			}
		}
		for more := true; more && ctx.Err() == nil; {
			more = k.merge(ctx)
		}
	}
}

// resume finds runs that ended just before a process that did not close the store: they waited to be merged then. How long
// that takes is bounded, so a close waits for it.
func (k *keeper) resume(ctx context.Context) {
	if k.lastWrite.IsZero() {
		return
	}
	where := &selector.Expr{
		Op: selector.NotBefore, On: selector.Field, Name: host.FieldEnded, Time: selector.Time{At: k.lastWrite.Add(-resumeWithin)},
	}
	found, err := k.store.SelectRuns(ctx, where, 0, maxResumed)
	if err != nil {
		k.store.log.Warn("runs that ended before the last end of the host keep the batches that their events came in", slog.Any("error", err))
	}
	for _, r := range found.Runs {
		k.runEnded(r.Seq)
	}
}

// merge merges some of the runs that have ended, and says whether more are there.
func (k *keeper) merge(ctx context.Context) (more bool) {
	k.mu.Lock()
	n := min(mergeRuns, len(k.ended))
	runs := slices.Clone(k.ended[:n])
	k.ended = k.ended[n:]
	if more = len(k.ended) > 0; !more {
		k.ended = nil
	}
	k.mu.Unlock()
	if n == 0 {
		return false
	}
	slices.Sort(runs)
	err := k.store.mergeEvents(ctx, slices.Compact(runs))
	if err == nil {
		return more
	}
	if ctx.Err() != nil { // the last look is without it
		k.mu.Lock()
		k.ended = append(runs, k.ended...)
		k.mu.Unlock()
		return true
	}
	k.store.log.Warn("the events of ended runs keep the batches that they came in", slog.Any("error", err))
	return false
}
