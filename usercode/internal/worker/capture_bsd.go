//go:build unix && !linux

package worker

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

func makePipe(ends []int) error {
	syscall.ForkLock.RLock() // no child may inherit the ends
	defer syscall.ForkLock.RUnlock()
	err := unix.Pipe(ends)
	if err == nil {
		unix.CloseOnExec(ends[0])
		unix.CloseOnExec(ends[1])
	}
	return err
}

// replace makes descriptor new another name of old, which child processes inherit.
func replace(old, descriptor int) error { return unix.Dup2(old, descriptor) }

func enlarge(int, int) {}

// readable is only of use where bytes can be moved without being read.
func readable(*os.File) bool { return false }

func (*pipe) move() (n int, kept bool) { return 0, false }
