package bulk

import "github.com/penstock-run/penstock/host"

// LimitBatches makes batches small; each is written in two writes.
func (r *Runner) LimitBatches(size int) {
	r.batch, r.write = func(host.BulkKind) int { return size }, (size+1)/2
}

// MaxUnfinished is the constant of that name.
const MaxUnfinished = maxUnfinished

// StopPatience is the constant of that name.
const StopPatience = stopPatience

// RequestOf is the request of a child.
func RequestOf(bulk string, id host.RunID) string { return requestOf(bulk, id) }
