package backfill_test

import (
	"context"
	"errors"
	"sync"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/store/boltstore"
)

var errCrashed = errors.New("the host crashed")

// seam is a real store that crashes with a call: before it does anything, or before it answers. It may also refuse writes
// for a while.
type seam struct {
	*boltstore.Store

	mu      sync.Mutex
	calls   int
	crashAt int
	unsaid  bool
	crashed bool
	// down is closed when it has crashed.
	down chan struct{}
	// refuse is what writes answer while it is set.
	refuse error
}

// around runs a call, unless the host has crashed, and perhaps crashes it.
func around[T any](s *seam, write bool, call func() (T, error)) (T, error) {
	s.mu.Lock()
	s.calls++
	now := s.calls == s.crashAt
	s.crashed = s.crashed || now && !s.unsaid
	down, refuse := s.crashed, s.refuse
	s.crashed = s.crashed || now
	s.mu.Unlock()
	if now {
		defer close(s.down)
	}
	if down {
		return *new(T), errCrashed
	}
	if write && refuse != nil {
		return *new(T), refuse
	}
	v, err := call()
	if now {
		return *new(T), errCrashed
	}
	return v, err
}

func (s *seam) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// hasCrashed tells that the call came with which it crashes.
func (s *seam) hasCrashed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.crashed
}

func (s *seam) Run(ctx context.Context, id host.RunID) (host.Run, error) {
	return around(s, false, func() (host.Run, error) { return s.Store.Run(ctx, id) })
}

func (s *seam) RunOfRequest(ctx context.Context, id string) (host.Run, error) {
	return around(s, false, func() (host.Run, error) { return s.Store.RunOfRequest(ctx, id) })
}

func (s *seam) UpdateRun(ctx context.Context, id host.RunID, change func(*host.Run) ([][]byte, error)) (host.Run, error) {
	return around(s, true, func() (host.Run, error) { return s.Store.UpdateRun(ctx, id, change) })
}

func (s *seam) UpdateRuns(ctx context.Context, r host.Request, ids []host.RunID, change func(*host.Run) ([][]byte, error)) ([]host.RunResult, error) {
	return around(s, true, func() ([]host.RunResult, error) { return s.Store.UpdateRuns(ctx, r, ids, change) })
}

func (s *seam) UpdateBackfill(ctx context.Context, id string, change func(*host.Backfill) error) (host.Backfill, error) {
	return around(s, true, func() (host.Backfill, error) { return s.Store.UpdateBackfill(ctx, id, change) })
}

func (s *seam) CreateBackfill(ctx context.Context, requestID string, b host.Backfill) (made host.Backfill, created bool, err error) {
	made, err = around(s, true, func() (host.Backfill, error) {
		made, isNew, err := s.Store.CreateBackfill(ctx, requestID, b)
		created = isNew
		return made, err
	})
	return made, created, err
}

func (s *seam) CreateRun(ctx context.Context, n host.NewRun) (run host.Run, created bool, err error) {
	run, err = around(s, true, func() (host.Run, error) {
		run, made, err := s.Store.CreateRun(ctx, n)
		created = made
		return run, err
	})
	return run, created, err
}
