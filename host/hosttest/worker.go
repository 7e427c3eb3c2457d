package hosttest

import (
	"context"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// worker plays one attempt of one run: it executes nothing, but reports every
// op that it was told to execute. It lives inside the peer. Only with
// Behavior.Outlive does it come back when its stream breaks.
type worker struct {
	process *process
	start   *usercodev1.StartRunRequest
	job     *usercodev1.JobDefinition
	id      string

	link  *link
	spec  *workerv1.RunSpec // nil before the grant
	sent  [][]byte          // every event so far
	beat  time.Duration     // how often the host wants to hear something
	clock time.Duration     // since startedAt; events need times, nobody needs real ones
	asked chan *workerv1.Cancel
}

// defaultBeat is used with a host that names none.
const defaultBeat = 10 * time.Second

// run attaches, asks for the grant, and plays the run.
func (w *worker) run(ctx context.Context) error {
	w.asked, w.beat = make(chan *workerv1.Cancel, 1), defaultBeat
	if err := w.attach(ctx); err != nil {
		return err
	}
	defer func() { w.link.close() }()
	w.process.peer.record(func(r *Recorded) {
		r.Grants = append(r.Grants, Grant{
			RunID: w.start.GetRunId(), Attempt: w.start.GetAttempt(), WorkerID: w.id,
			Protocol: w.process.behavior.Protocol, CodeVersion: w.process.behavior.CodeVersion,
		})
	})
	return w.play(ctx)
}

// play reports the whole run and waits until all of it is on disk.
func (w *worker) play(ctx context.Context) error {
	paths := w.spec.GetOpPaths()
	if len(paths) == 0 {
		paths = opPaths(w.job)
	}
	e := event("run_started", "")
	e.Detail = &workerv1.Event_RunStarted{RunStarted: &workerv1.RunStarted{Ops: uint32(len(paths))}}
	if err := w.send(ctx, e); err != nil {
		return err
	}
	if w.process.behavior.Future {
		if err := w.sendFuture(ctx); err != nil {
			return err
		}
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
	if o := w.process.behavior.Outcome; o != workerv1.Outcome_OUTCOME_UNSPECIFIED {
		outcome = o
	}
	e = event("run_finished", "")
	e.Detail = &workerv1.Event_RunFinished{RunFinished: &workerv1.RunFinished{Outcome: outcome, Failure: failure}}
	if err := w.send(ctx, e); err != nil {
		return err
	}
	return w.finish(ctx)
}

// playOp reports one op. After another one did not end well, it is skipped.
func (w *worker) playOp(ctx context.Context, path string, before workerv1.Outcome) (workerv1.Outcome, *workerv1.Failure, error) {
	end := &workerv1.OpFinished{Outcome: workerv1.Outcome_OUTCOME_SKIPPED}
	if before == workerv1.Outcome_OUTCOME_SUCCESS {
		e := event("op_started", path)
		e.Detail = &workerv1.Event_OpStarted{OpStarted: &workerv1.OpStarted{}}
		if err := w.send(ctx, e); err != nil {
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
	return end.GetOutcome(), end.GetFailure(), w.send(ctx, e)
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
	beat := time.NewTicker(w.beat)
	defer beat.Stop()
	for {
		select {
		case <-done:
			return false, nil
		case <-beat.C:
			if err := w.link.heartbeat(); err != nil {
				if err := w.reattach(ctx, err); err != nil {
					return false, err
				}
				beat.Reset(w.beat)
			}
		case <-w.asked:
			return true, nil
		case <-w.link.acked:
		case err := <-w.link.failed:
			if err := w.reattach(ctx, err); err != nil {
				return false, err
			}
			beat.Reset(w.beat)
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

func (w *worker) send(ctx context.Context, e *workerv1.Event) error {
	w.clock += time.Millisecond
	e.Time = timestamppb.New(startedAt.Add(w.clock))
	encoded := marshal(e)
	if w.process.behavior.Future {
		encoded = marshal(WithUnknown(e))
	}
	w.sent = append(w.sent, encoded)
	if err := w.link.events(w.seq(), encoded); err != nil {
		return w.reattach(ctx, err)
	}
	return nil
}

// sendFuture sends what no host of this tree knows: an event of a new kind with
// a detail of its own, and a message of a new kind.
func (w *worker) sendFuture(ctx context.Context) error {
	e := event("op_dreamt", "")
	e.Message = FutureText
	detail := protowire.AppendTag(nil, 99, protowire.BytesType)
	e.ProtoReflect().SetUnknown(protowire.AppendString(detail, FutureText))
	if err := w.send(ctx, e); err != nil {
		return err
	}
	var m workerv1.AttachRequest
	m.ProtoReflect().SetUnknown(protowire.AppendString(protowire.AppendTag(nil, 99, protowire.BytesType), FutureText))
	if err := w.link.send(&m); err != nil {
		return w.reattach(ctx, err)
	}
	return nil
}

// finish says that nothing follows, and waits until all of it is on disk.
func (w *worker) finish(ctx context.Context) error {
	for {
		err := w.link.finished(ctx, w.seq())
		if err == nil {
			return nil
		}
		if err := w.reattach(ctx, err); err != nil {
			return err
		}
	}
}

// seq is the number of the last event.
func (w *worker) seq() uint64 { return uint64(len(w.sent)) }

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
