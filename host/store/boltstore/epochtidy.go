package boltstore

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

const (
	// wantedShare: when less than one part in so many of an epoch's bytes is wanted, what is wanted moves.
	wantedShare = 4
	// smallEpoch is up to where the bytes that are wanted are counted. Of a larger file the pages that are in use are
	// taken for it: a page is given back when little of it is left.
	smallEpoch = 16 << 20
)

// TidyEpochs implements host.Store. It copies what is left of an epoch of which most was deleted to the current one and
// removes its file.
//
// The file goes only when all is copied and meta.db says so; a crash before leaves events in two epochs, which readers take
// for one, and the next call goes on.
func (s *Store) TidyEpochs(ctx context.Context) (tidied host.EpochsTidied, err error) {
	if err := ctx.Err(); err != nil {
		return tidied, err
	}
	if err := s.beginEpoch(ctx); err != nil {
		return tidied, err
	}
	var damage host.Damage
	list := s.epochs.all()
	for _, e := range list[:len(list)-1] {
		if err := ctx.Err(); err != nil {
			return tidied, err
		}
		if err := s.tidyEpoch(ctx, e.name.number, &tidied); err != nil {
			err = fmt.Errorf("tidy %s: %w", e.path, err)
			if host.ReasonOf(err) != reasonDamaged {
				return tidied, err
			}
			damage = append(damage, err) // the others can be tidied still
		}
	}
	return tidied, damage.AsError()
}

// tidyEpoch moves the events of one epoch, if it is worth it, unless somebody else has.
func (s *Store) tidyEpoch(ctx context.Context, number uint64, tidied *host.EpochsTidied) error {
	s.epochs.tidying.Lock()
	defer s.epochs.tidying.Unlock()
	e, err := s.oldEpoch(number)
	if e == nil || err != nil {
		return err
	}
	size, wanted, err := e.use()
	if err != nil || wanted*wantedShare >= size {
		return err
	}
	s.setMoving(e, true)
	moved, err := s.moveEvents(ctx, e)
	tidied.Moved += moved
	removed := false
	if err == nil {
		removed, err = s.removeEpoch(ctx, e)
	}
	if !removed {
		s.setMoving(e, false)
		return err
	}
	tidied.Removed++
	tidied.Freed += size
	s.log.Info("an epoch of which most was deleted is gone",
		slog.String("file", e.path), slog.Uint64("freed_bytes", size), slog.Uint64("moved_bytes", moved))
	return err
}

// oldEpoch returns an epoch that is not current, with no more mapped than it has; nil when there is none.
func (s *Store) oldEpoch(number uint64) (*epoch, error) {
	es := s.epochs
	es.changing.Lock()
	defer es.changing.Unlock()
	if s.closed.Load() {
		return nil, errClosed
	}
	if err := s.fitEpochs(); err != nil {
		return nil, err
	}
	list := es.all()
	i := slices.IndexFunc(list, func(e *epoch) bool { return e.name.number == number })
	if i < 0 || i == len(list)-1 || list[i].roomy {
		return nil, nil //nolint:nilnil // it may be a backup's turn, and that is no error here
	}
	return list[i], nil
}

// use returns how many bytes an epoch has and about how many of them are wanted.
func (e *epoch) use() (size, wanted uint64, err error) {
	err = e.view(func(tx *bbolt.Tx) error {
		size = uint64(tx.Size())
		if size <= smallEpoch {
			wanted = uint64(tx.Bucket(bucketEvents).Stats().LeafInuse)
			return nil
		}
		stats := tx.DB().Stats()
		wanted = size - uint64(stats.FreePageN+stats.PendingPageN)*uint64(tx.DB().Info().PageSize)
		return nil
	})
	return size, wanted, err
}

// setMoving keeps those who rewrite events of ended runs away from an epoch, or lets them.
func (s *Store) setMoving(e *epoch, moving bool) {
	s.purging.Lock()
	defer s.purging.Unlock()
	e.moving = moving
}

// removeEpoch removes an epoch of which everything was copied. A backup has its turn first.
func (s *Store) removeEpoch(ctx context.Context, e *epoch) (removed bool, err error) {
	es := s.epochs
	es.changing.Lock()
	defer es.changing.Unlock()
	if s.closed.Load() {
		return false, errClosed
	}
	if !s.copying.TryLock() {
		return false, nil
	}
	defer s.copying.Unlock()
	if err := s.forgetEpoch(ctx, e); err != nil {
		return false, err
	}
	es.step("marked")
	if err := e.close(); err != nil {
		return true, err
	}
	if err := os.Remove(e.path); err != nil {
		return true, err // the next Open does it
	}
	es.step("removed")
	if err := syncDir(es.dir); err != nil {
		return true, err
	}
	err = s.meta.do(&write{ctx: ctx, frees: true, apply: func(x *txn) error {
		x.putEpochs(namesOf(es.all()))
		return nil
	}})
	es.step("forgotten")
	return true, err
}

// forgetEpoch marks an epoch as going, and takes it from where readers look.
func (s *Store) forgetEpoch(ctx context.Context, e *epoch) error {
	s.purging.Lock()
	defer s.purging.Unlock()
	es := s.epochs
	list := es.all()
	names := namesOf(list)
	i := slices.Index(list, e)
	names[i].going = true
	if err := s.meta.do(&write{ctx: ctx, frees: true, apply: func(x *txn) error {
		x.putEpochs(names)
		return nil
	}}); err != nil {
		return err
	}
	without := slices.Delete(slices.Clone(list), i, i+1)
	es.list.Store(&without)
	return nil
}
