//go:build unix

package worker

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"

	"golang.org/x/sys/unix"
)

const (
	// readBytes is how much is read from a pipe at a time.
	readBytes = 64 << 10
	// pipeBytes is how much the pipe of stderr holds where the system allows that much, and the most that one ever holds.
	pipeBytes = 1 << 20
)

// newCapture keeps the descriptors as they are; nothing is captured before Start.
func newCapture() *capture {
	c := &capture{}
	for i := range c.original {
		fd, err := unix.FcntlInt(uintptr(i+1), unix.F_DUPFD_CLOEXEC, 3)
		if err != nil {
			c.err = errors.Join(c.err, fmt.Errorf("copy descriptor %d: %w", i+1, err))
			continue
		}
		c.original[i] = os.NewFile(uintptr(fd), fmt.Sprint("original of descriptor ", i+1))
	}
	if c.original[1] != nil {
		c.kept = &keptFile{file: c.original[1], readable: readable(c.original[1])}
	}
	return c
}

// Start puts the pipes in place. Without them nothing is captured, and the run goes on.
func (c *capture) Start(write func(descriptor int, p []byte) []byte) {
	if c.err != nil {
		c.logger.Warn("what user code writes to stdout and stderr is not captured", "error", c.err)
		return
	}
	if !c.inherited {
		if err := debug.SetCrashOutput(c.original[1], debug.CrashOptions{}); err != nil {
			c.logger.Warn("the report of a crash will not be seen", "error", err)
		}
	}
	for i := range c.pipes {
		p, err := c.newPipe(i+1, write)
		if err != nil {
			c.logger.Warn("what user code writes is not captured", "descriptor", i+1, "error", err)
			continue
		}
		if p.descriptor == 2 {
			p.tee = c.kept
		}
		c.pipes[i] = p
		c.readers.Go(p.run)
	}
}

// newPipe puts a pipe in place of a descriptor. Who writes to it waits while it is full, as programs expect, so only the
// end that is read does not block.
func (c *capture) newPipe(descriptor int, write func(descriptor int, p []byte) []byte) (*pipe, error) {
	var ends [2]int
	if c.inherited && descriptor == 2 {
		ends = inheritedPipe()
	} else if err := makePipe(ends[:]); err != nil {
		return nil, fmt.Errorf("make a pipe: %w", err)
	}
	err := unix.SetNonblock(ends[0], true)
	if err == nil {
		err = replace(ends[1], descriptor)
	}
	_ = unix.Close(ends[1]) // its copy is what counts
	if err != nil {
		_ = unix.Close(ends[0])
		return nil, fmt.Errorf("put a pipe in place of it: %w", err)
	}
	if descriptor == 2 {
		enlarge(ends[0], pipeBytes)
	}
	return &pipe{
		descriptor: descriptor, fd: ends[0], read: os.NewFile(uintptr(ends[0]), "captured output"), write: write, buffer: make([]byte, readBytes),
	}, nil
}

// run reads until the pipe is closed.
func (p *pipe) run() {
	conn, err := p.read.SyscallConn()
	if err != nil {
		return // the file is closed
	}
	_ = conn.Read(func(uintptr) (done bool) { // ends when the pipe is closed
		for {
			p.mu.Lock()
			n, done := p.once(), p.closed
			p.mu.Unlock()
			if done || n <= 0 {
				return done // or wait for more
			}
		}
	})
}

// once reads what there is, up to a limit, and passes it on; it does not wait. It answers for how many bytes, less than 1
// when there was nothing to read. mu is held.
func (p *pipe) once() int {
	if p.closed {
		return 0
	}
	n, kept := p.move()
	if n == 0 {
		if n = readNow(p.fd, p.buffer); n <= 0 {
			return n
		}
	}
	masked := p.write(p.descriptor, p.buffer[:n])
	if p.tee != nil && !kept {
		_, _ = p.tee.Write(masked) // a disk that is full must not keep user code from running
	}
	return n
}

// readNow reads what there is; less than 1 when there is nothing.
func readNow(fd int, buffer []byte) int {
	for {
		n, err := unix.Read(fd, buffer)
		if !errors.Is(err, unix.EINTR) {
			return n
		}
	}
}

// Drain reads what is in the pipes. What others write meanwhile does not keep it: a pipe holds a bounded number of bytes,
// and what was written before is among as many as that.
func (c *capture) Drain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.stopped {
		c.drain()
	}
}

func (c *capture) drain() {
	for _, p := range c.pipes {
		if p == nil {
			continue
		}
		p.mu.Lock()
		for total := 0; total < pipeBytes; {
			n := p.once()
			if n <= 0 {
				break
			}
			total += n
		}
		p.mu.Unlock()
	}
}

// Stop puts the original descriptors back. What still has a pipe, a child of user code that was left behind, finds that
// nobody reads it.
func (c *capture) Stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return
	}
	c.stopped = true
	for i, p := range c.pipes {
		if p == nil {
			continue
		}
		if err := replace(int(c.original[i].Fd()), p.descriptor); err != nil {
			c.logger.Warn("a descriptor cannot be put back", "descriptor", p.descriptor, "error", err)
		}
	}
	c.drain()
	for _, p := range c.pipes {
		if p != nil {
			p.mu.Lock()
			p.closed = true
			p.mu.Unlock()
			_ = p.read.Close() // ends run
		}
	}
	c.readers.Wait()
	if err := debug.SetCrashOutput(nil, debug.CrashOptions{}); err != nil {
		c.logger.Warn("the report of a crash may be seen twice", "error", err)
	}
}
