//go:build unix

package boltstore

import (
	"os"
	"syscall"
)

// giveTo gives a file to whom another belongs: root compacts a store that it is not to take from the host's user.
func giveTo(file string, of os.FileInfo) error {
	owner, ok := of.Sys().(*syscall.Stat_t)
	is, err := os.Stat(file)
	if err != nil || !ok {
		return err
	}
	if is.Mode().Perm() != of.Mode().Perm() {
		if err := os.Chmod(file, of.Mode().Perm()); err != nil {
			return err
		}
	}
	if own, ok := is.Sys().(*syscall.Stat_t); ok && own.Uid == owner.Uid && own.Gid == owner.Gid {
		return nil
	}
	return os.Chown(file, int(owner.Uid), int(owner.Gid))
}
