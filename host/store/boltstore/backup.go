package boltstore

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/penstock-run/penstock/host"
)

// A backup is a tar file: STORE, the databases, and last the manifest, which says what the others are. The manifest comes
// last because only then the checksums are known; a file that was cut off has none, and is no backup.
const (
	manifestName = "MANIFEST"
	// backupFormat is the version of the file's layout.
	backupFormat = 1
	// maxManifest bounds what is read of a manifest.
	maxManifest = 1 << 20
)

// manifest is what a backup says of itself.
type manifest struct {
	// Backup is the version of the file's layout, Format and Reader are those of the store.
	Backup int    `json:"backup"`
	Format uint64 `json:"format"`
	Reader uint64 `json:"minimum_reader"`
	Store  string `json:"store"`
	// TakenAt is the moment that the copy shows.
	TakenAt time.Time      `json:"taken_at"`
	Files   []manifestFile `json:"files"`
}

// manifestFile is a file of a backup.
type manifestFile struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// shot is a file of the store as it is at one moment.
type shot struct {
	name string
	tx   *bbolt.Tx
}

// Backup implements host.Store.
//
// All files are read as they are at one moment, so nothing in one of them refers to what another lacks. meta.db is copied
// first: pages that a snapshot shows are not used again while it is open, so the file that changes most is let go soonest.
func (s *Store) Backup(ctx context.Context, w io.Writer, bytesPerSecond uint64) error {
	if s.clock == nil {
		return invalid("a backup says when it was taken, and the store was opened without a clock")
	}
	if !s.backing.CompareAndSwap(false, true) {
		return &host.Error{
			Code: host.Conflict, Reason: reasonBackup,
			Message: "another backup of this store is under way", Remedy: "wait for its end, or end it; one reads at most so much a second, so two would both be slow",
		}
	}
	defer s.backing.Store(false)
	s.copying.Lock()
	defer s.copying.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	m := manifest{Backup: backupFormat, TakenAt: s.clock.Now().UTC()}
	snapshots, err := s.snapshots()
	if err != nil {
		return fmt.Errorf("back up the store: %w", err)
	}
	defer func() {
		for _, one := range snapshots {
			_ = one.tx.Rollback() // it only reads; most have ended already
		}
	}()
	f, err := readFacts(snapshots[0].tx)
	if err != nil {
		return fmt.Errorf("back up the store: %w", err)
	}
	m.Format, m.Reader, m.Store = f.format, f.reader, f.store
	b := &backup{manifest: m, tar: tar.NewWriter(&throttle{ctx: ctx, to: w, clock: s.clock, rate: bytesPerSecond, began: s.clock.Now()})}
	if err := b.write(snapshots); err != nil {
		return fmt.Errorf("back up the store: %w", err)
	}
	return nil
}

// snapshots opens a transaction of each file, meta.db first. Nobody removes events of deleted runs meanwhile: a run that
// is there in meta.db has all of its events.
func (s *Store) snapshots() (all []shot, err error) {
	s.purging.Lock()
	defer s.purging.Unlock()
	for _, d := range s.backupOrder() {
		tx, err := d.db.Begin(false)
		if errors.Is(err, berrors.ErrDatabaseNotOpen) {
			err = errClosed
		}
		if err != nil {
			for _, one := range all {
				err = errors.Join(err, one.tx.Rollback())
			}
			return nil, err
		}
		all = append(all, shot{name: filepath.Base(d.path), tx: tx})
	}
	return all, nil
}

// backupOrder are the files with those first that change most.
func (s *Store) backupOrder() []*database {
	files := s.files()
	slices.Reverse(files)
	return files
}

// backup is one that is being written.
type backup struct {
	manifest manifest
	tar      *tar.Writer
}

func (b *backup) write(snapshots []shot) error {
	text := identityPrefix + b.manifest.Store + "\n"
	if err := b.add(identityName, int64(len(text)), func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}); err != nil {
		return err
	}
	for _, one := range snapshots {
		if err := b.add(one.name, one.tx.Size(), func(w io.Writer) error {
			_, err := one.tx.WriteTo(w)
			return err
		}); err != nil {
			return err
		}
		if err := one.tx.Rollback(); err != nil {
			return err
		}
	}
	made, err := json.MarshalIndent(b.manifest, "", "  ")
	if err != nil {
		return err
	}
	if err := b.tar.WriteHeader(b.header(manifestName, int64(len(made)))); err != nil {
		return err
	}
	if _, err := b.tar.Write(made); err != nil {
		return err
	}
	return b.tar.Close()
}

func (b *backup) header(name string, size int64) *tar.Header {
	return &tar.Header{Name: name, Size: size, Mode: 0o600, ModTime: b.manifest.TakenAt, Typeflag: tar.TypeReg, Format: tar.FormatPAX}
}

func (b *backup) add(name string, size int64, write func(io.Writer) error) error {
	if err := b.tar.WriteHeader(b.header(name, size)); err != nil {
		return err
	}
	sum := sha256.New()
	if err := write(io.MultiWriter(b.tar, sum)); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	b.manifest.Files = append(b.manifest.Files, manifestFile{Name: name, Bytes: size, SHA256: fmt.Sprintf("%x", sum.Sum(nil))})
	return nil
}

// throttle passes bytes on, and not more of them in a second than rate; 0 means as many as go.
type throttle struct {
	ctx   context.Context //nolint:containedctx // it ends with the call that writes
	to    io.Writer
	clock host.Clock
	rate  uint64
	began time.Time
	sent  uint64
}

// maxAhead is how far it may be ahead of its rate before it waits: timers are no finer.
const maxAhead = 2 * time.Millisecond

// Write is for io.Writer.
func (t *throttle) Write(p []byte) (int, error) {
	if err := t.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := t.to.Write(p)
	t.sent += uint64(n)
	if err != nil || t.rate == 0 {
		return n, err
	}
	due := t.began.Add(time.Duration(float64(t.sent) / float64(t.rate) * float64(time.Second)))
	ahead := due.Sub(t.clock.Now())
	if ahead < maxAhead {
		return n, nil
	}
	select {
	case <-t.clock.After(ahead):
		return n, nil
	case <-t.ctx.Done():
		return n, t.ctx.Err()
	}
}
