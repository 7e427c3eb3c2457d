package boltstore

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/penstock-run/penstock/host"
)

const reasonBackupDamaged = "BACKUP_DAMAGED"

// damagedBackup is the error of a file that is no backup, or not a whole one.
func damagedBackup(format string, args ...any) error {
	return &host.Error{
		Code: host.Internal, Reason: reasonBackupDamaged,
		Message: fmt.Sprintf("it is not a whole backup: "+format, args...),
		Remedy:  "take another backup; nothing was restored",
	}
}

// BackupInfo is what a backup says of itself.
type BackupInfo struct {
	// Store names the store, Format is the version of its layout, Files how many files it has.
	Store  string
	Format uint64
	Files  int
	// TakenAt is the moment that it shows.
	TakenAt time.Time
}

// CheckBackup reads a backup to its end and compares all of it with its checksums. The error of a damaged one has the
// reason BACKUP_DAMAGED.
func CheckBackup(ctx context.Context, backup io.Reader) (BackupInfo, error) {
	m, err := unpackBackup(ctx, backup, "")
	if err != nil {
		return BackupInfo{}, err
	}
	return BackupInfo{Store: m.Store, Format: m.Format, Files: len(m.Files), TakenAt: m.TakenAt}, nil
}

// unpackBackup writes the files of a backup to dir, synced, and returns its manifest, with which they agree. Without dir it
// only compares.
func unpackBackup(ctx context.Context, backup io.Reader, dir string) (m manifest, err error) {
	archive := tar.NewReader(backup)
	var found []manifestFile
	for {
		if err := ctx.Err(); err != nil {
			return m, err
		}
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return m, damagedBackup("it ends before its manifest")
		}
		if err != nil {
			return m, damagedBackup("%v", err)
		}
		if h.Typeflag != tar.TypeReg || !isBackupName(h.Name) {
			return m, damagedBackup("%.64q is no file of a store", h.Name)
		}
		if h.Name == manifestName {
			if m, err = readManifest(archive); err != nil {
				return m, err
			}
			break
		}
		file, err := unpackFile(ctx, archive, h.Name, dir)
		if err != nil {
			return m, err
		}
		found = append(found, file)
	}
	return m, m.compare(found)
}

// isBackupName says whether a backup may have a file of that name: names never lead anywhere else.
func isBackupName(name string) bool {
	if name == identityName || name == metaName || name == manifestName {
		return true
	}
	var epoch uint64
	_, err := fmt.Sscanf(name, "events-%d.db", &epoch)
	return err == nil && name == eventsName(epoch)
}

func readManifest(from io.Reader) (m manifest, err error) {
	text, err := io.ReadAll(io.LimitReader(from, maxManifest))
	if err != nil {
		return m, damagedBackup("%v", err)
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, damagedBackup("its manifest cannot be read: %v", err)
	}
	if m.Backup > backupFormat || m.Reader > formatVersion {
		return m, &host.Error{
			Code: host.Conflict, Reason: reasonTooNew,
			Message: fmt.Sprintf("it is a backup of format %d of a store of format %d; this version knows %d and %d", m.Backup, m.Format, backupFormat, formatVersion),
			Remedy:  "restore it with the version that took it, or a newer one",
		}
	}
	return m, nil
}

// unpackFile writes one file.
func unpackFile(ctx context.Context, from io.Reader, name, dir string) (manifestFile, error) {
	sum := sha256.New()
	var n int64
	var err error
	if dir == "" {
		n, err = io.Copy(sum, stoppable{ctx, from})
	} else if file, opening := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600); opening != nil {
		err = opening
	} else {
		n, err = io.Copy(io.MultiWriter(file, sum), stoppable{ctx, from})
		if err == nil {
			err = file.Sync()
		}
		err = errors.Join(err, file.Close())
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = damagedBackup("it ends in the middle of %s", name)
	}
	return manifestFile{Name: name, Bytes: n, SHA256: fmt.Sprintf("%x", sum.Sum(nil))}, err
}

// stoppable ends reading with a context.
type stoppable struct {
	ctx  context.Context //nolint:containedctx // it ends with the call that reads
	from io.Reader
}

// Read is for io.Reader.
func (s stoppable) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.from.Read(p)
}

// compare says how the files that were found differ from those of the manifest.
func (m *manifest) compare(found []manifestFile) error {
	if len(found) != len(m.Files) {
		return damagedBackup("it has %d files, and its manifest names %d", len(found), len(m.Files))
	}
	for i, f := range found {
		if want := m.Files[i]; f != want {
			return damagedBackup("%s has %d bytes with SHA-256 %s, and its manifest says %s with %d bytes and %s",
				f.Name, f.Bytes, f.SHA256, want.Name, want.Bytes, want.SHA256)
		}
	}
	return nil
}
