package worker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// session is one stream. The goroutine that runs it owns every send; a second one owns every receive and acts on
// what comes at once, so that a cancel is heard while a send is blocked.
type session struct {
	*client
	stream grpc.BidiStreamingClient[workerv1.AttachRequest, workerv1.AttachResponse]
	stop   context.CancelFunc // ends the stream in both directions

	wake chan struct{} // signaled by the receiver, with room for one

	mu          sync.Mutex
	established bool // the host has answered the hello
	limits      limits
	end         error // why the session has to end; the first one stays

	// The sender's own.
	next      uint64   // seq of the next event to send
	window    []uint64 // last seqs of batches that are not acknowledged
	lastBatch time.Time
	lastSend  time.Time
	goodbye   bool   // finished was sent
	told      uint64 // number of the state of the slots that the host was told last
	acked     uint64
	progress  time.Time // of acks, or nothing waited for one
}

var (
	errNoAnswer = errors.New("the host did not answer the hello in time")
	errNoAck    = errors.New("the host does not acknowledge what it was sent")
)

// session attaches once and stays attached for as long as it can. It reports whether the host had answered, and why
// it is over; all its goroutines have ended.
func (c *client) session(ctx context.Context) (established bool, err error) {
	conn := c.early
	if c.early = nil; conn == nil {
		if conn, err = DialHost(c.assignment.HostAddress, c.assignment.HostCA); err != nil {
			return false, err
		}
	}
	defer func() { _ = conn.Close() }()

	ctx, stop := context.WithCancel(metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+c.assignment.Token))
	defer stop()
	s := &session{client: c, stop: stop, wake: make(chan struct{}, 1), limits: defaultLimits}
	// The stream is opened in time or not at all, also by a host that accepts connections and says nothing.
	watchdog := time.AfterFunc(c.timing.answer, func() {
		if !s.isEstablished() {
			s.fail(errNoAnswer)
		}
	})
	defer watchdog.Stop()

	if s.stream, err = workerv1.NewWorkerServiceClient(conn).Attach(ctx); err != nil {
		return false, s.reason(err)
	}
	received := make(chan error, 1)
	go func() { received <- s.receive() }()
	err = s.send(ctx, received)
	stop()
	s.logger.Debug("stream ended", "status", <-received) // joined
	return s.isEstablished(), s.reason(err)
}

// receive acts on what comes until the stream ends.
func (s *session) receive() error {
	for {
		m, err := s.stream.Recv()
		if err != nil {
			return err
		}
		s.take(m)
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
}

func (s *session) take(m *workerv1.AttachResponse) {
	switch m := m.GetMessage().(type) {
	case *workerv1.AttachResponse_Welcome:
		s.buffer.ack(m.Welcome.GetAckedSeq())
		s.slots.welcome(m.Welcome.GetGrantsSlots())
		s.mu.Lock()
		s.limits, s.established = s.limits.with(m.Welcome), true
		s.mu.Unlock()
	case *workerv1.AttachResponse_Grant:
		s.mu.Lock()
		s.established = true
		s.mu.Unlock()
		s.grant(m.Grant.GetRun())
	case *workerv1.AttachResponse_Ack:
		s.buffer.ack(m.Ack.GetSeq())
	case *workerv1.AttachResponse_SlotGrants:
		s.slots.take(m.SlotGrants)
	case *workerv1.AttachResponse_Cancel:
		select {
		case s.cancels <- m.Cancel:
		default:
		}
	case *workerv1.AttachResponse_Denied:
		s.fail(deniedError{m.Denied})
	case *workerv1.AttachResponse_GoAway:
		s.fail(goAwayError{min(max(m.GoAway.GetRetryAfter().AsDuration(), 0), time.Minute)})
	}
}

// send does everything that is sent, until the session is over.
func (s *session) send(ctx context.Context, received chan error) error {
	if err := s.sendHello(); err != nil {
		return streamError(err, received)
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		if err := s.failure(); err != nil {
			return err
		}
		due := s.now().Add(time.Hour)
		if s.isEstablished() {
			done, next, err := s.sendDue()
			switch {
			case err != nil:
				return streamError(err, received)
			case done:
				s.sayGoodbye(received)
				return errDelivered
			}
			due = next
		}
		timer.Reset(max(due.Sub(s.now()), 0))
		select {
		case <-s.wake:
		case <-s.buffer.changed:
		case <-s.slots.changed:
		case <-timer.C:
		case err := <-received:
			received <- err // for session, which waits for it
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *session) sendHello() error {
	hello := proto.CloneOf(s.hello)
	hello.WantGrant = !s.isRunning()
	hello.LastSeq, _, _ = s.buffer.state()
	if hello.Slots, s.told = s.slots.state(); len(hello.GetSlots().GetSlots()) == 0 {
		hello.Slots = nil
	}
	return s.write(&workerv1.AttachRequest{Message: &workerv1.AttachRequest_Hello{Hello: hello}})
}

// sendDue sends what is due and says when the next thing is, or that the host has everything.
func (s *session) sendDue() (done bool, due time.Time, err error) {
	limits := s.currentLimits()
	for {
		last, acked, finished := s.buffer.state()
		s.next = max(s.next, acked+1)
		for len(s.window) > 0 && s.window[0] <= acked {
			s.window = s.window[1:]
		}
		if acked > s.acked || len(s.window) == 0 && !s.goodbye {
			s.acked, s.progress = acked, s.now()
		}
		switch {
		case !s.now().Before(s.progress.Add(s.timing.stall)):
			return false, due, errNoAck
		case s.next > last && finished && s.goodbye && acked >= last:
			return true, due, nil
		case s.slots.changedSince(s.told):
			var all *workerv1.Slots
			all, s.told = s.slots.state()
			err = s.write(&workerv1.AttachRequest{Message: &workerv1.AttachRequest_Slots{Slots: all}})
		case s.next > last && finished && !s.goodbye:
			s.goodbye = true
			err = s.write(&workerv1.AttachRequest{Message: &workerv1.AttachRequest_Finished{Finished: &workerv1.Finished{LastSeq: last}}})
		case s.next <= last && len(s.window) < limits.unackedBatches && (finished || s.batchIsDue(limits)):
			err = s.sendBatch(limits)
		case !s.now().Before(s.lastSend.Add(limits.heartbeat)):
			err = s.write(&workerv1.AttachRequest{Message: &workerv1.AttachRequest_Heartbeat{
				Heartbeat: &workerv1.Heartbeat{Uptime: durationpb.New(s.now().Sub(s.started))},
			}})
		default:
			due = earlier(s.lastSend.Add(limits.heartbeat), s.progress.Add(s.timing.stall))
			if s.next <= last && len(s.window) < limits.unackedBatches {
				due = earlier(due, s.lastBatch.Add(limits.batchDelay))
			}
			return false, due, nil
		}
		if err != nil {
			return false, due, err
		}
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// batchIsDue lets the first event after a silence leave at once and others wait for company.
func (s *session) batchIsDue(l limits) bool {
	return !s.now().Before(s.lastBatch.Add(l.batchDelay)) || s.buffer.fills(s.next, l.batchEvents, l.batchBytes)
}

func (s *session) sendBatch(l limits) error {
	first, events := s.buffer.batch(s.next, l.batchEvents, l.batchBytes)
	if len(events) == 0 {
		s.next = first // acknowledged meanwhile
		return nil
	}
	err := s.write(&workerv1.AttachRequest{Message: &workerv1.AttachRequest_Events{
		Events: &workerv1.EventBatch{FirstSeq: first, Events: events},
	}})
	s.next = first + uint64(len(events))
	s.window = append(s.window, s.next-1)
	s.lastBatch = s.lastSend
	return err
}

func (s *session) write(m *workerv1.AttachRequest) error {
	err := s.stream.Send(m)
	s.lastSend = s.now()
	return err
}

// sayGoodbye lets the host read the end of the stream before the connection goes.
func (s *session) sayGoodbye(received chan error) {
	if s.stream.CloseSend() != nil {
		return
	}
	select {
	case err := <-received:
		received <- err
	case <-time.After(s.timing.goodbye):
	}
}

// streamError is why a send failed: gRPC tells the receiver, the sender learns only that the stream is over.
func streamError(err error, received chan error) error {
	if !errors.Is(err, io.EOF) {
		return err
	}
	err = <-received
	received <- err
	return err
}

func (s *session) isEstablished() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.established
}

func (s *session) currentLimits() limits {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.limits
}

// fail ends the session for a reason of its own.
func (s *session) fail(why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.end == nil {
		s.end = why
		s.stop()
	}
}

func (s *session) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.end
}

// reason prefers the session's own reason to the broken stream that follows from it.
func (s *session) reason(err error) error {
	if why := s.failure(); why != nil {
		return why
	}
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("the host ended the stream: %w", err)
	}
	return err
}
