//go:build !unix

package worker

// StderrPipe is only there where workers are started.
type StderrPipe struct{}

// Rest is empty.
func (*StderrPipe) Rest() []byte { return nil }

// Close does nothing.
func (*StderrPipe) Close() error { return nil }
