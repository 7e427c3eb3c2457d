package bulk

import "github.com/penstock-run/penstock/host"

// LimitBatches makes batches small.
func (r *Runner) LimitBatches(size int) { r.batch = func(host.BulkKind) int { return size } }

// MaxUnfinished is the constant of that name.
const MaxUnfinished = maxUnfinished

// StopPatience is the constant of that name.
const StopPatience = stopPatience
