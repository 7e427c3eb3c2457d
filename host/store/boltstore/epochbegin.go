package boltstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// epochDue says whether it is time for a new epoch. A store without a clock goes by size alone.
func (s *Store) epochDue() bool {
	e := s.epochs.current()
	if e.bytes.Load() >= s.epochs.maxBytes {
		return true
	}
	return s.clock != nil && !e.name.created.IsZero() && s.clock.Now().Sub(e.name.created) >= s.epochs.maxAge
}

// beginEpoch begins a new epoch when it is due.
//
// The file is made and synced before meta.db names it, and gets events only then. A crash before leaves a file that nobody
// names, which the next Open removes; one after leaves an empty epoch.
func (s *Store) beginEpoch(ctx context.Context) error {
	es := s.epochs
	es.changing.Lock()
	defer es.changing.Unlock()
	if s.closed.Load() {
		return errClosed
	}
	old := es.current()
	if !s.epochDue() {
		return nil
	}
	if err := s.halt.err(); err != nil {
		return err
	}
	name := epochName{number: old.name.number + 1}
	if s.clock != nil {
		name.created = s.clock.Now()
	}
	path := filepath.Join(es.dir, eventsName(name.number))
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) { // of an earlier try, see strayEpoch
		return fmt.Errorf("begin epoch %d: %w", name.number, err)
	}
	e, err := es.openOne(name, true)
	if err != nil {
		return fmt.Errorf("begin epoch %d: %w", name.number, err)
	}
	es.step("made")
	if err = syncDir(es.dir); err == nil {
		err = s.nameEpoch(ctx, e)
	}
	if err != nil {
		err = errors.Join(fmt.Errorf("begin epoch %d: %w", name.number, err), e.close())
		if s.halt.err() == nil { // else it may have its name
			err = errors.Join(err, os.Remove(path))
		}
		return err
	}
	es.step("begun")
	return s.fitEpochs()
}

// nameEpoch makes e the current epoch. Whoever takes a backup sees it with its name or not at all.
func (s *Store) nameEpoch(ctx context.Context, e *epoch) error {
	s.purging.RLock()
	defer s.purging.RUnlock()
	es := s.epochs
	list := append(slices.Clone(es.all()), e)
	if err := s.meta.do(&write{ctx: ctx, apply: func(x *txn) error {
		x.putEpochs(namesOf(list))
		return nil
	}}); err != nil {
		return err
	}
	es.step("named")
	es.appending.Lock()
	defer es.appending.Unlock()
	es.list.Store(&list)
	return nil
}

// fitEpochs lets epochs that are not current map no more than they have, and finds out which runs they are about. While a
// backup reads them it leaves them as they are: closing one would make everybody wait for it. changing is held.
func (s *Store) fitEpochs() error {
	es := s.epochs
	list := es.all()
	for i, e := range list[:len(list)-1] {
		if !e.roomy || !s.copying.TryLock() {
			continue
		}
		err := s.fitEpoch(i, e)
		s.copying.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) fitEpoch(i int, e *epoch) error {
	s.purging.Lock() // nobody else writes to it
	defer s.purging.Unlock()
	es := s.epochs
	es.mapping.Lock()
	defer es.mapping.Unlock()
	err := e.close()
	var snug *epoch
	if err == nil {
		snug, err = es.openOne(e.name, false)
	}
	if err != nil {
		return es.halt.because(e.path, fmt.Errorf("open it with less memory mapped: %w", err))
	}
	list := slices.Clone(es.all())
	list[i] = snug
	es.list.Store(&list)
	return nil
}
