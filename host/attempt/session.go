package attempt

import (
	"context"
	"fmt"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/launch"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// Limits of what a worker may send at once, from the contract.
const (
	maxBatchEvents = 1000
	maxEventBytes  = 256 << 10
)

// Session is one stream of one worker. Receive is called by one goroutine;
// Ready and Take by one other.
type Session struct {
	sessions *Sessions
	run      host.RunID
	attempt  uint32
	worker   string
	// priority is that of the run when it attached.
	priority int32
	out      *outbox
	// stored is the seq of the last event on disk, as this session knows it.
	stored uint64
	// denied is set when the worker was not let in: then nothing that comes counts.
	denied bool
	// over is set when nothing more of this worker is stored.
	over bool
	// receiving is set while Receive works; guarded by Sessions.mu.
	receiving bool
}

// Ready gets a value when Take has something to send.
func (s *Session) Ready() <-chan struct{} { return s.out.ready }

// Take returns what is to be sent now, in order, and whether the stream ends after it.
func (s *Session) Take() (out []*workerv1.AttachResponse, last bool) { return s.out.take() }

// Close notes that the stream has ended.
func (s *Session) Close() { s.sessions.leave(s) }

// Receive handles one message of the worker. An error ends the stream; the
// worker comes back and sends again what was not acknowledged.
func (s *Session) Receive(ctx context.Context, m *workerv1.AttachRequest) error {
	if s.denied {
		return nil // the denial is on its way, and ends the stream
	}
	s.sessions.heard(s, true)
	defer s.sessions.heard(s, false)
	switch m := m.GetMessage().(type) {
	case *workerv1.AttachRequest_Events:
		return s.sessions.noteFull(s.run, s.events(ctx, m.Events))
	case *workerv1.AttachRequest_Finished:
		return s.sessions.noteFull(s.run, s.finished(ctx, m.Finished.GetLastSeq()))
	case *workerv1.AttachRequest_Slots:
		return s.sessions.slotsSaid(s, m.Slots)
	case *workerv1.AttachRequest_Hello:
		return &host.Error{Code: host.Invalid, Reason: "WORKER_STREAM", Message: "hello came twice on one stream"}
	default: // a heartbeat, or what a newer worker says
		return nil
	}
}

// events stores a batch, then what it implies for the run, then acknowledges.
func (s *Session) events(ctx context.Context, b *workerv1.EventBatch) error {
	if err := checkBatch(b); err != nil {
		return err
	}
	if s.over {
		return nil
	}
	// The run may have ended meanwhile: lost, or forced to end.
	run, err := s.sessions.o.Store.Run(ctx, s.run)
	if err == nil && (run.Status.Final() || run.Current.WorkerID != s.worker) {
		return s.late(ctx)
	}
	if err == nil {
		err = s.addTags(ctx, &run, b)
	}
	if err == nil {
		s.stored, err = s.sessions.o.Store.AppendEvents(ctx, s.run, host.EventBatch{
			Attempt: s.attempt, First: b.GetFirstSeq(), Events: b.GetEvents(),
		})
	}
	if host.CodeOf(err) == host.NotFound {
		return s.late(ctx)
	}
	if err != nil {
		return err
	}
	for _, data := range b.GetEvents() {
		end, ok := runFinished(data)
		if !ok {
			continue
		}
		if err := s.sessions.finish(ctx, s.run, s.attempt, end); err != nil {
			return err
		}
	}
	s.out.acknowledge(s.stored)
	return nil
}

// late records, once for each stream, that a worker reported something after
// its attempt was over. The run keeps its state and its events.
func (s *Session) late(ctx context.Context) error {
	s.over = true
	s.out.deny(overDenial())
	_, err := s.sessions.o.Store.UpdateRun(ctx, s.run, func(*host.Run) ([][]byte, error) {
		return [][]byte{launch.Note(launch.NoteLateReport,
			fmt.Sprintf("attempt %d reported more events after it was over; they were not stored", s.attempt),
			s.sessions.o.Clock.Now())}, nil
	})
	if host.CodeOf(err) == host.NotFound {
		return nil
	}
	return err
}

// finished handles the worker's last word.
func (s *Session) finished(ctx context.Context, lastSeq uint64) error {
	if s.over {
		return nil
	}
	if lastSeq > s.stored {
		return &host.Error{
			Code: host.Conflict, Reason: "WORKER_STREAM",
			Message: fmt.Sprintf("the worker finished at event %d, but only %d are stored", lastSeq, s.stored),
		}
	}
	if err := s.sessions.conclude(ctx, s.run, s.attempt); err != nil {
		return err
	}
	s.out.acknowledge(s.stored)
	return nil
}

// checkBatch holds the worker to the contract's limits.
func checkBatch(b *workerv1.EventBatch) error {
	if n := len(b.GetEvents()); n == 0 || n > maxBatchEvents || b.GetFirstSeq() == 0 {
		return &host.Error{
			Code: host.Invalid, Reason: "WORKER_STREAM",
			Message: fmt.Sprintf("a batch of %d events from %d; 1 to %d are allowed, from 1", n, b.GetFirstSeq(), maxBatchEvents),
		}
	}
	for i, e := range b.GetEvents() {
		if len(e) > maxEventBytes {
			return &host.Error{
				Code: host.Invalid, Reason: "WORKER_STREAM",
				Message: fmt.Sprintf("event %d has %d bytes; at most %d are allowed", b.GetFirstSeq()+uint64(i), len(e), maxEventBytes),
			}
		}
	}
	return nil
}
