package boltstore

import (
	"context"
	"fmt"
	"path/filepath"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// Storage implements host.Store.
func (s *Store) Storage(ctx context.Context) (host.Storage, error) {
	if err := ctx.Err(); err != nil {
		return host.Storage{}, err
	}
	st := host.Storage{Directory: s.space.dir}
	if err := s.meta.view(func(tx *bbolt.Tx) error {
		f, err := readFacts(tx)
		st.ID, st.Format, st.Generation = f.store, f.format, f.generation
		return err
	}); err != nil {
		return host.Storage{}, err
	}
	counts, err := s.CountRuns(ctx, nil)
	if _, err := host.DamageIn(err); err != nil {
		return host.Storage{}, err
	}
	st.Runs = counts.Total()
	for _, d := range s.files() {
		file, err := d.stored()
		if err != nil {
			return host.Storage{}, fmt.Errorf("size of the store: %w", err)
		}
		st.Files = append(st.Files, file)
	}
	var full *host.Error
	if st.DiskFree, full = s.space.measure(); full != nil {
		st.ReadOnly = full.Message
	}
	if err := s.halt.err(); err != nil {
		st.ReadOnly = err.Error()
	}
	return st, nil
}

// files are those of the store, in order of their names.
func (s *Store) files() (all []*database) {
	for _, e := range s.epochs.all() {
		all = append(all, e.database)
	}
	return append(all, s.meta.database)
}

// stored tells how large a file is. The file itself may be longer, and sparse.
func (d *database) stored() (f host.StoredFile, err error) {
	f.Name = filepath.Base(d.path)
	err = d.view(func(tx *bbolt.Tx) error {
		stats := tx.DB().Stats()
		f.Bytes = uint64(max(tx.Size(), 0))
		f.Free = uint64(max(stats.FreePageN+stats.PendingPageN, 0)) * uint64(tx.DB().Info().PageSize)
		return nil
	})
	return f, err
}
