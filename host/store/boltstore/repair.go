package boltstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/penstock-run/penstock/host"
)

// Repair makes what is derived from records anew: the ids of runs, the lists of those that are open or to be retried, the
// request ids of actions on many runs and of backfills, how keys of dynamic partitions are found, the index, the file that names the store, and a meta page of which the other one is sound. Records it never touches. What it
// has done is in the log. Look with Fsck before, and after. Its errors are those of Fsck, and STORE_DAMAGED when pages of a
// file cannot be trusted.
func Repair(ctx context.Context, dir string, options *Options) error {
	found, err := Fsck(ctx, dir, options, func(Problem) {})
	if err != nil || found.Mendable == 0 {
		return err
	}
	r := &repair{dir: dir, o: options.orDefaults()}
	err = r.run(ctx, found)
	if errors.Is(err, berrors.ErrTimeout) {
		err = locked(dir, err)
	}
	if err != nil {
		return fmt.Errorf("repair store %s: %w", dir, err)
	}
	return nil
}

// repair is one call of Repair.
type repair struct {
	dir string
	o   Options
}

func (r *repair) run(ctx context.Context, found Checked) error {
	if found.Unreadable {
		return &host.Error{
			Code: host.Internal, Reason: reasonDamaged,
			Message: "pages of a file cannot be trusted, so nothing can be made from what is in it",
			Remedy:  "restore the data directory from a backup; check the disk",
		}
	}
	if found.Format < formatVersion {
		return conflict("STORE_OLD", "the store has format %d; the next start of a host brings it to format %d, and makes all that is derived anew", found.Format, formatVersion)
	}
	path := filepath.Join(r.dir, metaName)
	if err := resumeAll(r.dir, r.o.Logger); err != nil {
		return err
	}
	meta, err := openDatabase(path, r.o.open)
	if err != nil {
		return err
	}
	defer func() {
		if err := meta.db.Close(); err != nil {
			r.o.Logger.Error("close the store", slog.Any("error", err))
		}
	}()
	f, err := meta.facts()
	if err != nil {
		return err
	}
	if err := r.metaPages(meta, f); err != nil {
		return err
	}
	if err := r.lists(meta); err != nil {
		return err
	}
	if err := r.index(ctx, meta); err != nil {
		return err
	}
	id, err := readIdentity(r.dir)
	if err != nil || id != "" {
		return nil // a damaged one is for people to look at
	}
	is, err := os.Stat(path)
	if err != nil {
		return err
	}
	r.o.Logger.Info("the file that names the store was made anew", slog.String("store", f.store))
	return errors.Join(writeIdentity(r.dir, f.store), giveTo(filepath.Join(r.dir, identityName), is))
}

// metaPages writes each file of which a meta page is damaged: a commit writes over the older one, which the damaged one
// counts as.
func (r *repair) metaPages(meta *database, f facts) error {
	if err := r.metaPage(metaName, meta); err != nil {
		return err
	}
	for _, n := range f.epochs {
		if n.going {
			continue
		}
		events, err := openDatabase(filepath.Join(r.dir, eventsName(n.number)), r.o.open)
		if err != nil {
			return err
		}
		if err := errors.Join(r.metaPage(eventsName(n.number), events), events.db.Close()); err != nil {
			return err
		}
	}
	return nil
}

func (r *repair) metaPage(name string, d *database) error {
	if err := checkMetaPages(d.path); err == nil {
		return nil
	}
	if err := d.db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucketMeta)
		return b.Put(metaFormat, bytes.Clone(b.Get(metaFormat)))
	}); err != nil {
		return err
	}
	r.o.Logger.Warn("a damaged meta page was written anew; what was written last before the damage may be missing", slog.String("file", name))
	return checkMetaPages(d.path)
}

// lists makes right what is looked up by the records of runs.
func (r *repair) lists(meta *database) error {
	changes, err := listChanges(meta)
	if err != nil || len(changes) == 0 {
		return err
	}
	if err := meta.db.Update(func(tx *bbolt.Tx) error {
		x := &txn{Tx: tx}
		for _, c := range changes {
			if c.value == nil {
				x.del(c.bucket, c.key)
			} else {
				x.put(c.bucket, c.key, c.value)
			}
		}
		return x.err
	}); err != nil {
		return err
	}
	r.o.Logger.Info("ids and lists of runs were made right", slog.Int("records", len(changes)))
	return nil
}

// listChange puts a record, or removes it when value is nil.
type listChange struct {
	bucket     []byte
	key, value []byte
}

// listChanges compares ids and lists with the runs. What belongs to a run that cannot be read stays as it is.
func listChanges(meta *database) (changes []listChange, err error) {
	put := func(bucket, key, value []byte) {
		changes = append(changes, listChange{bucket, bytes.Clone(key), value})
	}
	err = meta.view(func(tx *bbolt.Tx) error {
		f, err := readFacts(tx)
		if err != nil {
			return err
		}
		next := f.next
		ids, open, retries := tx.Bucket(bucketIDs), tx.Bucket(bucketOpen), tx.Bucket(bucketRetries)
		runs := tx.Bucket(bucketRuns)
		c := runs.Cursor()
		for k, v := c.First(); k != nil; k, v = c.Next() {
			run, _, err := decodeRun(k, v)
			if err != nil {
				continue
			}
			id, _ := idKey(run.ID)
			if !bytes.Equal(ids.Get(id), k) {
				put(bucketIDs, id, bytes.Clone(k))
			}
			switch is := open.Get(k); {
			case run.Status.Final() && is != nil:
				put(bucketOpen, k, nil)
			case !run.Status.Final() && string(is) != string(run.Status):
				put(bucketOpen, k, []byte(run.Status))
			}
			if run.RetryDue && retries.Get(k) == nil {
				put(bucketRetries, k, []byte{})
			}
			if run.Seq >= next.seq {
				next.seq, next.created = run.Seq+1, later(next.created, run.CreatedAt)
			}
		}
		if next.seq != f.next.seq {
			put(bucketMeta, metaNext, next.record())
		}
		for _, list := range []struct {
			bucket []byte
			seq    func(k, v []byte) ([]byte, bool)
		}{
			{bucketIDs, func(k, v []byte) ([]byte, bool) { return v, isIDOf(runs, k, v) }},
			{bucketOpen, func(k, _ []byte) ([]byte, bool) { return k, true }},
			{bucketRetries, func(k, _ []byte) ([]byte, bool) { return k, true }},
		} {
			c := tx.Bucket(list.bucket).Cursor()
			for k, v := c.First(); k != nil; k, v = c.Next() {
				if seq, right := list.seq(k, v); !right || runs.Get(seq) == nil {
					put(list.bucket, k, nil)
				}
			}
		}
		changes = append(changes, bulkRequests.changes(tx)...)
		changes = append(changes, backfillRequests.changes(tx)...)
		changes = append(changes, partitionChanges(tx)...)
		return nil
	})
	return changes, err
}

// isIDOf says whether an id may be that of the run with this number: it is, or the run cannot be read.
func isIDOf(runs *bbolt.Bucket, id, seq []byte) bool {
	run, _, err := decodeRun(seq, runs.Get(seq))
	if err != nil {
		return true
	}
	key, _ := idKey(run.ID)
	return bytes.Equal(key, id)
}
