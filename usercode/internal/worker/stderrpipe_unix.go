//go:build unix

package worker

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// The descriptors of a StderrPipe in a worker's process.
const (
	stderrReadFD  = 4
	stderrWriteFD = 5
)

// StderrPipe is the pipe that becomes the stderr of a worker while ops run. The server that starts the worker makes it and
// keeps an end open, from which it reads nothing as long as the worker lives: what a process has written and not read
// itself when it exits, crashes or is killed would be lost with the pipe, and these are its last words.
type StderrPipe struct {
	fd   int // of read, which must not be asked for it: that would make it block
	read *os.File
}

// NewStderrPipe makes a pipe. The files are what a worker inherits after its instructions; the caller closes the second
// when it has.
func NewStderrPipe() (p *StderrPipe, inherited [2]*os.File, err error) {
	var ends [2]int
	if err := makePipe(ends[:]); err != nil {
		return nil, inherited, fmt.Errorf("make a pipe for its stderr: %w", err)
	}
	p = &StderrPipe{fd: ends[0], read: os.NewFile(uintptr(ends[0]), "stderr of a worker")}
	return p, [2]*os.File{p.read, os.NewFile(uintptr(ends[1]), "stderr of a worker")}, nil
}

// Rest is what the worker has written and not read. It is called when the worker has ended.
func (p *StderrPipe) Rest() []byte {
	if unix.SetNonblock(p.fd, true) != nil {
		return nil
	}
	var rest []byte
	buffer := make([]byte, readBytes)
	for len(rest) < pipeBytes { // what still writes is not the worker
		n := readNow(p.fd, buffer)
		if n <= 0 {
			break
		}
		rest = append(rest, buffer[:n]...)
	}
	return rest
}

// Close gives the server's end back.
func (p *StderrPipe) Close() error { return p.read.Close() }

// inheritedPipe is the StderrPipe in the worker's process.
func inheritedPipe() [2]int {
	unix.CloseOnExec(stderrReadFD) // children get the pipe as their stderr, and no other way
	unix.CloseOnExec(stderrWriteFD)
	return [2]int{stderrReadFD, stderrWriteFD}
}
