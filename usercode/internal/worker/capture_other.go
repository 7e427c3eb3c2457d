//go:build !unix

package worker

// Workers are not started on this system, see package server, so nothing is captured on it.

func newCapture() *capture { return &capture{} }

// Start does nothing.
func (*capture) Start(func(descriptor int, p []byte) []byte) {}

// Drain does nothing.
func (*capture) Drain() {}

// Stop does nothing.
func (*capture) Stop() {}
