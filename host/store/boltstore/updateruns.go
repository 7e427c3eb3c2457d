package boltstore

import (
	"context"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// UpdateRuns implements host.Store.
func (s *Store) UpdateRuns(
	ctx context.Context, r host.Request, ids []host.RunID, change func(*host.Run) (events [][]byte, err error),
) ([]host.RunResult, error) {
	m, err := s.several(ctx, r, ids)
	if err != nil {
		return nil, err
	}
	defer m.release()
	u := updates{severalRuns: m, change: change, stored: make([]*host.Run, len(m.ids))}
	err = s.meta.do(&write{ctx: ctx, size: updateSize * len(m.ids), apply: u.apply, settle: u.settle})
	if u.panicked != nil {
		panic(u.panicked) // change is the caller's, and so is its panic
	}
	if err != nil {
		return nil, err
	}
	results := m.answer()
	for i := range results {
		if run := u.stored[m.place[i]]; run != nil {
			results[i].Run = *detached(run)
		}
	}
	return results, nil
}

// updates is one call of UpdateRuns.
type updates struct {
	*severalRuns

	change func(*host.Run) ([][]byte, error)
	// all are those that prepare got through with.
	all []*update
	// stored are the runs as they are stored then, by their place in ids; nil for those that refused.
	stored   []*host.Run
	panicked any
}

// apply is called by the writer of meta.db. That a change panics is known only when those before it were made, so
// nothing is written until all were.
func (u *updates) apply(x *txn) error {
	if err := u.each(x.Tx, u.repeated, u.prepare); err != nil {
		for _, of := range u.all {
			of.drop()
		}
		return err
	}
	for _, of := range u.all {
		of.write(x)
	}
	u.remember(x)
	return nil
}

func (u *updates) prepare(tx *bbolt.Tx, i int) error {
	of := &update{store: u.store, tail: u.tails[i], change: u.change}
	err := of.prepare(tx)
	switch {
	case of.panicked != nil:
		u.panicked, u.failed = of.panicked, err
	case err == nil:
		u.all = append(u.all, of)
		u.stored[i] = of.told
	}
	return err
}

// repeated reads a run that the same request changed before.
func (u *updates) repeated(tx *bbolt.Tx, i int) (err error) {
	u.stored[i], err = runByID(tx, u.ids[i])
	return err
}

// settle is called by the writer of meta.db.
func (u *updates) settle(committed bool) {
	for _, of := range u.all {
		of.settle(committed)
	}
	u.settled(committed)
}
