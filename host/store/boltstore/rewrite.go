package boltstore

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/penstock-run/penstock/host"
)

// A file is rewritten into one beside it, which takes its place when it is complete and on disk. At each moment one of
// them is whole:
//
//	F, maybe F.new     it is as it was; the new one is incomplete
//	F.old, F.new       the new one is complete, and about to become F
//	F.old, F           the new one has become F; the old one is about to be removed
//
// Whoever opens a store puts F.old back when F is missing, and removes what is left over when it is not.
const (
	suffixNew = ".new"
	suffixOld = ".old"
)

// pageSize is that of files that hold records of about a kilobyte: pages of 4 KiB waste a quarter of their bytes.
const pageSize = 8 << 10

// eventsPageSize is that of files of events. A merged record of events has several kilobytes and pages of its own, of which
// small ones leave less room behind it: a tenth of the file.
const eventsPageSize = 4 << 10

// pageSizeOf is the size of the pages of a file that is made.
func pageSizeOf(path string) int {
	if strings.HasPrefix(filepath.Base(path), "events-") {
		return eventsPageSize
	}
	return pageSize
}

// What one transaction of a copy takes. It bounds memory.
const (
	copyRecords = 50_000
	copyBytes   = 32 << 20
)

// rewriting is one rewrite of a file.
type rewriting struct {
	dir, name string
	log       *slog.Logger
	open      openFile
	free      func(dir string) (uint64, error)
	// leave are buckets that are not copied.
	leave [][]byte
	// finish completes the copy before it is synced. It may be nil.
	finish func(*database) error
	// step is called before each step; tests stop there. It may be nil.
	step func(what string) error

	damage host.Damage
	// of is how many bytes the file has, told the tenth of these that was told last.
	of, told int64
}

func (r *rewriting) path() string { return filepath.Join(r.dir, r.name) }

func (r *rewriting) at(what string) error {
	if r.step == nil {
		return nil
	}
	return r.step(what)
}

// run rewrites src, which is the file, open for writing so that nobody else has it. The copy, which has taken its place, is
// returned open: as long as it is, it is nobody else's either. Close src before it.
func (r *rewriting) run(src *database) (made *database, err error) {
	if err := remove(r.path() + suffixNew); err != nil { // first, for it may be what takes the room
		return nil, err
	}
	if err := r.room(src); err != nil {
		return nil, err
	}
	if made, err = createCopy(r.path()+suffixNew, r.open); err != nil {
		return nil, fmt.Errorf("create a copy of %s: %w", r.path(), err)
	}
	if err := r.fill(src, made); err != nil {
		return nil, errors.Join(err, made.db.Close(), r.giveUp())
	}
	if err := r.replace(); err != nil {
		return nil, errors.Join(err, made.db.Close())
	}
	return made, nil
}

// giveUp removes a copy that is not complete: nobody else does before the store opens, and it may never.
func (r *rewriting) giveUp() error {
	if err := r.at("give up"); err != nil {
		return nil //nolint:nilerr // a test stopped before, and says so
	}
	return remove(r.path() + suffixNew)
}

// room refuses when the copy would not fit on the disk.
func (r *rewriting) room(src *database) error {
	size, err := src.size()
	if err != nil {
		return err
	}
	r.of = size
	if r.free == nil {
		return nil
	}
	free, err := r.free(r.dir)
	if err != nil {
		r.log.Warn("how much room the disk has cannot be found out", slog.Any("error", err))
		return nil
	}
	// The copy is no larger, but for the index, which is a few percent; and others write too.
	if needed := uint64(size) + uint64(size)/4 + minFree; free < needed {
		return &host.Error{
			Code: host.Unavailable, Reason: host.ReasonFull,
			Message: fmt.Sprintf("rewriting %s needs room for a copy: %d MiB are needed in %s, and %d MiB are free",
				r.path(), needed>>20, r.dir, free>>20),
			Remedy: "make room on that disk, or move the data directory to a larger one; nothing was changed",
		}
	}
	return nil
}

// fill copies all records and makes the copy durable.
func (r *rewriting) fill(src, made *database) error {
	if err := r.at("copy"); err != nil {
		return err
	}
	if err := src.view(func(tx *bbolt.Tx) error { return r.copyAll(tx, made) }); err != nil {
		return fmt.Errorf("copy %s: %w", r.path(), err)
	}
	if err := r.damage.AsError(); err != nil {
		return fmt.Errorf("copy %s: %w", r.path(), err)
	}
	if r.finish != nil {
		if err := r.at("finish"); err != nil {
			return err
		}
		if err := r.finish(made); err != nil {
			return fmt.Errorf("complete the copy of %s: %w", r.path(), err)
		}
	}
	is, err := os.Stat(r.path())
	if err != nil {
		return err
	}
	if err := giveTo(made.path, is); err != nil {
		return fmt.Errorf("give the copy of %s to its owner: %w", r.path(), err)
	}
	if err := r.at("sync"); err != nil {
		return err
	}
	if err := made.db.Sync(); err != nil {
		return fmt.Errorf("sync the copy of %s: %w", r.path(), err)
	}
	return syncDir(r.dir)
}

// replace puts the copy in the place of the file.
func (r *rewriting) replace() error {
	for _, move := range []struct{ what, from, to string }{
		{"put the old one aside", r.path(), r.path() + suffixOld},
		{"put the new one in its place", r.path() + suffixNew, r.path()},
	} {
		if err := r.at(move.what); err != nil {
			return err
		}
		if err := os.Rename(move.from, move.to); err != nil {
			return fmt.Errorf("replace %s by its copy: %w", r.path(), err)
		}
		if err := syncDir(r.dir); err != nil {
			return err
		}
	}
	if err := r.at("remove the old one"); err != nil {
		return err
	}
	if err := os.Remove(r.path() + suffixOld); err != nil {
		return fmt.Errorf("replace %s by its copy: %w", r.path(), err)
	}
	return syncDir(r.dir)
}

// createCopy makes a database that is synced once, at its end.
func createCopy(path string, open openFile) (*database, error) {
	return openMapped(path, &bbolt.Options{
		Timeout: lockWait, FreelistType: bbolt.FreelistMapType, PageSize: pageSizeOf(path), OpenFile: open, NoSync: true, NoGrowSync: true,
	})
}

// copyAll copies each bucket in the order of its keys, so that the copy is written from its beginning to its end.
func (r *rewriting) copyAll(from *bbolt.Tx, made *database) error {
	return from.ForEach(func(name []byte, b *bbolt.Bucket) error {
		for _, left := range r.leave {
			if string(left) == string(name) {
				return nil
			}
		}
		check := checksOf(name)
		c := b.Cursor()
		k, v := c.First()
		for first := true; first || k != nil; first = false {
			if err := made.db.Update(func(tx *bbolt.Tx) error {
				to, err := tx.CreateBucketIfNotExists(name)
				if err != nil {
					return err
				}
				to.FillPercent = fullPage
				for records, size := 0, 0; k != nil && records < copyRecords && size < copyBytes; k, v = c.Next() {
					if v == nil && b.Bucket(k) != nil {
						return damaged(string(name), k, errors.New("it is a bucket, and not a record"))
					}
					if err := check(k, v); err != nil {
						r.damage = append(r.damage, err) // the others are looked at, so that all are told
					}
					if err := to.Put(k, v); err != nil {
						return err
					}
					records++
					size += len(k) + len(v)
				}
				return nil
			}); err != nil {
				return err
			}
			r.progress(made)
		}
		return nil
	})
}

// progress tells each tenth.
func (r *rewriting) progress(made *database) {
	const worthTelling = 64 << 20
	size, err := made.size()
	if err != nil || r.of < worthTelling {
		return
	}
	if tenth := min(size*10/r.of, 9); tenth > r.told {
		r.told = tenth
		r.log.Info("a file of the store is being rewritten", slog.String("file", r.path()), slog.Int64("percent", 10*tenth))
	}
}

// resume finishes what an interrupted rewrite of a file left in a directory, before the file is opened.
func resume(dir, name string, log *slog.Logger) error {
	path := filepath.Join(dir, name)
	if there, err := exists(path); err != nil || there {
		return err
	}
	old := path + suffixOld
	if there, err := exists(old); err != nil || !there {
		return err
	}
	// Whoever rewrites it holds its lock until it has taken its place or is gone.
	db, err := guardedOpen(old, &bbolt.Options{ReadOnly: true, Timeout: lockWait})
	if errors.Is(err, berrors.ErrTimeout) {
		return err
	}
	if err != nil {
		return damagedFile(old, err)
	}
	defer func() { _ = db.Close() }() // it was only read
	there, err := exists(path)
	if err != nil || there {
		return err // it was complete meanwhile
	}
	if err := os.Rename(old, path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("put %s back: %w", path, err)
	}
	log.Info("rewriting a file of the store was interrupted; it is as it was before", slog.String("file", path))
	return syncDir(dir)
}

// resumeAll does so for each file of a directory.
func resumeAll(dir string, log *slog.Logger) error {
	left, err := namesIn(dir, func(name string) bool { return strings.HasSuffix(name, ".db"+suffixOld) })
	for _, name := range left {
		if err := resume(dir, strings.TrimSuffix(name, suffixOld), log); err != nil {
			return err
		}
	}
	return err
}

// tidyAll removes what interrupted rewrites left beside files that are open and sound.
func tidyAll(dir string) error {
	left, err := namesIn(dir, func(name string) bool {
		return strings.HasSuffix(name, ".db"+suffixOld) || strings.HasSuffix(name, ".db"+suffixNew)
	})
	errs := []error{err}
	for _, name := range left {
		errs = append(errs, remove(filepath.Join(dir, name)))
	}
	return errors.Join(errs...)
}

// namesIn are the names of a directory's files that are picked, sorted.
func namesIn(dir string, pick func(name string) bool) (names []string, err error) {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if pick(e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names, err
}

// present is where a file is whose rewrite may have been interrupted.
func present(path string) string {
	if there, err := exists(path); err == nil && !there {
		if there, err := exists(path + suffixOld); err == nil && there {
			return path + suffixOld
		}
	}
	return path
}

func exists(path string) (bool, error) {
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
