package livefile

import (
	"fmt"
	"sync"
	"time"
)

// maxPEM is the most bytes of a file with certificates: a bundle of all public
// authorities has a quarter of it.
const maxPEM = 1 << 20

// Options of a Pair and of Authorities. All are required.
type Options struct {
	// Now is the time, for comparison with that of files.
	Now func() time.Time
	// Note is called by whoever asks first after the files changed: with nil
	// when they came into use, or with why the old ones stay in use, each
	// reason once. It must not ask in turn.
	Note func(error)
}

// source is files and what was made of them. All methods may be called concurrently.
type source[T any] struct {
	o     Options
	what  string // in an error
	build func(contents [][]byte) (T, error)

	mu     sync.Mutex
	files  []*File
	inUse  T
	failed string // why the files cannot be used, as noted last
}

// newSource reads the files for the first time.
func newSource[T any](o Options, what string, build func([][]byte) (T, error), paths ...string) (*source[T], error) {
	s := &source[T]{o: o, what: what, build: build}
	for _, path := range paths {
		f := New(path, maxPEM)
		f.Refresh(o.Now())
		s.files = append(s.files, f)
	}
	var err error
	s.inUse, err = s.made()
	return s, err
}

func (s *source[T]) made() (made T, err error) {
	var contents [][]byte
	for _, f := range s.files {
		var data []byte
		if data, err = f.Content(); err != nil {
			break
		}
		contents = append(contents, data)
	}
	if err == nil {
		made, err = s.build(contents)
	}
	if err != nil {
		return made, fmt.Errorf("read %s: %w", s.what, err)
	}
	return made, nil
}

// current is what the files hold now, or held when they could be used last.
func (s *source[T]) current() T {
	s.mu.Lock()
	defer s.mu.Unlock()
	changed := false
	for _, f := range s.files {
		changed = f.Refresh(s.o.Now()) || changed
	}
	if !changed {
		return s.inUse
	}
	made, err := s.made()
	if err == nil {
		s.inUse, s.failed = made, ""
		s.o.Note(nil)
	} else if s.failed != err.Error() {
		s.failed = err.Error()
		s.o.Note(err)
	}
	return s.inUse
}
