package usercode

import (
	"math"
	"time"

	"github.com/penstock-run/penstock/usercode/tag"
)

// Timeout is how long one attempt of an op may take, its [Retry] not counted:
//
//	var load = usercode.NewOp1("load", loadOrders, usercode.Timeout(10*time.Minute))
//
// Then the op's context ends with context.DeadlineExceeded, and the attempt has failed with reason timeout, whatever
// the function returns from then on. So the function has to pass its context on to all that takes long.
//
// A function that does not return within 10 seconds more is left behind: the op has failed and is not tried again, its
// descendants are skipped, and the other branches of the run go on. Go has no means to end a function from outside, so
// it goes on until it returns, or until the process ends with the run; MaxConcurrent does not count it any more. What
// must be ended for sure is a program of its own: see [Command].
//
// It also limits an evaluation of a [NewScheduleFunc], [NewSensor] or [NewRunStatusSensor], to at most 10 minutes.
type Timeout time.Duration

func (t Timeout) applyOp(def *opDef) {
	if t <= 0 {
		def.faultf("Timeout is %v; it has to be more than 0, leave it out for no limit", time.Duration(t))
		return
	}
	def.op.Timeout = time.Duration(t)
}

func (t Timeout) applyCommand(c *command) { c.opOptions = append(c.opOptions, t) }

// Priority says which op starts first when more are ready than [MaxConcurrent] lets run: the one with the highest, and
// of those with the same, 0 when it is not given, the one that was placed first. It never ends an op that runs, and has
// nothing to do with the tag penstock/priority, which orders runs in the queue.
type Priority int

func (p Priority) applyOp(def *opDef) {
	if p < math.MinInt32 || p > math.MaxInt32 {
		def.faultf("Priority is %d; it has to fit 32 bits", p)
		return
	}
	def.op.Priority = int(p)
}

func (p Priority) applyCommand(c *command) { c.opOptions = append(c.opOptions, p) }

// Pool names a pool of slots, of which each attempt of the op takes one for as long as its function runs:
//
//	var load = usercode.NewOp1("load", loadOrders, usercode.Pool("warehouse"))
//
// The slots are shared by the ops of all runs, of all jobs and code locations of a host; how many there are is said in
// the host's configuration, under queue.pools. A pool that it does not name limits nothing. While an op waits for a slot
// it takes none of the places of [MaxConcurrent], and its [Timeout] does not run. A function that was left behind keeps
// its slot until it returns.
type Pool string

func (p Pool) applyOp(def *opDef) {
	if err := tag.CheckName(string(p)); err != nil {
		def.faultf("Pool: %v", err)
		return
	}
	if def.op.Pool != "" {
		def.faultf("Pool is given twice: %q and %q; an op takes a slot of one", def.op.Pool, string(p))
		return
	}
	def.op.Pool = string(p)
}

func (p Pool) applyCommand(c *command) { c.opOptions = append(c.opOptions, p) }

// MaxConcurrent is how many ops of one run execute at a time. Without it, as many as Go may use CPUs (GOMAXPROCS) in
// the worker's process. Ops that wait for other systems more than they compute may need a higher one; those that share
// something, such as a database, a lower one.
type MaxConcurrent int

const maxMaxConcurrent = 10_000

func (n MaxConcurrent) applyJob(j *Job) {
	if n < 1 || n > maxMaxConcurrent {
		j.faultf("MaxConcurrent is %d; it is a number of ops from 1 to %d, leave it out for as many as there are CPUs", n, maxMaxConcurrent)
		return
	}
	j.maxConcurrent = int(n)
}
