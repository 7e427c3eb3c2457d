package worker

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

const (
	success  = workerv1.Outcome_OUTCOME_SUCCESS
	canceled = workerv1.Outcome_OUTCOME_CANCELED
)

func TestWorkerReportsARun(t *testing.T) {
	h := newHost(t, "quick").listen()
	p := start(t, h.assignment())
	p.wantExit(t, ExitDelivered)
	h.wantEnd(success)
	if !h.finished || h.streams != 1 || h.marker() != "started one\nstarted two\n" {
		t.Errorf("finished %v, %d streams, user code did %q", h.finished, h.streams, h.marker())
	}
	if hello := h.current.hello; len(hello.GetWorkerId()) != 32 || hello.GetHandle() != Handle(p.cmd.Process.Pid) || hello.GetServerId() != "server" || hello.GetProtocolVersion() == "" {
		t.Errorf("hello: got %v", hello)
	}
	if strings.Contains(p.stderr.String(), token) {
		t.Error("the token is in the worker's output")
	}
}

// TestEventsSurviveBrokenStreams breaks the stream again and again: before a batch is stored, and after it is stored
// and before it is acknowledged.
func TestEventsSurviveBrokenStreams(t *testing.T) {
	h := newHost(t, "chatty")
	h.tags["lines"] = "3000"
	h.welcome.Limits = &workerv1.WorkerLimits{BatchEvents: 100, UnackedBatches: 2, BatchDelay: durationpb.New(time.Millisecond)}
	batches := 0
	h.batch = func(int, *hostStream, *workerv1.EventBatch) action {
		batches++
		switch batches % 5 {
		case 2:
			return breakOnly
		case 4:
			return storeAndBreak
		}
		return storeAndAck
	}
	p := start(t, h.listen().assignment())
	p.wantExit(t, ExitDelivered)
	h.wantEnd(success)
	lines := 0
	for _, ev := range h.decoded() {
		if ev.GetLog() == nil {
			continue
		}
		if ev.GetMessage() != fmt.Sprint("line ", lines) {
			t.Fatalf("line %d is %q", lines, ev.GetMessage())
		}
		lines++
	}
	if lines != 3000 || h.streams < 5 || h.marker() != "started talk\ntalked\n" {
		t.Errorf("%d lines over %d streams, user code did %q", lines, h.streams, h.marker())
	}
}

func TestWhatTheHostHasIsNotSentAgain(t *testing.T) {
	h := newHost(t, "quick")
	h.batch = func(n int, _ *hostStream, b *workerv1.EventBatch) action {
		if n == 1 {
			return storeAndBreak
		}
		if b.GetFirstSeq() != uint64(len(h.events))+1 {
			t.Errorf("the second stream starts at %d, %d events are stored", b.GetFirstSeq(), len(h.events))
		}
		return storeAndAck
	}
	start(t, h.listen().assignment()).wantExit(t, ExitDelivered)
	h.wantEnd(success)
	if h.streams != 2 || h.current.hello.GetWantGrant() || h.current.hello.GetLastSeq() == 0 {
		t.Errorf("%d streams, the last hello was %v", h.streams, h.current.hello)
	}
}

func TestOddAcksChangeNothing(t *testing.T) {
	h := newHost(t, "chatty")
	h.tags["lines"] = "1000"
	h.batch = func(_ int, s *hostStream, _ *workerv1.EventBatch) action {
		for _, seq := range []uint64{0, uint64(len(h.events)), uint64(len(h.events) / 2), uint64(len(h.events))} {
			if err := s.ack(seq); err != nil {
				t.Error(err)
			}
		}
		return storeAndAck
	}
	start(t, h.listen().assignment()).wantExit(t, ExitDelivered)
	h.wantEnd(success)
}

func TestGrantWhoseAnswerWasLostIsAskedForAgain(t *testing.T) {
	h := newHost(t, "quick")
	h.attach = func(n int, s *hostStream) (bool, error) {
		if n > 1 {
			return false, nil
		}
		h.mu.Lock()
		h.workerID = s.hello.GetWorkerId()
		h.mu.Unlock()
		return true, errBroken
	}
	start(t, h.listen().assignment()).wantExit(t, ExitDelivered)
	h.wantEnd(success)
	if h.streams != 2 || h.marker() != "started one\nstarted two\n" {
		t.Errorf("%d streams, user code did %q", h.streams, h.marker())
	}
}

func TestWithoutAGrantNoUserCodeStarts(t *testing.T) {
	for name, prepare := range map[string]func(*fakeHost, *Assignment){
		"ErrAlreadyGranted": func(h *fakeHost, _ *Assignment) { h.workerID = "another process" },
		"ErrFenced": func(h *fakeHost, _ *Assignment) {
			h.attach = func(_ int, s *hostStream) (bool, error) {
				return true, s.deny(workerv1.DenialReason_DENIAL_REASON_FENCED)
			}
		},
		"ErrNewerReason": func(h *fakeHost, _ *Assignment) {
			h.attach = func(_ int, s *hostStream) (bool, error) { return true, s.deny(77) }
		},
		"ErrLeaseOver": func(h *fakeHost, a *Assignment) {
			a.StartLease = 300 * time.Millisecond
			h.attach = func(_ int, s *hostStream) (bool, error) { <-s.Context().Done(); return true, nil }
		},
		"ErrHostAway": func(_ *fakeHost, a *Assignment) {
			a.StartLease, a.HostAddress = 300*time.Millisecond, "http://127.0.0.1:1"
		},
		"ErrDefinitionDiffers":  func(_ *fakeHost, a *Assignment) { a.DefinitionDigest = digestOf(t, "polite") },
		"ErrNoSuchJob":          func(_ *fakeHost, a *Assignment) { a.Job = "gone" },
		"ErrInstructionsAreCut": func(_ *fakeHost, a *Assignment) { *a = Assignment{} },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, "quick").listen()
			a := h.assignment()
			prepare(h, &a)
			p := start(t, a)
			p.wantExit(t, ExitNotStarted)
			if h.marker() != "" || len(h.events) != 0 {
				t.Errorf("user code did %q, %d events came", h.marker(), len(h.events))
			}
			if strings.HasPrefix(name, "ErrDefinition") && h.streams != 0 {
				t.Error("the worker asked for a grant all the same")
			}
			if !strings.Contains(p.stderr.String(), "the worker starts nothing") {
				t.Errorf("no note says why: %s", p.stderr.String())
			}
		})
	}
}

func TestGrantOfAnotherRunIsReportedAsFailure(t *testing.T) {
	h := newHost(t, "quick")
	h.attach = func(_ int, s *hostStream) (bool, error) {
		if err := s.send(&workerv1.AttachResponse{Message: &workerv1.AttachResponse_Welcome{Welcome: h.welcome}}); err != nil {
			return true, err
		}
		grant := h.grant()
		grant.GetGrant().GetRun().RunId = "another"
		if err := s.send(grant); err != nil {
			return true, err
		}
		m, err := s.Recv()
		if err == nil {
			err = h.take(1, s, m)
		}
		return err != nil, err
	}
	start(t, h.listen().assignment())
	h.wait("the failure", func() bool { return len(h.events) == 1 })
	if end := h.decoded()[0].GetRunFinished(); end.GetFailure().GetReason() != "grant" || h.marker() != "" {
		t.Errorf("got %v, user code did %q", end, h.marker())
	}
}

func TestHostAwayAndBack(t *testing.T) {
	h := newHost(t, "gated").listen()
	p := start(t, h.assignment())
	h.wait("the op's first words", func() bool { return len(h.events) >= 3 })
	h.stop()
	// The run ends while the host is away.
	if err := os.WriteFile(h.tags["gate"], []byte("open"), 0o600); err != nil {
		t.Fatal(err)
	}
	h.listen()
	p.wantExit(t, ExitDelivered)
	h.wantEnd(success)
}

func TestHostThatStaysAwayIsWaitedForInBoundedTime(t *testing.T) {
	h := newHost(t, "quick").listen()
	h.batch = func(int, *hostStream, *workerv1.EventBatch) action { return breakOnly }
	start(t, h.assignment()).wantExit(t, ExitUndelivered)
	if h.streams < 3 {
		t.Errorf("only %d streams were tried", h.streams)
	}
}

func TestOpsDoNotWaitForAcks(t *testing.T) {
	h := newHost(t, "chatty")
	h.tags["lines"] = "2000"
	h.silent = true
	h.welcome.Limits = &workerv1.WorkerLimits{BatchEvents: 10, UnackedBatches: 2, BatchDelay: durationpb.New(time.Millisecond)}
	p := start(t, h.listen().assignment())
	h.wait("two batches", func() bool { return len(h.batches) == 2 })
	// All that may be on its way is, and the rest of the run goes on: its end shows when acks flow.
	h.mu.Lock()
	h.silent = false
	stored := uint64(len(h.events))
	h.mu.Unlock()
	if stored > 20 {
		t.Errorf("%d events came without an ack, at most 20 may", stored)
	}
	h.send(&workerv1.AttachResponse{Message: &workerv1.AttachResponse_Ack{Ack: &workerv1.Ack{Seq: stored}}})
	p.wantExit(t, ExitDelivered)
	h.wantEnd(success)
}

func TestHostThatForgetsToAckIsAttachedAgain(t *testing.T) {
	h := newHost(t, "quick")
	h.batch = func(n int, _ *hostStream, _ *workerv1.EventBatch) action {
		if n == 1 {
			return storeOnly
		}
		return storeAndAck
	}
	h.attach = func(n int, _ *hostStream) (bool, error) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.silent = n == 1
		return false, nil
	}
	start(t, h.listen().assignment()).wantExit(t, ExitDelivered)
	h.wantEnd(success)
	if h.streams != 2 {
		t.Errorf("%d streams, want 2", h.streams)
	}
}

func TestIdleWorkerSendsHeartbeats(t *testing.T) {
	h := newHost(t, "polite")
	h.welcome.HeartbeatInterval = durationpb.New(100 * time.Millisecond)
	p := start(t, h.listen().assignment())
	h.wait("three heartbeats", func() bool { return h.beats >= 3 })
	h.cancel(10*time.Second, false)
	p.wantExit(t, ExitDelivered)
}

func TestGoAwayIsFollowedByAnotherAttach(t *testing.T) {
	h := newHost(t, "polite").listen()
	p := start(t, h.assignment())
	h.wait("the op", func() bool { return len(h.events) >= 2 })
	h.send(&workerv1.AttachResponse{Message: &workerv1.AttachResponse_GoAway{GoAway: &workerv1.GoAway{RetryAfter: durationpb.New(50 * time.Millisecond)}}})
	h.wait("the second stream", func() bool { return h.streams == 2 })
	h.cancel(10*time.Second, false)
	p.wantExit(t, ExitDelivered)
	h.wantEnd(canceled)
}

func TestLastAckThatWasLostDoesNotMatter(t *testing.T) {
	h := newHost(t, "quick")
	h.batch = func(int, *hostStream, *workerv1.EventBatch) action { return storeAndBreak }
	h.attach = func(_ int, s *hostStream) (bool, error) {
		h.mu.Lock()
		over := len(h.events) == 6
		h.mu.Unlock()
		if !over {
			return false, nil
		}
		return true, s.deny(workerv1.DenialReason_DENIAL_REASON_ATTEMPT_OVER)
	}
	start(t, h.listen().assignment()).wantExit(t, ExitDelivered)
	h.wantEnd(success)
}

func TestTerminatedWorkerCancelsItsRun(t *testing.T) {
	h := newHost(t, "polite").listen()
	p := start(t, h.assignment())
	eventually(t, "user code", func() bool { return h.marker() != "" })
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p.wantExit(t, ExitDelivered)
	if end := h.wantEnd(canceled); end.GetFailure().GetMessage() != errTerminated.Error() {
		t.Errorf("got %v", end)
	}
}
