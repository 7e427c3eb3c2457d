package boltstore

import (
	"context"
	"log/slog"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// purgeSlice is how many records of events one write removes, so that other writes need not wait long.
const purgeSlice = 1000

// DeleteRun implements host.Store.
func (s *Store) DeleteRun(ctx context.Context, id host.RunID) error {
	results, err := s.DeleteRuns(ctx, host.Request{}, []host.RunID{id})
	if err != nil {
		return err
	}
	return results[0].Err
}

// DeleteRuns implements host.Store. Runs with their notes go in one transaction. Their events, in their own file, are
// out of reach with them and follow; what a crash leaves of them, the next Open removes.
func (s *Store) DeleteRuns(ctx context.Context, r host.Request, ids []host.RunID) ([]host.RunResult, error) {
	m, err := s.several(ctx, r, ids)
	if err != nil {
		return nil, err
	}
	defer m.release()
	d := deletion{severalRuns: m}
	if err := s.meta.do(&write{ctx: ctx, frees: true, size: updateSize * len(m.ids), apply: d.apply, settle: d.settle}); err != nil {
		return nil, err
	}
	if len(d.runs) > 0 {
		seqs := make([]uint64, len(d.runs))
		for i, run := range d.runs {
			seqs[i] = run.Seq
		}
		if err := s.purge(context.WithoutCancel(ctx), seqs); err != nil {
			s.log.Warn("events of deleted runs are still on disk; the next start removes them",
				slog.Int("runs", len(seqs)), slog.String("first", string(d.runs[0].ID)), slog.Any("error", err))
		}
	}
	return m.answer(), nil
}

// deletion is one call of DeleteRuns.
type deletion struct {
	*severalRuns

	// runs are those that it deletes, of their tails.
	runs []*host.Run
	of   []*tail
}

// apply is called by the writer of meta.db.
func (d *deletion) apply(x *txn) error {
	if err := d.each(x.Tx, d.repeated, d.prepare); err != nil {
		return err
	}
	for _, run := range d.runs {
		x.deleteRun(run)
	}
	d.remember(x)
	return nil
}

// prepare looks whether a run can be deleted.
func (d *deletion) prepare(tx *bbolt.Tx, i int) error {
	stored, err := d.tails[i].storedRun(tx)
	if err != nil {
		return err
	}
	run := stored.run
	if !run.Status.Final() {
		return conflict(reasonNotFinal, "run %s is %s; only a run that has ended can be deleted", run.ID, run.Status)
	}
	d.runs, d.of = append(d.runs, run), append(d.of, d.tails[i])
	d.results[i].Run = host.Run{ID: run.ID, Seq: run.Seq, Job: run.Job}
	return nil
}

// repeated answers for a run that the same request deleted before.
func (d *deletion) repeated(_ *bbolt.Tx, i int) error {
	d.results[i].Run.ID = d.ids[i]
	return nil
}

// settle is called by the writer of meta.db.
func (d *deletion) settle(committed bool) {
	if committed {
		for i, run := range d.runs {
			d.store.announceDelete(d.of[i], run)
		}
	}
	d.settled(committed)
}

func (x *txn) deleteRun(run *host.Run) {
	id, _ := idKey(run.ID)
	seq := seqKey(run.Seq)
	x.del(bucketRuns, seq)
	x.postings().Delete(run.Seq)
	x.del(bucketIDs, id)
	x.del(bucketRetries, seq)
	x.putOutputs(run, id)
	x.put(bucketPurge, seq, nil)
	for _, key := range keysOf(x.Bucket(bucketNotes), run.Seq, -1) {
		x.del(bucketNotes, key)
	}
}

// purge removes what is left of deleted runs' events, from all epochs.
func (s *Store) purge(ctx context.Context, runs []uint64) error {
	s.purging.RLock()
	defer s.purging.RUnlock()
	runs = slices.Sorted(slices.Values(runs))
	for _, e := range s.epochs.all() {
		if len(runs) == 0 || !e.mayHave(runs[0], runs[len(runs)-1]) {
			continue
		}
		if err := e.purge(ctx, runs); err != nil {
			return err
		}
	}
	return s.meta.do(&write{ctx: ctx, frees: true, apply: func(x *txn) error {
		for _, run := range runs {
			x.del(bucketPurge, seqKey(run))
		}
		return nil
	}})
}

// purge removes the events that runs have in one epoch.
func (e *epoch) purge(ctx context.Context, runs []uint64) error {
	for len(runs) > 0 {
		if err := e.do(&write{ctx: ctx, frees: true, apply: func(x *txn) error {
			for left := purgeSlice; left > 0 && len(runs) > 0; left-- {
				keys := keysOf(x.Bucket(bucketEvents), runs[0], left)
				for _, key := range keys {
					x.del(bucketEvents, key)
				}
				if left -= len(keys); left > 0 {
					runs = runs[1:]
				}
			}
			return nil
		}}); err != nil {
			return err
		}
	}
	return nil
}

// finishDeletes purges what a crash left.
func (s *Store) finishDeletes() error {
	var runs []uint64
	if err := s.meta.view(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucketPurge).ForEach(func(k, _ []byte) error {
			if seq, ok := seqOf(k); ok {
				runs = append(runs, seq)
			}
			return nil
		})
	}); err != nil {
		return err
	}
	for some := range slices.Chunk(runs, host.MaxRunsPerWrite) {
		if err := s.purge(context.Background(), some); err != nil {
			return err
		}
	}
	return nil
}

// keysOf copies at most limit keys of the run's records in a bucket with place keys; all when limit is negative.
func keysOf(b *bbolt.Bucket, run uint64, limit int) (keys [][]byte) {
	c := b.Cursor()
	k, _ := c.Seek(placeKey(run, host.Cursor{}))
	for _, ok := placeOf(run, k); ok && len(keys) != limit; _, ok = placeOf(run, k) {
		keys = append(keys, append([]byte(nil), k...))
		k, _ = c.Next()
	}
	return keys
}
