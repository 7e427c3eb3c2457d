package worker

import (
	"log/slog"
	"os"
	"sync"
)

// capture passes on what this process writes to stdout and stderr: it puts pipes in place of the two descriptors, so that
// it also sees what native code and child processes write. What goes to stderr is also written to where stderr went
// before, which is where the last words of a worker are looked for.
//
// What reads a pipe never waits for long, see package engine, so that no write of user code does. The exception is the Go
// runtime itself, which writes its report of a crash when nothing else runs any more: to the pipe of stderr, which is
// therefore large, and where the server that started the worker finds it. Without such a server the runtime writes it to the
// original, too.
type capture struct {
	logger   *slog.Logger // writes to the original
	original [2]*os.File  // where stdout and stderr went before; nil when they could not be kept, which err says
	err      error
	kept     *keptFile // where stderr went before
	// inherited is set when the server has made the pipe of stderr: see StderrPipe.
	inherited bool
	pipes     [2]*pipe // of those that could be put in place

	mu      sync.Mutex
	stopped bool
	readers sync.WaitGroup
}

// pipe is one of the two.
type pipe struct {
	descriptor int // 1 or 2
	fd         int // of read, which must not be asked for it: that would make it block
	read       *os.File
	tee        *keptFile // gets what was read, too; nil: nothing does
	write      func(descriptor int, p []byte) []byte

	mu     sync.Mutex // held from a read until the bytes are passed on, which keeps them in order
	buffer []byte
	closed bool
}

// with leaves to the options what writes to the descriptors as they were, if they can be kept.
func (c *capture) with(o Options) Options {
	if c.original[1] != nil {
		if o.Output != nil {
			o.Output = c.original[1]
		}
		if o.Logger == nil {
			o.Logger = slog.New(slog.NewTextHandler(c.kept, nil))
		}
	}
	c.logger = o.withDefaults().Logger
	return o
}

// keptFile is the file to which this process wrote before and its notes go. Its writers take turns, so that one of them
// knows where in the file it is.
type keptFile struct {
	mu   sync.Mutex
	file *os.File
	// readable is whether what was written can be read again at its place.
	readable bool
}

// Write appends.
func (f *keptFile) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.file.Write(p)
}

// close gives back the copies of the original descriptors.
func (c *capture) close() {
	for _, f := range c.original {
		if f != nil {
			_ = f.Close() // nothing that was written is lost by it
		}
	}
}
