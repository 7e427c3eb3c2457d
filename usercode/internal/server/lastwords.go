package server

import (
	"os"

	"github.com/penstock-run/penstock/usercode/internal/worker"
)

// lastWords is where they are found when a worker has ended badly: the file behind its output, and the pipe that its
// stderr is while ops run.
type lastWords struct {
	output *os.File
	stderr *worker.StderrPipe // nil before there is one
}

// tail is the end of what the worker has printed, see tailOf. It is called when the worker has ended.
func (w *lastWords) tail(lookupEnv func(variable string) (value string, ok bool)) []byte {
	if rest := w.stderr.Rest(); len(rest) > 0 {
		_, _ = w.output.Write(rest) // follows what the worker wrote: both have one place in the file
	}
	return tailOf(w.output, lookupEnv)
}

// close gives back what the server has of them.
func (w *lastWords) close() {
	_ = w.output.Close() // it was only read
	if w.stderr != nil {
		_ = w.stderr.Close()
	}
}
