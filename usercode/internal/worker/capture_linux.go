package worker

import "golang.org/x/sys/unix"

func makePipe(ends []int) error { return unix.Pipe2(ends, unix.O_CLOEXEC) }

// replace makes descriptor new another name of old, which child processes inherit.
func replace(old, descriptor int) error { return unix.Dup3(old, descriptor, 0) }

// enlarge is a wish: a user has a limit for all pipes together.
func enlarge(fd, size int) { _, _ = unix.FcntlInt(uintptr(fd), unix.F_SETPIPE_SZ, size) }
