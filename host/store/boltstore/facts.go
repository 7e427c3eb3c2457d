package boltstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// Facts are what a store is.
type Facts struct {
	// ID names the store.
	ID string
	// Format is the version of its layout.
	Format uint64
	// Bytes are those of its files, Runs how many were ever created.
	Bytes int64
	Runs  uint64
	// LastCreated is when the newest run was created; zero when there was none.
	LastCreated time.Time
}

// Facts tells what the store is. The error of one that takes no more writes says so.
func (s *Store) Facts() (Facts, error) {
	if err := s.halt.err(); err != nil {
		return Facts{}, err
	}
	var f facts
	if err := s.meta.view(func(tx *bbolt.Tx) (err error) {
		f, err = readFacts(tx)
		return err
	}); err != nil {
		return Facts{}, err
	}
	size, err := s.Size()
	return f.public(size), err
}

// Inspect tells what the store in dir is without opening it for writing; nothing is made or changed. Its errors are those
// of [Open], and NotFound when dir holds no store.
func Inspect(dir string) (Facts, error) {
	f, err := inspectDir(dir)
	if errors.Is(err, berrors.ErrTimeout) {
		err = locked(dir, err)
	}
	if err != nil {
		return Facts{}, fmt.Errorf("inspect store %s: %w", dir, err)
	}
	return f, nil
}

func inspectDir(dir string) (Facts, error) {
	id, err := readIdentity(dir)
	if err != nil {
		return Facts{}, err
	}
	if _, err := os.Stat(present(filepath.Join(dir, metaName))); id == "" && errors.Is(err, fs.ErrNotExist) {
		return Facts{}, storeNotFound(dir)
	}
	p, err := survey(dir)
	if err != nil {
		return Facts{}, err
	}
	f, err := inspect(present(p.metaPath))
	if err != nil {
		return Facts{}, err
	}
	var size int64
	paths := []string{p.metaPath}
	for _, n := range f.epochs {
		if !n.going {
			paths = append(paths, filepath.Join(dir, eventsName(n.number)))
		}
	}
	for _, path := range paths {
		info, err := os.Stat(present(path))
		if err != nil {
			return Facts{}, fmt.Errorf("size of the store: %w", err)
		}
		size += info.Size()
	}
	return f.public(size), nil
}

func (f facts) public(size int64) Facts {
	return Facts{ID: f.store, Format: f.format, Bytes: size, Runs: max(f.next.seq, 1) - 1, LastCreated: f.next.created}
}
