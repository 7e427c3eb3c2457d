//go:build !linux

package e2e

import "errors"

var errNoMemoryDisk = errors.New("only Linux has disks in memory that are mounted so")

func mountMemory(string, int) error { return errNoMemoryDisk }

func unmount(string) error { return errNoMemoryDisk }

func freeBytes(string) int64 { return 0 }
