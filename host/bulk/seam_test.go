package bulk_test

import (
	"context"
	"errors"
	"sync"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/selector"
)

var errCrashed = errors.New("the host crashed")

// seam is a real store that crashes with a call: before it does anything, or before it answers. It may also refuse writes
// for a while.
type seam struct {
	host.Store

	mu      sync.Mutex
	calls   int
	crashAt int
	unsaid  bool
	crashed bool
	// down is closed when it has crashed.
	down chan struct{}
	// refuse is what writes answer while it is set, refusePut only those of an action itself; beforeUpdate is called before
	// several runs are changed, afterUpdate after it.
	refuse       error
	refusePut    error
	beforeUpdate func(ids []host.RunID)
	afterUpdate  func()
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

func (s *seam) SelectRuns(ctx context.Context, where *selector.Expr, before uint64, limit int) (host.RunRefs, error) {
	return around(s, false, func() (host.RunRefs, error) { return s.Store.SelectRuns(ctx, where, before, limit) })
}

func (s *seam) UpdateRuns(ctx context.Context, r host.Request, ids []host.RunID, change func(*host.Run) ([][]byte, error)) ([]host.RunResult, error) {
	s.mu.Lock()
	before, after := s.beforeUpdate, s.afterUpdate
	s.mu.Unlock()
	if before != nil {
		before(ids)
	}
	if after != nil {
		defer after()
	}
	return around(s, true, func() ([]host.RunResult, error) { return s.Store.UpdateRuns(ctx, r, ids, change) })
}

func (s *seam) DeleteRuns(ctx context.Context, r host.Request, ids []host.RunID) ([]host.RunResult, error) {
	return around(s, true, func() ([]host.RunResult, error) { return s.Store.DeleteRuns(ctx, r, ids) })
}

func (s *seam) PutBulk(ctx context.Context, b host.Bulk) error {
	s.mu.Lock()
	refuse := s.refusePut
	s.mu.Unlock()
	if refuse != nil {
		return refuse
	}
	_, err := around(s, true, func() (struct{}, error) { return struct{}{}, s.Store.PutBulk(ctx, b) })
	return err
}

func (s *seam) CreateBulk(ctx context.Context, requestID string, b host.Bulk) (made host.Bulk, created bool, err error) {
	made, err = around(s, true, func() (host.Bulk, error) {
		made, isNew, err := s.Store.CreateBulk(ctx, requestID, b)
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
