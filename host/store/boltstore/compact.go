package boltstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	berrors "go.etcd.io/bbolt/errors"

	"github.com/penstock-run/penstock/host/store/boltstore/tagindex"
)

// Compacted is a file that Compact has written anew.
type Compacted struct {
	// Name of the file, and how many bytes it had and has.
	Name          string
	Before, After int64
}

// Compact writes the files of the store in dir anew, without the room that deleted records left. No host may have it
// meanwhile. Each file stays as it was until its copy is complete, so it may be stopped at any time. Its errors are those
// of [Open], NotFound when dir holds no store, and STORE_FULL when there is no room for a copy. nil options are legal.
func Compact(dir string, options *Options) ([]Compacted, error) {
	if _, err := Inspect(dir); err != nil {
		return nil, err
	}
	// What is due at a start is done first: an older format is migrated, and what deletes left is removed.
	s, err := Open(dir, options)
	if err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	made, err := compact(dir, options.orDefaults())
	if errors.Is(err, berrors.ErrTimeout) {
		err = locked(dir, err)
	}
	if err != nil {
		return nil, fmt.Errorf("compact store %s: %w", dir, err)
	}
	return made, nil
}

// compact rewrites meta.db and keeps it open, so that nobody else has the store, until the others are done.
func compact(dir string, o Options) (made []Compacted, err error) {
	meta, c, err := compactFile(dir, metaName, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, meta.db.Close()) }()
	made = append(made, c)
	names, err := eventsFiles(dir)
	if err != nil {
		return made, err
	}
	for _, name := range names {
		events, c, err := compactFile(dir, name, o)
		if err != nil {
			return made, err
		}
		if err := events.db.Close(); err != nil {
			return made, err
		}
		made = append(made, c)
	}
	return made, nil
}

// compactFile rewrites one file, and returns it open.
func compactFile(dir, name string, o Options) (made *database, c Compacted, err error) {
	c.Name = name
	path := filepath.Join(dir, name)
	src, err := openDatabase(path, o.open)
	if err != nil {
		return nil, c, err
	}
	before, err := os.Stat(path)
	if err != nil {
		return nil, c, errors.Join(err, src.db.Close())
	}
	r := rewriting{dir: dir, name: name, log: o.Logger, open: o.open, free: o.Free, step: o.rewriteStep}
	if name == metaName {
		// The index still has the terms of runs that were deleted.
		r.leave = tagindex.Buckets()
		r.finish = func(d *database) error { return rebuildIndex(context.Background(), d, &o) }
	}
	if made, err = r.run(src); err != nil {
		return nil, c, errors.Join(err, src.db.Close())
	}
	after, err := os.Stat(path)
	if err = errors.Join(err, src.db.Close()); err != nil {
		return nil, c, errors.Join(err, made.db.Close())
	}
	c.Before, c.After = before.Size(), after.Size()
	o.Logger.Info("a file of the store was compacted", slog.String("file", path), slog.Int64("before", c.Before), slog.Int64("after", c.After))
	return made, c, nil
}

// eventsFiles are the names of the files with events in a directory, oldest epoch first.
func eventsFiles(dir string) (names []string, err error) {
	return namesIn(dir, func(name string) bool { return strings.HasPrefix(name, "events-") && strings.HasSuffix(name, ".db") })
}
