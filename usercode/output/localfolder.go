package output

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
)

// folder is a directory of a local store that is there for good.
type folder struct {
	path string

	// Who wants the directory on the disk joins next, which the first of them syncs when the sync under way is done: many
	// files that are stored at the same time cost few syncs.
	mu      sync.Mutex
	next    *dirSync
	running sync.Mutex
}

type dirSync struct {
	done chan struct{}
	err  error
}

// folder finds or makes the directory at a path. The first time, it and those above it are made durable.
func (l *local) folder(path string) (*folder, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f := l.folders[path]; f != nil {
		return f, nil
	}
	if err := makeDir(path); err != nil {
		return nil, err
	}
	// Who has made one that was there may have ended before it was durable.
	for at := path; at != l.dir; at = filepath.Dir(at) {
		if err := syncDir(filepath.Dir(at)); err != nil {
			return nil, err
		}
	}
	f := &folder{path: path}
	l.folders[path] = f
	return f, nil
}

// makeDir is os.MkdirAll of what survives a loss of power.
func makeDir(path string) error {
	err := os.Mkdir(path, 0o700)
	parent := filepath.Dir(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && parent != path:
		if err = makeDir(parent); err == nil {
			err = makeDir(path)
		}
		return err
	case err == nil:
		return syncDir(parent)
	}
	if info, statErr := os.Stat(path); statErr == nil && info.IsDir() {
		return nil
	}
	return err
}

// forget lets the directory, and those below it, be made again.
func (l *local) forget(path string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for at := range l.folders {
		if at == path || strings.HasPrefix(at, path+string(filepath.Separator)) {
			delete(l.folders, at)
		}
	}
}

// write makes a file without a name of its own and leaves nothing after an error.
func (f *folder) write(data []byte) (temp string, err error) {
	file, err := os.CreateTemp(f.path, temporary)
	if err != nil {
		return "", err
	}
	_, err = file.Write(data)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		_ = os.Remove(file.Name())
		return "", err
	}
	return file.Name(), nil
}

// link gives a file another name.
func (f *folder) link(source string) (temp string, err error) {
	file, err := os.CreateTemp(f.path, temporary) // a name that nobody else has
	if err != nil {
		return "", err
	}
	temp = file.Name() + "-link"
	err = os.Link(source, temp)
	if err = errors.Join(err, file.Close(), os.Remove(file.Name())); err != nil {
		_ = os.Remove(temp)
		return "", err
	}
	return temp, nil
}

// isLinkRefused tells a file system without links from other errors.
func isLinkRefused(err error) bool {
	for _, refused := range []error{syscall.EPERM, syscall.ENOTSUP, syscall.EXDEV, syscall.EMLINK, errors.ErrUnsupported} {
		if errors.Is(err, refused) {
			return true
		}
	}
	return false
}

// sync makes the names in the directory durable that were there when it was called.
func (f *folder) sync() error {
	f.mu.Lock()
	s := f.next
	first := s == nil
	if first {
		s = &dirSync{done: make(chan struct{})}
		f.next = s
	}
	f.mu.Unlock()
	if !first {
		<-s.done
		return s.err
	}
	f.running.Lock()
	f.mu.Lock()
	f.next = nil // who comes from here on waits for the next one
	f.mu.Unlock()
	s.err = syncDir(f.path)
	close(s.done)
	f.running.Unlock()
	return s.err
}

func syncDir(path string) error {
	if runtime.GOOS == "windows" { // it has no such thing; names there are journaled
		return nil
	}
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func readAtMost(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("it has %d bytes, and %d were expected at most", info.Size(), limit)
	}
	data := make([]byte, info.Size())
	_, err = io.ReadFull(f, data)
	return data, err
}

// asNotFound says in the words of Store what an error of the file system means.
func asNotFound(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	return err
}
