package api_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/api"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

const secret = "the attempt's secret"

func (f *fixture) limitStreams(n int) { f.server.LimitStreams(n) }

// starting stores a run in STARTING, attempt 1.
func (f *fixture) starting() host.RunID {
	f.t.Helper()
	id := host.RunID(uuid.Must(uuid.NewV7()).String())
	sum := sha256.Sum256([]byte(secret))
	_, _, err := f.store.CreateRun(f.t.Context(), host.NewRun{
		RequestID: "request-" + string(id),
		// The queue finds no location for this job, so it never starts the run itself.
		Run: host.Run{
			ID: id, Job: host.JobName{Location: "l", Repository: "r", Job: "j"}, Status: host.Queued,
			OpPaths: []string{"a"}, ConfigJSON: []byte(`{}`), CreatedAt: time.Now(),
		},
	})
	if err != nil {
		f.t.Fatal(err)
	}
	_, err = f.store.UpdateRun(f.t.Context(), id, func(run *host.Run) ([][]byte, error) {
		if run.Status == host.WaitingForCode {
			if err := run.Become(host.Queued, "", time.Now()); err != nil {
				return nil, err
			}
		}
		run.Attempt = 1
		run.Current = host.AttemptState{TokenSHA256: sum[:]}
		run.StartedFrom.Definition = host.Digest{1}
		return nil, run.Become(host.Starting, "", time.Now())
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return id
}

// grpcWorker is a connection of a worker.
func (f *fixture) grpcWorker() workerv1.WorkerServiceClient {
	f.t.Helper()
	cc, err := grpc.NewClient("passthrough:///"+strings.TrimPrefix(f.url, "http://"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = cc.Close() })
	return workerv1.NewWorkerServiceClient(cc)
}

func attach(ctx context.Context, c workerv1.WorkerServiceClient, token string, first *workerv1.AttachRequest) (workerv1.WorkerService_AttachClient, error) {
	stream, err := c.Attach(metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token))
	if err != nil {
		return nil, err
	}
	return stream, stream.Send(first)
}

func helloOf(id host.RunID, worker string, want bool) *workerv1.AttachRequest {
	d := host.Digest{1}
	return &workerv1.AttachRequest{Message: &workerv1.AttachRequest_Hello{Hello: &workerv1.Hello{
		RunId: string(id), Attempt: 1, WorkerId: worker, WantGrant: want, Handle: "pid 1", DefinitionDigest: d[:],
	}}}
}

func batch(first uint64, list ...*workerv1.Event) *workerv1.AttachRequest {
	b := &workerv1.EventBatch{FirstSeq: first}
	for _, e := range list {
		data, err := proto.Marshal(e)
		if err != nil {
			panic(err)
		}
		b.Events = append(b.Events, data)
	}
	return &workerv1.AttachRequest{Message: &workerv1.AttachRequest_Events{Events: b}}
}

func logged(i int) *workerv1.Event {
	return &workerv1.Event{Kind: "log", Message: fmt.Sprintf("event %d %s", i, strings.Repeat("x", i%500))}
}

func success() *workerv1.Event {
	return &workerv1.Event{Kind: "run_finished", Detail: &workerv1.Event_RunFinished{
		RunFinished: &workerv1.RunFinished{Outcome: workerv1.Outcome_OUTCOME_SUCCESS},
	}}
}

func TestAttachReportsAndEnds(t *testing.T) {
	f := newFixture(t, settings{})
	id := f.starting()
	stream, err := attach(t.Context(), f.grpcWorker(), secret, helloOf(id, "w1", true))
	if err != nil {
		t.Fatal(err)
	}
	next := func() *workerv1.AttachResponse {
		t.Helper()
		m, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	if m := next(); m.GetWelcome() == nil || m.GetWelcome().GetAckedSeq() != 0 {
		t.Errorf("first came %v, want welcome", m)
	}
	if m := next(); m.GetGrant().GetRun().GetRunId() != string(id) {
		t.Errorf("then came %v, want the grant", m)
	}
	if err := stream.Send(batch(1, logged(1), logged(2), success())); err != nil {
		t.Fatal(err)
	}
	if m := next(); m.GetAck().GetSeq() != 3 {
		t.Errorf("after the events came %v, want ack of 3", m)
	}
	finished := &workerv1.AttachRequest{Message: &workerv1.AttachRequest_Finished{Finished: &workerv1.Finished{LastSeq: 3}}}
	if err := stream.Send(finished); err != nil {
		t.Fatal(err)
	}
	if m := next(); m.GetAck().GetSeq() != 3 {
		t.Errorf("after finished came %v, want ack of 3", m)
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); !isEOF(err) {
		t.Errorf("the stream ended with %v", err)
	}
	if _, run := f.follow(string(id)); run.GetStatus() != hostv1.RunStatus_RUN_STATUS_SUCCESS {
		t.Errorf("the run ended as %s", run.GetStatus())
	}
}

func TestAttachDenials(t *testing.T) {
	f := newFixture(t, settings{})
	id := f.starting()
	for _, c := range []struct {
		name, token string
		first       *workerv1.AttachRequest
		want        workerv1.DenialReason
	}{
		{"ErrToken", "another", helloOf(id, "w", true), workerv1.DenialReason_DENIAL_REASON_FENCED},
		{"ErrNoToken", "", helloOf(id, "w", true), workerv1.DenialReason_DENIAL_REASON_FENCED},
		{"ErrNoRun", secret, helloOf("0192a3b4-0000-7000-8000-000000000000", "w", true), workerv1.DenialReason_DENIAL_REASON_ATTEMPT_OVER},
		{"ErrNeverGranted", secret, helloOf(id, "w", false), workerv1.DenialReason_DENIAL_REASON_FENCED},
	} {
		t.Run(c.name, func(t *testing.T) {
			stream, err := attach(t.Context(), f.grpcWorker(), c.token, c.first)
			if err != nil {
				t.Fatal(err)
			}
			m, err := stream.Recv()
			if err != nil || m.GetDenied().GetReason() != c.want {
				t.Fatalf("got %v, %v; want %s", m, err, c.want)
			}
			// The worker need not close its side for the stream to end.
			if _, err := stream.Recv(); !isEOF(err) {
				t.Errorf("after the denial: %v", err)
			}
		})
	}
}

func TestAttachErrors(t *testing.T) {
	f := newFixture(t, settings{})
	id := f.starting()
	big := &workerv1.AttachRequest{Message: &workerv1.AttachRequest_Events{Events: &workerv1.EventBatch{FirstSeq: 1, Events: [][]byte{make([]byte, 5<<20)}}}}
	for _, c := range []struct {
		name string
		send []*workerv1.AttachRequest
		code codes.Code
	}{
		{"ErrNoHello", []*workerv1.AttachRequest{batch(1, logged(1))}, codes.InvalidArgument},
		{"ErrHelloTwice", []*workerv1.AttachRequest{helloOf(id, "w", true), helloOf(id, "w", true)}, codes.InvalidArgument},
		{"ErrGap", []*workerv1.AttachRequest{helloOf(id, "w", true), batch(5, logged(1))}, codes.FailedPrecondition},
		{"ErrTooLarge", []*workerv1.AttachRequest{helloOf(id, "w", true), big}, codes.ResourceExhausted},
	} {
		t.Run(c.name, func(t *testing.T) {
			stream, err := attach(t.Context(), f.grpcWorker(), secret, c.send[0])
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range c.send[1:] {
				if err := stream.Send(m); err != nil && !isEOF(err) {
					t.Fatal(err)
				}
			}
			for err == nil {
				_, err = stream.Recv()
			}
			if status.Code(err) != c.code {
				t.Errorf("the stream ended with %v, want %s", err, c.code)
			}
		})
	}
}

// TestAttachNeedsHelloSoon: who says nothing has shown no token and must not hold a stream.
func TestAttachNeedsHelloSoon(t *testing.T) {
	fired := make(chan time.Time, 1)
	f := newFixture(t, settings{options: func(o *api.Options) { o.Clock = helloClock{fired} }})
	stream, err := f.grpcWorker().Attach(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	fired <- time.Now()
	if _, err := stream.Recv(); status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), "no hello within") {
		t.Errorf("the stream ended with %v", err)
	}
}

// helloClock is a clock whose waits end when the test says so.
type helloClock struct{ fired chan time.Time }

func (helloClock) Now() time.Time                         { return time.Now() }
func (c helloClock) After(time.Duration) <-chan time.Time { return c.fired }

// TestAttachDetachStress breaks a worker's streams in every way again and again while it reports. Whatever happens,
// each event is stored once and in order.
func TestAttachDetachStress(t *testing.T) {
	f := newFixture(t, settings{})
	const workers, rounds, perRound = 6, 12, 40
	var w sync.WaitGroup
	for n := range workers {
		id := f.starting()
		client := f.grpcWorker()
		w.Go(func() {
			sent, granted := 0, false
			for round := range rounds {
				ctx, cancel := context.WithCancel(t.Context())
				stream, err := attach(ctx, client, secret, helloOf(id, "w", !granted))
				if err != nil {
					t.Error(err)
					cancel()
					return
				}
				m, err := stream.Recv()
				if err != nil || m.GetWelcome() == nil {
					t.Errorf("round %d: got %v, %v; want welcome", round, m, err)
					cancel()
					return
				}
				granted = true
				acked := int(m.GetWelcome().GetAckedSeq())
				target := (round + 1) * perRound
				received := make(chan struct{})
				go func() {
					defer close(received)
					for {
						m, err := stream.Recv()
						if err != nil {
							return
						}
						if int(m.GetAck().GetSeq()) == target && round%3 == 2 {
							cancel() // while acknowledgements and events are under way
						}
					}
				}()
				for i := acked + 1; i <= target; i++ {
					if err := stream.Send(batch(uint64(i), logged(i))); err != nil {
						break
					}
					sent = i
				}
				switch round % 3 {
				case 0: // at once
					cancel()
				case 1: // in order
					_ = stream.CloseSend()
				}
				<-received
				cancel()
			}
			if sent == 0 {
				t.Errorf("worker %d sent nothing", n)
			}
			// Last, in order to the end.
			stream, err := attach(t.Context(), client, secret, helloOf(id, "w", false))
			if err != nil {
				t.Error(err)
				return
			}
			m, err := stream.Recv()
			if err != nil {
				t.Error(err)
				return
			}
			last := int(m.GetWelcome().GetAckedSeq())
			for i := last + 1; i <= rounds*perRound; i++ {
				if err := stream.Send(batch(uint64(i), logged(i))); err != nil {
					t.Error(err)
				}
			}
			if err := stream.Send(batch(rounds*perRound+1, success())); err != nil {
				t.Error(err)
			}
			for m.GetAck().GetSeq() != rounds*perRound+1 {
				if m, err = stream.Recv(); err != nil {
					t.Error(err)
					return
				}
			}
			events, err := f.store.Events(t.Context(), id, host.Cursor{Attempt: 1}, 1<<20)
			if err != nil {
				t.Error(err)
			}
			seq := 0
			for _, e := range events {
				if e.Cursor.Note > 0 {
					continue
				}
				seq++
				var event workerv1.Event
				if err := proto.Unmarshal(e.Data, &event); err != nil || int(e.Cursor.Seq) != seq ||
					seq <= rounds*perRound && !strings.HasPrefix(event.GetMessage(), fmt.Sprintf("event %d ", seq)) {
					t.Errorf("run %s: event %d is %s %q, %v", id, seq, e.Cursor, event.GetMessage(), err)
					return
				}
			}
			if seq != rounds*perRound+1 {
				t.Errorf("run %s has %d events, want %d", id, seq, rounds*perRound+1)
			}
		})
	}
	w.Wait()
}

// TestStopTellsWorkersToComeBack: GoAway, then the end of the stream, and Stop does not wait for the worker to close.
func TestStopTellsWorkersToComeBack(t *testing.T) {
	f := newFixture(t, settings{})
	stream, err := attach(t.Context(), f.grpcWorker(), secret, helloOf(f.starting(), "w", true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	f.stop()
	if took := time.Since(began); took > 8*time.Second {
		t.Errorf("Stop took %s", took)
	}
	m, err := stream.Recv()
	if err != nil || m.GetGoAway() == nil {
		t.Errorf("at the stop the worker got %v, %v", m, err)
	}
	if _, err := stream.Recv(); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the stream goes on after GoAway: %v", err)
	}
}
