package boltstore

import (
	"os"
	"syscall"
)

// syncData is what bbolt does at a commit.
func syncData(f *os.File) error { return syscall.Fdatasync(int(f.Fd())) }
