package compat

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/store/boltstore"
)

// Stored checks the store that a host left, which must be closed: metadata is in it if it is shown, and nothing of what
// is withheld is, neither as a body nor anywhere in its files.
func Stored(ctx context.Context, directory string, clock host.Clock, subjects ...Subject) ([]Finding, error) {
	f := &findings{}
	files, err := filepath.Glob(filepath.Join(directory, "*"))
	if err != nil {
		return nil, err
	}
	for _, path := range files {
		content, err := used(path)
		if err != nil {
			return nil, err
		}
		for _, s := range subjects {
			if bytes.Contains(content, []byte(s.Canary)) && !s.Want.Shown() {
				f.addf(CheckStore, "%s holds text of metadata of %s that is withheld", filepath.Base(path), s.Location)
			}
		}
	}
	store, err := boltstore.Open(directory, &boltstore.Options{Clock: clock})
	if err != nil {
		return nil, fmt.Errorf("open the store that the host left: %w", err)
	}
	for _, s := range subjects {
		if err := f.bodies(ctx, store, s); err != nil {
			return nil, errors.Join(err, store.Close())
		}
	}
	return f.list, store.Close()
}

// bodies looks for metadata bodies: those of what was launched, at least, are there if they are shown.
func (f *findings) bodies(ctx context.Context, store host.Store, s Subject) error {
	stored := 0
	for _, d := range s.Peer.MetadataDigests() {
		switch body, err := store.Body(ctx, host.DigestFrom(d)); {
		case err == nil && bytes.Contains(body, []byte(s.Canary)):
			stored++
		case err != nil && host.CodeOf(err) != host.NotFound:
			return err
		}
	}
	if s.Want.Shown() != (stored > 0) {
		f.addf(CheckStore, "%d metadata bodies of %s are stored; they are shown: %t", stored, s.Location, s.Want.Shown())
	}
	return nil
}

// used is a file as far as it is used: a database is larger than that.
func used(path string) (content []byte, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if filepath.Ext(path) != ".db" {
		return io.ReadAll(file)
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	size := int64(0)
	err = db.View(func(tx *bbolt.Tx) error {
		size = tx.Size()
		return nil
	})
	if err := errors.Join(err, db.Close()); err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(file, size))
}
