package queue_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/usercode/tag"
)

var errCrash = errors.New("the host crashed")

// crashingStore is a real store whose host crashes now and then: before a write, or before the write's answer. From then
// on it does nothing, and the test starts another host.
type crashingStore struct {
	host.Store

	w       *life
	crashed atomic.Bool
}

func (s *crashingStore) down() bool { return s.crashed.Load() }

// write is a write.
func write[T any](s *crashingStore, call func() (T, error)) (T, error) {
	if !s.crashed.Load() && s.w.oneIn(150) {
		s.crashed.Store(true)
	}
	if s.crashed.Load() {
		return *new(T), errCrash
	}
	v, err := call()
	if s.w.oneIn(150) {
		s.crashed.Store(true)
	}
	if s.crashed.Load() {
		return *new(T), errCrash
	}
	return v, err
}

func (s *crashingStore) CreateRun(ctx context.Context, n host.NewRun) (run host.Run, created bool, err error) {
	run, err = write(s, func() (host.Run, error) {
		run, made, err := s.Store.CreateRun(ctx, n)
		created = made
		return run, err
	})
	return run, created, err
}

func (s *crashingStore) UpdateRun(ctx context.Context, id host.RunID, change func(*host.Run) ([][]byte, error)) (host.Run, error) {
	return write(s, func() (host.Run, error) { return s.Store.UpdateRun(ctx, id, change) })
}

func (s *crashingStore) AppendEvents(ctx context.Context, id host.RunID, b host.EventBatch) (uint64, error) {
	return write(s, func() (uint64, error) { return s.Store.AppendEvents(ctx, id, b) })
}

func (s *crashingStore) DeleteRun(ctx context.Context, id host.RunID) error {
	_, err := write(s, func() (struct{}, error) { return struct{}{}, s.Store.DeleteRun(ctx, id) })
	return err
}

// table holds every commit to what was promised. The store tells it of them, in their order.
type table struct {
	mu     sync.Mutex
	runs   map[host.RunID]*history
	faults []string
}

// history is what was seen of a run.
type history struct {
	run host.Run
	// granted are the processes that the run named, by attempt.
	granted map[uint32]string
	// due tells that a retry of it was due, dropped that a person said no, children are those that it got.
	due, dropped, gone bool
	children           []host.RunID
}

func newTable() *table { return &table{runs: map[host.RunID]*history{}} }

func (b *table) observe(c host.Change) {
	b.mu.Lock()
	defer b.mu.Unlock()
	run := c.Run
	h := b.runs[run.ID]
	fault := func(format string, args ...any) {
		b.faults = append(b.faults, fmt.Sprintf("run %s: ", run.ID)+fmt.Sprintf(format, args...))
	}
	if h == nil {
		h = &history{run: run, granted: map[uint32]string{}}
		b.runs[run.ID] = h
		if parent := b.runs[run.Parent]; parent != nil {
			parent.children = append(parent.children, run.ID)
			if !parent.due || run.RetryNumber() != parent.run.RetryNumber()+1 || run.RetryNumber() > tag.RetryLimit(parent.run.Tags) {
				fault("it is retry %d of run %s, which is retry %d of at most %d", run.RetryNumber(), run.Parent, parent.run.RetryNumber(), tag.RetryLimit(parent.run.Tags))
			}
		}
		return
	}
	before := h.run
	if c.Deleted {
		if !before.Status.Final() {
			fault("deleted while %s", before.Status)
		}
		h.gone = true
		return
	}
	b.compare(h, &run, fault)
	h.run = run
}

// compare holds one change of a run to the table.
func (b *table) compare(h *history, run *host.Run, fault func(string, ...any)) {
	before := &h.run
	// Whom nobody granted anything is canceled in one step of two.
	quickly := before.Status == host.Starting && run.Status == host.Canceled
	if before.Status != run.Status && !before.Status.CanBecome(run.Status) && !quickly {
		fault("%s became %s", before.Status, run.Status)
	}
	if run.Attempt != before.Attempt && (run.Attempt != before.Attempt+1 || before.Current.WorkerID != "") {
		fault("attempt %d of worker %q was followed by attempt %d", before.Attempt, before.Current.WorkerID, run.Attempt)
	}
	if id := run.Current.WorkerID; id != "" {
		if had := h.granted[run.Attempt]; had != "" && had != id {
			fault("attempt %d was granted to %s and to %s", run.Attempt, had, id)
		}
		h.granted[run.Attempt] = id
	}
	if run.Status == host.Failure && before.Status != host.Failure {
		reason, _ := run.Tag(tag.KeyFailureReason)
		canceled := before.Status == host.Canceling && !before.Current.OverRuntime
		want := !canceled && host.Retried(reason) && run.RetryNumber() < tag.RetryLimit(run.Tags)
		if run.RetryDue != want {
			fault("it failed for %q as retry %d of %d, and a retry is due: %t", reason, run.RetryNumber(), tag.RetryLimit(run.Tags), run.RetryDue)
		}
		if over := before.Current.OverRuntime && before.Status == host.Canceling; over != (reason == host.FailureMaxRuntime) {
			fault("it took too long: %t, and failed for %q", over, reason)
		}
		h.due = run.RetryDue
	} else if run.RetryDue && !before.RetryDue {
		fault("a retry became due when it was %s before", before.Status)
	}
}

func (b *table) takeFaults() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.faults
}

// drop notes that a person said no to a retry.
func (b *table) drop(id host.RunID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if h := b.runs[id]; h != nil {
		h.dropped = true
	}
}

func (b *table) deleted(id host.RunID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.runs[id] == nil || b.runs[id].gone
}

// checkRetries looks, once all is at rest, at what became of retries.
func (b *table) checkRetries(t *testing.T) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, h := range b.runs {
		n := len(h.children)
		maybe := h.dropped || h.gone // the retry may have been launched before
		if n > 1 || !h.due && n > 0 || h.due && !maybe && n != 1 {
			t.Errorf("run %s (a retry was due: %t, dropped: %t, deleted: %t) has %d children", id, h.due, h.dropped, h.gone, n)
		}
	}
}
