package hosttest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	grpcmetadata "google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// worker plays one attempt of one run: it executes nothing, but reports every
// op that it was told to execute. It lives inside the peer and does not come
// back when its stream breaks.
type worker struct {
	process *process
	start   *usercodev1.StartRunRequest
	job     *usercodev1.JobDefinition
	id      string

	stream grpc.BidiStreamingClient[workerv1.AttachRequest, workerv1.AttachResponse]
	seq    uint64
	clock  time.Duration // since startedAt; events need times, nobody needs real ones
	asked  chan *workerv1.Cancel
	acked  chan uint64
	failed chan error
}

// run attaches, asks for the grant, and plays the run.
func (w *worker) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cc, err := dialHost(w.start.GetHostAddress())
	if err != nil {
		return err
	}
	defer func() { _ = cc.Close() }()
	ctx = grpcmetadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+w.start.GetToken())
	if w.stream, err = workerv1.NewWorkerServiceClient(cc).Attach(ctx); err != nil {
		return fmt.Errorf("attach to %s: %w", w.start.GetHostAddress(), err)
	}
	spec, err := w.hello()
	if err != nil {
		return err
	}
	w.asked, w.acked, w.failed = make(chan *workerv1.Cancel, 1), make(chan uint64, 1), make(chan error, 1)
	received := make(chan struct{})
	go func() {
		defer close(received)
		w.receive(ctx)
	}()
	err = w.play(ctx, spec)
	cancel()
	<-received
	return err
}

// dialHost is the way to a host's address in the form of StartRunRequest.
func dialHost(address string) (*grpc.ClientConn, error) {
	creds := insecure.NewCredentials()
	target, plain := strings.CutPrefix(address, "http://")
	if !plain {
		target = strings.TrimPrefix(address, "https://")
		creds = credentials.NewTLS(nil)
	}
	cc, err := grpc.NewClient("passthrough:///"+target, grpc.WithTransportCredentials(creds), grpc.WithNoProxy())
	if err != nil {
		return nil, fmt.Errorf("dial host %s: %w", address, err)
	}
	return cc, nil
}

// hello asks whether to start; the answer is what to run.
func (w *worker) hello() (*workerv1.RunSpec, error) {
	err := w.stream.Send(&workerv1.AttachRequest{Message: &workerv1.AttachRequest_Hello{Hello: &workerv1.Hello{
		RunId: w.start.GetRunId(), Attempt: w.start.GetAttempt(), WorkerId: w.id, ServerId: w.process.id,
		ProtocolVersion: w.process.behavior.Protocol, Handle: "inside a peer", WantGrant: true,
		DefinitionDigest: w.start.GetDefinitionDigest(),
	}}})
	if err != nil {
		return nil, fmt.Errorf("say hello: %w", err)
	}
	for {
		m, err := w.stream.Recv()
		switch {
		case err != nil:
			return nil, fmt.Errorf("wait for the grant: %w", err)
		case m.GetGrant() != nil:
			return m.GetGrant().GetRun(), nil
		case m.GetDenied() != nil:
			return nil, fmt.Errorf("denied: %s: %s", m.GetDenied().GetReason(), m.GetDenied().GetMessage())
		}
	}
}

// receive passes on what the host says until the stream ends.
func (w *worker) receive(ctx context.Context) {
	for {
		m, err := w.stream.Recv()
		if err == nil && m.GetDenied() != nil {
			err = fmt.Errorf("denied: %s: %s", m.GetDenied().GetReason(), m.GetDenied().GetMessage())
		}
		switch {
		case err != nil:
			w.failed <- err
			return
		case m.GetCancel() != nil:
			select {
			case w.asked <- m.GetCancel():
			default: // one is enough
			}
		case m.GetAck() != nil:
			select {
			case w.acked <- m.GetAck().GetSeq():
			case <-ctx.Done():
				return
			}
		}
	}
}

// play reports the whole run and waits until all of it is on disk.
func (w *worker) play(ctx context.Context, spec *workerv1.RunSpec) error {
	paths := spec.GetOpPaths()
	if len(paths) == 0 {
		paths = opPaths(w.job)
	}
	e := event("run_started", "")
	e.Detail = &workerv1.Event_RunStarted{RunStarted: &workerv1.RunStarted{Ops: uint32(len(paths))}}
	if err := w.send(e); err != nil {
		return err
	}
	outcome, failure := workerv1.Outcome_OUTCOME_SUCCESS, (*workerv1.Failure)(nil)
	for _, path := range paths {
		o, f, err := w.playOp(ctx, path, outcome)
		if err != nil {
			return err
		}
		if outcome == workerv1.Outcome_OUTCOME_SUCCESS {
			outcome, failure = o, f
		}
	}
	e = event("run_finished", "")
	e.Detail = &workerv1.Event_RunFinished{RunFinished: &workerv1.RunFinished{Outcome: outcome, Failure: failure}}
	if err := w.send(e); err != nil {
		return err
	}
	err := w.stream.Send(&workerv1.AttachRequest{Message: &workerv1.AttachRequest_Finished{Finished: &workerv1.Finished{LastSeq: w.seq}}})
	if err != nil {
		return fmt.Errorf("finish: %w", err)
	}
	return w.awaitAck(ctx)
}

// playOp reports one op. After another one did not end well, it is skipped.
func (w *worker) playOp(ctx context.Context, path string, before workerv1.Outcome) (workerv1.Outcome, *workerv1.Failure, error) {
	end := &workerv1.OpFinished{Outcome: workerv1.Outcome_OUTCOME_SKIPPED}
	if before == workerv1.Outcome_OUTCOME_SUCCESS {
		e := event("op_started", path)
		e.Detail = &workerv1.Event_OpStarted{OpStarted: &workerv1.OpStarted{}}
		if err := w.send(e); err != nil {
			return 0, nil, err
		}
		end.Outcome, end.Duration = workerv1.Outcome_OUTCOME_SUCCESS, durationpb.New(time.Millisecond)
		if path == w.process.behavior.FailOp {
			end.Outcome = workerv1.Outcome_OUTCOME_FAILURE
			end.Failure = &workerv1.Failure{Reason: "error", Message: "the peer was told to fail this op"}
		}
		if canceled, err := w.busy(ctx); err != nil {
			return 0, nil, err
		} else if canceled {
			end.Outcome = workerv1.Outcome_OUTCOME_CANCELED
		}
	}
	e := event("op_finished", path)
	e.Detail = &workerv1.Event_OpFinished{OpFinished: end}
	return end.GetOutcome(), end.GetFailure(), w.send(e)
}

// busy does an op's work: that of the peer's behavior, or none, or without end if the peer holds its workers.
func (w *worker) busy(ctx context.Context) (canceled bool, err error) {
	b := w.process.behavior
	if !b.HoldWorkers && b.Work == nil {
		select {
		case <-w.asked:
			return true, nil
		default:
			return false, nil
		}
	}
	var done chan struct{} // nil never closes
	if !b.HoldWorkers {
		working, stop := context.WithCancel(ctx)
		done = make(chan struct{})
		go func() {
			defer close(done)
			b.Work(working)
		}()
		defer func() {
			stop()
			<-done
		}()
	}
	for {
		select {
		case <-done:
			return false, nil
		case <-w.asked:
			return true, nil
		case <-w.acked:
		case err := <-w.failed:
			return false, err
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

func (w *worker) send(e *workerv1.Event) error {
	w.clock += time.Millisecond
	e.Time = timestamppb.New(startedAt.Add(w.clock))
	batch := &workerv1.EventBatch{FirstSeq: w.seq + 1, Events: [][]byte{marshal(e)}}
	w.seq++
	if err := w.stream.Send(&workerv1.AttachRequest{Message: &workerv1.AttachRequest_Events{Events: batch}}); err != nil {
		return fmt.Errorf("send event %d: %w", w.seq, err)
	}
	return nil
}

func (w *worker) awaitAck(ctx context.Context) error {
	for {
		select {
		case seq := <-w.acked:
			if seq >= w.seq {
				return w.stream.CloseSend()
			}
		case err := <-w.failed:
			select {
			case seq := <-w.acked:
				if seq >= w.seq {
					return nil // the host closed right after it
				}
			default:
			}
			return fmt.Errorf("wait for the last acknowledgement: %w", err)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func event(kind, path string) *workerv1.Event {
	e := &workerv1.Event{Kind: kind, OpPath: path}
	if path != "" {
		e.OpAttempt = 1
	}
	return e
}

// opPaths are the paths of all ops of a job, in the order placed.
func opPaths(job *usercodev1.JobDefinition) (paths []string) {
	named := map[string]*usercodev1.GraphDefinition{}
	for _, g := range job.GetGraphs() {
		named[g.GetName()] = g
	}
	var walk func(g *usercodev1.GraphDefinition, above []string)
	walk = func(g *usercodev1.GraphDefinition, above []string) {
		for _, n := range g.GetNodes() {
			path := append(slices.Clone(above), n.GetName())
			if inner := named[n.GetGraph()]; inner != nil {
				walk(inner, path)
			} else {
				paths = append(paths, strings.Join(path, "."))
			}
		}
	}
	walk(job.GetGraph(), nil)
	return paths
}
