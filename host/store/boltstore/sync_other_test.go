//go:build !linux

package boltstore

import "os"

// syncData is what bbolt does at a commit.
func syncData(f *os.File) error { return f.Sync() }
