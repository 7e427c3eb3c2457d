package e2e

import (
	"fmt"
	"syscall"
)

// mountMemory mounts a disk in memory.
func mountMemory(dir string, size int) error {
	return syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_NOSUID|syscall.MS_NODEV, fmt.Sprintf("size=%d,mode=0700", size))
}

// unmount takes the disk away as soon as nobody has a file on it.
func unmount(dir string) error { return syscall.Unmount(dir, syscall.MNT_DETACH) }

// freeBytes is what is left on the disk of a directory; 0 when that cannot be said.
func freeBytes(dir string) int64 {
	var s syscall.Statfs_t
	if syscall.Statfs(dir, &s) != nil {
		return 0
	}
	return int64(s.Bavail) * s.Bsize
}
