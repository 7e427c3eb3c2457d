package boltstore

import (
	"errors"
	"fmt"
	"io/fs"
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

// openDatabase opens or creates a bbolt file for reading and writing. Its error is that of bbolt, or STORE_DAMAGED.
func openDatabase(path string, open openFile) (*database, error) {
	readAhead(path)
	return openMapped(path, &bbolt.Options{
		Timeout:      lockWait,
		FreelistType: bbolt.FreelistMapType,
		PageSize:     pageSizeOf(path), // of a file that is made; another keeps its own
		OpenFile:     open,
	})
}

// openMapped opens a bbolt file with the largest mapping that the system gives.
func openMapped(path string, o *bbolt.Options) (*database, error) {
	open := o.OpenFile
	if open == nil {
		open = os.OpenFile
	}
	var file *os.File
	o.OpenFile = func(name string, flag int, mode os.FileMode) (f *os.File, err error) {
		file, err = open(name, flag, mode)
		return file, err
	}
	var lastErr error
	for _, size := range mapSizes() {
		o.InitialMmapSize = int(size)
		db, err := guardedOpen(path, o)
		if err == nil {
			return inPlace(&database{db: db, path: path}, file)
		}
		lastErr = err
		if !errors.Is(err, syscall.ENOMEM) {
			break
		}
	}
	return nil, unreadable(path, lastErr)
}

// unreadable makes an error of opening a file that of a damaged one, if that is what it is: most damage is seen before by
// who looks without writing, who needs no list of free pages.
func unreadable(path string, err error) error {
	if errors.Is(err, berrors.ErrInvalid) || errors.Is(err, berrors.ErrChecksum) || errors.Is(err, berrors.ErrVersionMismatch) {
		return damagedFile(path, err)
	}
	return err
}

// inPlace refuses a file that was replaced by a copy while its lock was waited for: the lock is then that of a file which
// nobody will see again, and whoever replaced it has the other one.
func inPlace(d *database, file *os.File) (*database, error) {
	opened, err := file.Stat()
	if err != nil {
		return nil, errors.Join(err, d.db.Close())
	}
	there, err := os.Stat(d.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, errors.Join(err, d.db.Close())
	}
	if err != nil || !os.SameFile(opened, there) {
		return nil, errors.Join(berrors.ErrTimeout, d.db.Close())
	}
	return d, nil
}

// guardedOpen opens a bbolt file. bbolt panics over some kinds of damage; what it has mapped then keeps the lock of the file
// until the process ends.
func guardedOpen(path string, o *bbolt.Options) (db *bbolt.DB, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			db, err = nil, fmt.Errorf("%w: %v", berrors.ErrInvalid, p)
		}
	}()
	return bbolt.Open(path, 0o600, o)
}

// view runs f in a read transaction, see guarded. f must copy what it keeps.
func (d *database) view(f func(*bbolt.Tx) error) error {
	return d.guarded(func() error { return d.db.View(f) })
}

// begin starts a read transaction, which ends with Rollback.
func (d *database) begin() (tx *bbolt.Tx, err error) {
	err = d.guarded(func() (err error) {
		tx, err = d.db.Begin(false)
		return err
	})
	return tx, err
}

// guarded runs f, which reads. Damage that makes bbolt panic, or reach outside of the file, is an error.
func (d *database) guarded(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = damagedFile(d.path, &panicError{value: p, stack: debug.Stack()})
		}
	}()
	if err := f(); !errors.Is(err, berrors.ErrDatabaseNotOpen) {
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
