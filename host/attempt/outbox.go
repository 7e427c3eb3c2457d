package attempt

import (
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// goAwayPause is how long a worker waits before it attaches again when the host stops.
const goAwayPause = 500 * time.Millisecond

// outbox holds what is to be sent to a worker: of each kind only the newest, so
// that it is bounded however slow the stream is. One goroutine sends.
type outbox struct {
	mu     sync.Mutex
	first  []*workerv1.AttachResponse // welcome and grant
	ack    uint64
	acked  bool
	order  *cancelOrder
	grants *workerv1.SlotGrants
	denial *workerv1.Denied
	away   bool
	ready  chan struct{}
}

// cancelOrder is a cancel as it is told to a worker.
type cancelOrder struct {
	grace  time.Duration
	force  bool
	reason string
}

func newOutbox() *outbox { return &outbox{ready: make(chan struct{}, 1)} }

func (o *outbox) wake() {
	select {
	case o.ready <- struct{}{}:
	default:
	}
}

func (o *outbox) set(change func()) {
	o.mu.Lock()
	change()
	o.mu.Unlock()
	o.wake()
}

func (o *outbox) add(r *workerv1.AttachResponse) { o.set(func() { o.first = append(o.first, r) }) }
func (o *outbox) acknowledge(seq uint64)         { o.set(func() { o.ack, o.acked = max(o.ack, seq), true }) }
func (o *outbox) cancel(c cancelOrder)           { o.set(func() { o.order = &c }) }
func (o *outbox) deny(d *workerv1.Denied)        { o.set(func() { o.denial = d }) }
func (o *outbox) grant(g *workerv1.SlotGrants)   { o.set(func() { o.grants = g }) }
func (o *outbox) goAway()                        { o.set(func() { o.away = true }) }

// take returns what is to be sent now, in order, and whether the stream ends after it.
func (o *outbox) take() (out []*workerv1.AttachResponse, last bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.denial == nil { // else user code must not start
		out = o.first
	}
	o.first = nil
	if o.acked {
		out = append(out, &workerv1.AttachResponse{
			Message: &workerv1.AttachResponse_Ack{Ack: &workerv1.Ack{Seq: o.ack}},
		})
		o.acked = false
	}
	if o.grants != nil && o.denial == nil {
		out = append(out, &workerv1.AttachResponse{Message: &workerv1.AttachResponse_SlotGrants{SlotGrants: o.grants}})
	}
	o.grants = nil
	if o.order != nil {
		out = append(out, &workerv1.AttachResponse{Message: &workerv1.AttachResponse_Cancel{Cancel: &workerv1.Cancel{
			Grace: durationpb.New(o.order.grace), Force: o.order.force, Reason: o.order.reason,
		}}})
		o.order = nil
	}
	if o.denial != nil {
		return append(out, &workerv1.AttachResponse{Message: &workerv1.AttachResponse_Denied{Denied: o.denial}}), true
	}
	if o.away {
		return append(out, &workerv1.AttachResponse{Message: &workerv1.AttachResponse_GoAway{GoAway: &workerv1.GoAway{
			RetryAfter: durationpb.New(goAwayPause),
		}}}), true
	}
	return out, false
}
