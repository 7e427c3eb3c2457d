package worker

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

func makePipe(ends []int) error { return unix.Pipe2(ends, unix.O_CLOEXEC) }

// replace makes descriptor new another name of old, which child processes inherit.
func replace(old, descriptor int) error { return unix.Dup3(old, descriptor, 0) }

// enlarge is a wish: a user has a limit for all pipes together.
func enlarge(fd, size int) { _, _ = unix.FcntlInt(uintptr(fd), unix.F_SETPIPE_SZ, size) }

// readable is whether bytes can be moved from a pipe to a file and read from there.
func readable(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	flags, err := unix.FcntlInt(f.Fd(), unix.F_GETFL, 0)
	return err == nil && flags&unix.O_ACCMODE == unix.O_RDWR && flags&unix.O_APPEND == 0
}

// move moves what is in the pipe to the kept file in one step, and reads it from there: at no time would a process that
// ends take with it what it has read and not written yet. It answers with 0 where that is not possible, or there is
// nothing.
func (p *pipe) move() (n int, kept bool) {
	if p.tee == nil || !p.tee.readable {
		return 0, false
	}
	p.tee.mu.Lock()
	defer p.tee.mu.Unlock()
	file := int(p.tee.file.Fd())
	for {
		at, err := unix.Seek(file, 0, io.SeekCurrent)
		if err != nil {
			return 0, false
		}
		moved, err := unix.Splice(p.fd, nil, file, nil, len(p.buffer), unix.SPLICE_F_NONBLOCK)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if moved <= 0 { // nothing, or the disk is full
			return 0, false
		}
		n, _ := unix.Pread(file, p.buffer[:moved], at) // all of it, unless the disk is broken
		return max(n, 0), true
	}
}
