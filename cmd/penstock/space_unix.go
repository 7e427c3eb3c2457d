//go:build linux || darwin

package main

import (
	"fmt"
	"syscall"

	"github.com/penstock-run/penstock/host/diagnose"
)

// spaceOf measures the file system of a directory.
func spaceOf(directory string) (diagnose.Space, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(directory, &s); err != nil {
		return diagnose.Space{}, fmt.Errorf("measure the file system of %s: %w", directory, err)
	}
	block := uint64(s.Bsize)
	return diagnose.Space{Free: s.Bavail * block, Total: s.Blocks * block}, nil
}
