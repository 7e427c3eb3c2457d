package usercode

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// checkedSpoolDir finds out whether workers can write to their directory before they have to. It answers with the
// directory as workers find it; "" when none was named.
func (o ServeOptions) checkedSpoolDir() (string, error) {
	if o.SpoolDir == "" {
		return "", nil
	}
	dir, err := filepath.Abs(o.SpoolDir)
	if err != nil {
		return "", fmt.Errorf("use --spool-dir: %w", err)
	}
	f, err := os.CreateTemp(dir, "penstock-try-")
	if err != nil {
		return "", fmt.Errorf("use --spool-dir: %w; name a directory that exists and that this user may write to", err)
	}
	if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
		return "", fmt.Errorf("use --spool-dir: %w", err)
	}
	return dir, nil
}
