package output

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// maxLocalCalls is how many files a local store writes or reads at a time.
const maxLocalCalls = 16

// temporary begins the names of files that are being written; no name of an output begins with a dot.
const temporary = ".tmp-"

// local is a Store in a directory: a name is a path below it. Directories are for their owner alone, and so are files.
type local struct {
	dir   string
	slots chan struct{}

	mu      sync.Mutex
	folders map[string]*folder // that this process has made or found, by path
}

// NewLocal is the store in a directory, which is made when something is stored. Nothing has to be closed.
func NewLocal(dir string) (Store, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open output store %s: %w", dir, err)
	}
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return nil, fmt.Errorf("open output store %s: it is a file, and a directory is needed", dir)
	}
	return &local{dir: dir, slots: make(chan struct{}, maxLocalCalls), folders: map[string]*folder{}}, nil
}

func (l *local) Put(ctx context.Context, name string, data []byte) error {
	return l.place(ctx, "store output", name, func(f *folder) (string, error) { return f.write(data) })
}

func (l *local) Copy(ctx context.Context, from, to string) error {
	source, err := l.path(from)
	if err != nil {
		return err
	}
	err = l.place(ctx, "copy output "+from+" to", to, func(f *folder) (string, error) { return f.link(source) })
	if err == nil || !isLinkRefused(err) {
		return asNotFound(err)
	}
	data, err := os.ReadFile(source) // the file system has no links, or no more of this file
	if err != nil {
		return asNotFound(fmt.Errorf("copy output %s: %w", from, err))
	}
	return l.Put(ctx, to, data)
}

// place gives what fill has made in the folder of a name that name, for good.
func (l *local) place(ctx context.Context, doing, name string, fill func(*folder) (temp string, err error)) error {
	path, err := l.path(name)
	if err != nil {
		return err
	}
	if err := l.begin(ctx); err != nil {
		return fmt.Errorf("%s %s: %w", doing, name, err)
	}
	defer l.end()
	for again := false; ; again = true {
		err = l.placeOnce(path, fill)
		// Somebody may have deleted the folder since this process saw it.
		if again || !errors.Is(err, errFolderGone) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", doing, name, err)
	}
	return nil
}

var errFolderGone = errors.New("the directory was removed meanwhile")

func (l *local) placeOnce(path string, fill func(*folder) (temp string, err error)) error {
	f, err := l.folder(filepath.Dir(path))
	if err != nil {
		return err
	}
	temp, err := fill(f)
	if err == nil {
		err = os.Rename(temp, path)
		_ = os.Remove(temp) // it is there after an error, and when both names were one file's already
	}
	if err != nil {
		if _, gone := os.Lstat(f.path); errors.Is(gone, fs.ErrNotExist) {
			l.forget(f.path)
			return fmt.Errorf("%w: %w", errFolderGone, err)
		}
		return err
	}
	return f.sync()
}

func (l *local) Get(ctx context.Context, name string, limit int64) ([]byte, error) {
	path, err := l.path(name)
	if err != nil {
		return nil, err
	}
	if err := l.begin(ctx); err != nil {
		return nil, fmt.Errorf("read output %s: %w", name, err)
	}
	defer l.end()
	data, err := readAtMost(path, limit)
	if err != nil {
		return nil, fmt.Errorf("read output %s: %w", name, asNotFound(err))
	}
	return data, nil
}

func (l *local) List(ctx context.Context, prefix string) ([]string, error) {
	path, err := l.path(prefix)
	if err != nil {
		return nil, err
	}
	if err := l.begin(ctx); err != nil {
		return nil, fmt.Errorf("list outputs below %s: %w", prefix, err)
	}
	defer l.end()
	var names []string
	err = filepath.WalkDir(path, func(file string, e fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist): // also of one that is being deleted
			return nil
		case err != nil:
			return err
		case e.IsDir() || file == path || strings.HasPrefix(e.Name(), temporary):
			return nil
		}
		rel, err := filepath.Rel(l.dir, file)
		names = append(names, filepath.ToSlash(rel))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list outputs below %s: %w", prefix, err)
	}
	slices.Sort(names)
	return names, nil
}

func (l *local) Delete(ctx context.Context, name string) error {
	path, err := l.path(name)
	if err != nil {
		return err
	}
	if err := l.begin(ctx); err != nil {
		return fmt.Errorf("delete output %s: %w", name, err)
	}
	defer l.end()
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	l.forget(path)
	if err := os.RemoveAll(path); err != nil {
		return fmt.Errorf("delete output %s: %w", name, err)
	}
	if err := syncDir(filepath.Dir(path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete output %s: %w", name, err)
	}
	return nil
}

func (*local) Close() error { return nil }

func (l *local) path(name string) (string, error) {
	if err := CheckName(name); err != nil {
		return "", err
	}
	return filepath.Join(l.dir, filepath.FromSlash(name)), nil
}

func (l *local) begin(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	select {
	case l.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (l *local) end() { <-l.slots }
