package worker

import (
	"sync"
	"time"
)

// Sizes of the process's own output.
const (
	maxOutputBytes  = 64 << 20
	keepOutputBytes = 1 << 20
)

// boundOutput looks at the size of the output now and then. The returned function ends that.
func (w *worker) boundOutput() (stop func()) {
	if w.opts.Output == nil {
		return func() {}
	}
	quit := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		ticker := time.NewTicker(w.opts.timing.output)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
			case <-quit:
				return
			}
			if err := trimOutput(w.opts.Output, maxOutputBytes, keepOutputBytes); err != nil {
				w.logger.Warn("the output of this process cannot be kept small", "error", err)
				return
			}
		}
	})
	return func() {
		close(quit)
		group.Wait()
	}
}
