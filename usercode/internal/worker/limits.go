package worker

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// limits are what the host asks for in its welcome, within what the contract allows.
type limits struct {
	heartbeat      time.Duration
	batchEvents    int
	batchBytes     int
	unackedBatches int
	batchDelay     time.Duration
}

// defaultLimits hold until the host says otherwise.
var defaultLimits = limits{
	heartbeat:      10 * time.Second,
	batchEvents:    256,
	batchBytes:     1 << 20,
	unackedBatches: 8,
	batchDelay:     50 * time.Millisecond,
}

// with takes over what a welcome sets. Zero means the default; a value that makes no sense becomes the nearest that
// does, because a run must not stall over it.
func (l limits) with(w *workerv1.Welcome) limits {
	l.heartbeat = within(w.GetHeartbeatInterval(), l.heartbeat, 100*time.Millisecond, 30*time.Second)
	wanted := w.GetLimits()
	l.batchDelay = within(wanted.GetBatchDelay(), l.batchDelay, time.Millisecond, 10*time.Second)
	if n := wanted.GetBatchEvents(); n > 0 {
		l.batchEvents = int(min(n, 1000))
	}
	if n := wanted.GetBatchBytes(); n > 0 {
		l.batchBytes = int(min(max(n, 1<<10), 3<<20))
	}
	if n := wanted.GetUnackedBatches(); n > 0 {
		l.unackedBatches = int(min(n, 1000))
	}
	return l
}

func within(d *durationpb.Duration, otherwise, least, most time.Duration) time.Duration {
	if d.AsDuration() <= 0 {
		return otherwise
	}
	return min(max(d.AsDuration(), least), most)
}

// timing is what a test may want shorter.
type timing struct {
	backoffMin, backoffMax time.Duration // between two attempts to attach
	answer                 time.Duration // for the host's answer to a hello
	stall                  time.Duration // without an ack of what was sent, before the stream is opened again
	deniedGrace            time.Duration // for user code to end when the host wants none of it any more
	killReport             time.Duration // for the last events of a run whose grace is over
	goodbye                time.Duration // for the host to see the end of the stream
	undelivered            time.Duration // how long events of a run that is over are offered to a host that is away
	output                 time.Duration // between two looks at the size of the process's own output
}

var defaultTiming = timing{
	backoffMin:  100 * time.Millisecond,
	backoffMax:  5 * time.Second,
	answer:      10 * time.Second,
	stall:       time.Minute,
	deniedGrace: 10 * time.Second,
	killReport:  3 * time.Second,
	goodbye:     2 * time.Second,
	undelivered: 24 * time.Hour,
	output:      5 * time.Second,
}
