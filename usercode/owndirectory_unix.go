//go:build unix

package usercode

import (
	"os"
	"syscall"
)

// ownDirectory is whether path is a directory, and no link to one, that nobody but this user can use.
func ownDirectory(path string) bool {
	info, err := os.Lstat(path)
	if err != nil || !info.IsDir() || info.Mode().Perm()&0o077 != 0 {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Getuid()
}
