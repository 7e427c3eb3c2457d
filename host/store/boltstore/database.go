package boltstore

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// lockWait bounds how long another process's lock is waited for: long enough for a host that is just ending, short
// enough for a person.
const lockWait = 500 * time.Millisecond

// database is a bbolt file.
type database struct {
	db   *bbolt.DB
	path string
}

// openFile opens files; tests break them.
type openFile func(name string, flag int, mode os.FileMode) (*os.File, error)

// mapSizes are the sizes of the mapping to try. With a mapping that the file outgrows, one open read transaction would
// stop the writer and every new reader. A large one costs address space, not memory; where that is limited, less has
// to do. On Windows the file would take the whole size at once.
func mapSizes() []int64 {
	switch {
	case runtime.GOOS == "windows":
		return []int64{0}
	case ^uint(0)>>32 == 0:
		return []int64{256 << 20, 0}
	default:
		return []int64{64 << 30, 4 << 30, 0}
	}
}

// openDatabase opens or creates a bbolt file for reading and writing. Its error is that of bbolt.
func openDatabase(path string, open openFile) (*database, error) {
	var lastErr error
	for _, size := range mapSizes() {
		db, err := guardedOpen(path, &bbolt.Options{
			Timeout:         lockWait,
			FreelistType:    bbolt.FreelistMapType,
			InitialMmapSize: int(size),
			OpenFile:        open,
		})
		if err == nil {
			return &database{db: db, path: path}, nil
		}
		lastErr = err
		if !errors.Is(err, syscall.ENOMEM) {
			break
		}
	}
	return nil, lastErr
}

// guardedOpen opens a bbolt file. bbolt panics over some kinds of damage.
func guardedOpen(path string, o *bbolt.Options) (db *bbolt.DB, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			db, err = nil, fmt.Errorf("%w: %v", berrors.ErrInvalid, p)
		}
	}()
	return bbolt.Open(path, 0o600, o)
}

// view runs f in a read transaction. Damage that makes bbolt panic, or reach outside of the file, is an error.
// f must copy what it keeps.
func (d *database) view(f func(*bbolt.Tx) error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = damagedFile(d.path, &panicError{value: p, stack: debug.Stack()})
		}
	}()
	if err := d.db.View(f); !errors.Is(err, berrors.ErrDatabaseNotOpen) {
		return err
	}
	return errClosed
}

// size returns the bytes of the file that are in use. The file itself is longer and sparse.
func (d *database) size() (n int64, err error) {
	err = d.view(func(tx *bbolt.Tx) error {
		n = tx.Size()
		return nil
	})
	return n, err
}

// panicError is a panic of bbolt. The stack is for the log.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("a page cannot be read: %v", e.value) }
