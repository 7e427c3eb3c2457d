package boltstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// identityName is the file that says which store a directory holds. It is written last, so it also says that the
// store was made completely: whatever is missing beside it was lost.
const identityName = "STORE"

const identityPrefix = "penstock store "

// readIdentity returns the id of the store that the directory holds, "" when it says none.
func readIdentity(dir string) (string, error) {
	path := filepath.Join(dir, identityName)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read identity of the store: %w", err)
	}
	id, ok := strings.CutPrefix(strings.TrimSuffix(string(text), "\n"), identityPrefix)
	if !ok || id == "" {
		return "", damagedFile(path, fmt.Errorf("%.64q does not name a store", text))
	}
	return id, nil
}

// writeIdentity is durable and all or nothing.
func writeIdentity(dir, id string) error {
	path := filepath.Join(dir, identityName)
	if err := writeSynced(path+".new", identityPrefix+id+"\n"); err != nil {
		return fmt.Errorf("write identity of the store: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("write identity of the store: %w", err)
	}
	return syncDir(dir)
}

func writeSynced(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Sync(), f.Close())
}

// syncDir makes names in dir durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	if err := errors.Join(ignoreUnsupported(d.Sync()), d.Close()); err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	return nil
}

// ignoreUnsupported lets systems pass that cannot sync a directory, such as Windows.
func ignoreUnsupported(err error) error {
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrInvalid) {
		return nil
	}
	return err
}
