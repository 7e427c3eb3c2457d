package compat

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/store/boltstore"
)

// Stored checks the store that a host left, which must be closed: metadata is in it if it is shown, and nothing of what
// is withheld is, neither as a body nor anywhere in its files.
func Stored(ctx context.Context, directory string, clock host.Clock, s Subject) ([]Finding, error) {
	f := &findings{}
	files, err := filepath.Glob(filepath.Join(directory, "*"))
	if err != nil {
		return nil, err
	}
	for _, path := range files {
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if bytes.Contains(content, []byte(s.Canary)) && !s.Want.Shown() {
			f.add(CheckStore, "%s holds text of metadata that is withheld", filepath.Base(path))
		}
	}
	store, err := boltstore.Open(directory, &boltstore.Options{Clock: clock})
	if err != nil {
		return nil, fmt.Errorf("open the store that the host left: %w", err)
	}
	stored := 0
	for _, d := range s.Peer.MetadataDigests() {
		switch body, err := store.Body(ctx, host.DigestFrom(d)); {
		case err == nil && bytes.Contains(body, []byte(s.Canary)):
			stored++
		case err != nil && host.CodeOf(err) != host.NotFound:
			return nil, err
		}
	}
	// What was launched keeps its metadata: that of the job that uses everything, at least.
	if s.Want.Shown() != (stored > 0) {
		f.add(CheckStore, "%d metadata bodies are stored; they are shown: %t", stored, s.Want.Shown())
	}
	return f.list, store.Close()
}
