package boltstore

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"

	"go.etcd.io/bbolt"
)

// migrate brings meta.db of an older format to the present one, by a copy. A store of this format is left as it is.
func migrate(dir string, o Options) error {
	path := filepath.Join(dir, metaName)
	src, err := openDatabase(path, o.open)
	if err != nil {
		return err
	}
	f, err := src.facts() // again, for only now can nobody else write
	if err == nil {
		err = f.tooNew(path)
	}
	if err != nil || f.format >= readerVersion {
		return errors.Join(err, src.db.Close())
	}
	size, err := src.size()
	if err != nil {
		return errors.Join(err, src.db.Close())
	}
	o.Logger.Info("the store is brought to a new format, which takes a while when it is large; the old one is kept until that is done",
		slog.String("dir", dir), slog.Uint64("from", f.format), slog.Uint64("to", formatVersion), slog.Int64("bytes", size))
	r := rewriting{
		dir: dir, name: metaName, log: o.Logger, open: o.open, free: o.Free, step: o.rewriteStep,
		finish: func(d *database) error { return errors.Join(raise(d), rebuildIndex(context.Background(), d, &o)) },
	}
	made, err := r.run(src)
	if err != nil {
		return errors.Join(err, src.db.Close())
	}
	if err := errors.Join(src.db.Close(), made.db.Close()); err != nil {
		return err
	}
	o.Logger.Info("the store has the new format", slog.String("dir", dir), slog.Uint64("format", formatVersion))
	return nil
}

// raise makes a file one of this format.
func raise(d *database) error {
	return d.db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists(bucketMeta)
		if err != nil {
			return err
		}
		for _, name := range metaBuckets() { // a host that dies now leaves a whole store
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return errors.Join(b.Put(metaFormat, seqKey(formatVersion)), b.Put(metaReader, seqKey(readerVersion)))
	})
}
