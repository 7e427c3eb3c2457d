package worker

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// trimOutput gives back the disk of all but the header and the end of a file that takes more than most bytes of it. The file's size
// stays, so nobody who appends to it or reads its end notices.
func trimOutput(f *os.File, most, keep int64) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.Mode().IsRegular() || stat.Blocks*512 <= most || info.Size() <= keep+OutputHeader {
		return nil
	}
	return unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, OutputHeader, info.Size()-keep-OutputHeader)
}
