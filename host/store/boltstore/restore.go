package boltstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// partialName is where files of a backup are until all of them are checked and the store is ready.
const partialName = "restore.partial"

// RestoreOptions are what Restore is told. Clock and Fence are required.
type RestoreOptions struct {
	// Logger gets what an operator must know. Default: none.
	Logger *slog.Logger
	Clock  host.Clock
	// Fence changes a run that was not final when the backup was taken, so that no worker of then, or of since, can go on
	// with it, and returns the events that tell so.
	Fence func(run *host.Run, takenAt time.Time) (events [][]byte, err error)
	// MetadataTexts and Free are as for Open.
	MetadataTexts func(body []byte) ([]host.MetadataText, error)
	Free          func(dir string) (uint64, error)
}

// Restored says what Restore has made.
type Restored struct {
	// Store names the store, TakenAt is the moment that it shows. Generation is how often it was restored by now.
	Store      string
	TakenAt    time.Time
	Generation uint64
	// Runs is how many there are, Queued how many of them go on, Failed how many had been started and so have failed.
	Runs, Queued, Failed int
}

// Restore makes the store of a backup in dir, which must hold none. Nothing is in its place before all of it has been
// checked. Errors that people can act on are host.Errors with reason BACKUP_NOT_FOUND, STORE_EXISTS, BACKUP_DAMAGED,
// STORE_TOO_NEW and STORE_FULL.
func Restore(ctx context.Context, file, dir string, o RestoreOptions) (Restored, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	r := &restore{o: o, file: file, dir: dir, partial: filepath.Join(dir, partialName)}
	if err := r.run(ctx); err != nil {
		return Restored{}, fmt.Errorf("restore %s into %s: %w", file, dir, err)
	}
	return r.made, nil
}

// restore is one call of Restore.
type restore struct {
	o                  RestoreOptions
	file, dir, partial string
	manifest           manifest
	made               Restored
}

func (r *restore) run(ctx context.Context) error {
	// Before anything is made: a wrong name leaves no directory behind.
	switch info, err := os.Stat(r.file); {
	case errors.Is(err, fs.ErrNotExist):
		return noBackup("there is no file %s", r.file)
	case err != nil:
		return err
	case info.IsDir():
		return noBackup("%s is a directory", r.file)
	}
	if err := r.clear(); err != nil {
		return err
	}
	if err := r.room(); err != nil {
		return err
	}
	if err := os.Mkdir(r.partial, 0o700); err != nil {
		return err
	}
	err := r.fill(ctx)
	if err == nil {
		err = r.place()
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(r.partial))
	}
	return nil
}

func noBackup(format string, args ...any) error {
	return &host.Error{
		Code: host.NotFound, Reason: "BACKUP_NOT_FOUND", Message: fmt.Sprintf(format, args...),
		Remedy: "name the file that penstock backup --out wrote; to use a copy of a data directory, give it to penstock serve --data",
	}
}

// fill makes a store that is ready beside the place where it goes.
func (r *restore) fill(ctx context.Context) error {
	backup, err := os.Open(r.file)
	if err != nil {
		return err
	}
	defer func() { _ = backup.Close() }() // it was only read
	if r.manifest, err = unpackBackup(ctx, backup, r.partial); err != nil {
		return err
	}
	if err := dropStrayEvents(r.partial); err != nil {
		return err
	}
	return r.fence(ctx)
}

// clear makes the directory, and removes from it what an interrupted restore left.
func (r *restore) clear() error {
	if err := os.MkdirAll(r.dir, 0o700); err != nil {
		return err
	}
	interrupted, err := exists(r.partial)
	if err != nil {
		return err
	}
	there, err := namesIn(r.dir, func(name string) bool {
		return name == identityName || strings.HasPrefix(name, "meta.db") || strings.HasPrefix(name, "events-")
	})
	if err != nil {
		return err
	}
	if len(there) > 0 && (!interrupted || slices.Contains(there, identityName)) {
		return &host.Error{
			Code: host.Conflict, Reason: "STORE_EXISTS",
			Message: fmt.Sprintf("%s holds a store, or a part of one (%s)", r.dir, strings.Join(there, ", ")),
			Remedy:  "restore into a directory without one; nothing was changed",
		}
	}
	// The file that names the store comes last, so these are not in use.
	for _, name := range there {
		if err := os.Remove(filepath.Join(r.dir, name)); err != nil {
			return err
		}
	}
	return os.RemoveAll(r.partial)
}

// room refuses when the backup does not fit on the disk.
func (r *restore) room() error {
	if r.o.Free == nil {
		return nil
	}
	info, err := os.Stat(r.file)
	if err != nil {
		return err
	}
	free, err := r.o.Free(r.dir)
	if err != nil {
		return nil //nolint:nilerr // better one that may fail than none because of a measurement
	}
	if needed := uint64(info.Size()) + minFree; free < needed {
		return &host.Error{
			Code: host.Unavailable, Reason: host.ReasonFull,
			Message: fmt.Sprintf("the store needs %d MiB in %s, and %d MiB are free", needed>>20, r.dir, free>>20),
			Remedy:  "make room on that disk, or restore into a directory on a larger one",
		}
	}
	return nil
}

// dropStrayEvents sees to events of runs that were made between the moments at which the files of the backup were read:
// their numbers will be given to others. Open removes them.
func dropStrayEvents(dir string) error {
	meta, err := openDatabase(filepath.Join(dir, metaName), nil)
	if err != nil {
		return err
	}
	f, err := meta.facts()
	if err != nil {
		return errors.Join(err, meta.db.Close())
	}
	stray := map[uint64]bool{}
	for _, n := range f.epochs {
		path := filepath.Join(dir, eventsName(n.number))
		if there, err := exists(path); err != nil || !there {
			continue // one that is missing is Open's to tell
		}
		db, err := guardedOpen(path, &bbolt.Options{ReadOnly: true, Timeout: lockWait})
		if err != nil {
			return errors.Join(damagedFile(path, err), meta.db.Close())
		}
		d := &database{db: db, path: path}
		err = d.view(func(tx *bbolt.Tx) error {
			c := tx.Bucket(bucketEvents).Cursor()
			for k, _ := c.Seek(seqKey(max(f.next.seq, 1))); len(k) >= seqLen; {
				seq, _ := seqOf(k[:seqLen])
				stray[seq] = true
				k, _ = c.Seek(seqKey(seq + 1))
			}
			return nil
		})
		if err := errors.Join(err, db.Close()); err != nil {
			return errors.Join(err, meta.db.Close())
		}
	}
	err = meta.db.Update(func(tx *bbolt.Tx) error {
		x := &txn{Tx: tx}
		for seq := range stray {
			x.put(bucketPurge, seqKey(seq), nil)
		}
		return x.err
	})
	return errors.Join(err, meta.db.Close())
}

// fence opens the store, counts it as restored once more, and keeps workers of before from its runs.
func (r *restore) fence(ctx context.Context) (err error) {
	s, err := Open(r.partial, &Options{ //nolint:contextcheck // what it begins is finished, whoever waits
		Logger: r.o.Logger, Clock: r.o.Clock, MetadataTexts: r.o.MetadataTexts,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	f, err := s.meta.facts()
	if err != nil {
		return err
	}
	r.made = Restored{Store: f.store, TakenAt: r.manifest.TakenAt, Generation: f.generation + 1}
	if err := s.meta.do(&write{ctx: ctx, apply: func(x *txn) error {
		x.put(bucketMeta, metaAgain, seqKey(r.made.Generation))
		return nil
	}}); err != nil {
		return err
	}
	runs, err := s.OpenRuns(ctx)
	damage, err := host.DamageIn(err)
	if err != nil {
		return err
	}
	if damage != nil {
		r.o.Logger.Error("runs that are not final cannot be read in the backup; they keep as they are", "runs", len(damage), "error", damage)
	}
	for i := range runs {
		run, err := s.UpdateRun(ctx, runs[i].ID, func(run *host.Run) ([][]byte, error) { return r.o.Fence(run, r.manifest.TakenAt) })
		if err != nil {
			return err
		}
		if run.Status.Final() {
			r.made.Failed++
		} else {
			r.made.Queued++
		}
	}
	counts, err := s.CountRuns(ctx, nil)
	if _, err := host.DamageIn(err); err != nil {
		return err
	}
	r.made.Runs = int(counts.Total())
	return nil
}

// place moves the files of the store to where they belong, the one that names it last.
func (r *restore) place() error {
	names, err := namesIn(r.partial, func(name string) bool { return name != identityName })
	if err != nil {
		return err
	}
	slices.Sort(names) // events before meta.db
	for _, name := range append(names, identityName) {
		if err := os.Rename(filepath.Join(r.partial, name), filepath.Join(r.dir, name)); err != nil {
			return err
		}
		if err := syncDir(r.dir); err != nil {
			return err
		}
	}
	if err := os.Remove(r.partial); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return syncDir(r.dir)
}
