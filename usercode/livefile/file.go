package livefile

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"time"
)

// settled is how old a change has to be, so that another one would have
// another time: clocks of file systems tick slowly.
const settled = 2 * time.Second

// File is one file and what was in it when it was looked at last. Make it with
// New; one goroutine at a time may use it.
type File struct {
	path string
	most int
	info os.FileInfo // nil when it could not be looked at
	data []byte
	err  error
	read time.Time
}

// New is a file that was not looked at yet, and of which at most a number of
// bytes is read; more is an error of the file.
func New(path string, most int) *File { return &File{path: path, most: most} }

// Content is what was in the file, or why it could not be read.
func (f *File) Content() ([]byte, error) { return f.data, f.err }

// Refresh looks at the file and reads it if it may be another one than before.
// It answers whether its content, or the reason why there is none, is another.
func (f *File) Refresh(now time.Time) bool {
	info, err := os.Stat(f.path)
	if err == nil && f.err == nil && f.info != nil && os.SameFile(info, f.info) && info.Size() == f.info.Size() &&
		info.ModTime().Equal(f.info.ModTime()) && info.ModTime().Before(f.read.Add(-settled)) {
		return false
	}
	before := *f
	f.info, f.read, f.data, f.err = info, now, nil, err
	if err == nil {
		f.data, f.err = f.readAll()
	}
	return !bytes.Equal(f.data, before.data) || text(f.err) != text(before.err)
}

// readAll reads nothing but regular files: a pipe would not answer twice.
func (f *File) readAll() ([]byte, error) {
	if !f.info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", f.path)
	}
	r, err := os.Open(f.path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }() // it was only read
	data, err := io.ReadAll(io.LimitReader(r, int64(f.most)+1))
	if err != nil {
		return nil, err
	}
	if len(data) > f.most {
		return nil, fmt.Errorf("%s is larger than %d bytes", f.path, f.most)
	}
	return data, nil
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
