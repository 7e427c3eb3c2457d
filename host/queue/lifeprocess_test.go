package queue_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/attempt"
	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// process is a worker process, from its start on. Life.mu guards dead; the rest is of the test's steps.
type process struct {
	id         string
	run        host.RunID
	attempt    uint32
	token      string
	definition host.Digest
	dead       bool
	// granted: its user code runs. over: it has made its last event. told: it was told to end.
	granted, over, told bool
	made                [][]byte
	// acked is what it was told to be stored.
	acked   uint64
	streams []*stream
}

// stream is one of a process, as both sides see it.
type stream struct {
	*attempt.Session

	welcomed bool
}

// spawn starts a process for a start.
func (w *life) spawn(r host.StartRequest) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := &process{
		id: fmt.Sprintf("process-%d", len(w.processes)), run: r.Run, attempt: r.Attempt, token: r.Token, definition: r.Definition,
	}
	w.processes = append(w.processes, p)
}

// refusals are the reasons of servers, those that end a run last.
var refusals = []string{"OVERLOADED", "DRAINING", "WRONG_SERVER", "DEFINITION_CHANGED", "NOT_FOUND", "HOST_UNREACHABLE", "ANOTHER"}

// Start is of the launcher: anything may come of it.
func (w *life) Start(ctx context.Context, r host.StartRequest) (host.StartOutcome, error) {
	switch mishap := w.intN(12); {
	case !w.oneIn(1): // all is quiet
	case mishap == 0:
		return host.StartOutcome{ServerID: "s", Refusal: &host.StartRefusal{Reason: refusals[w.intN(len(refusals))], Message: "by chance"}}, nil
	case mishap == 1: // nothing was heard of, and nothing will be
		return host.StartOutcome{}, errors.New("no answer")
	case mishap == 2: // the reply is lost
		w.spawn(r)
		return host.StartOutcome{ServerID: "s", Among: w.oneIn(2)}, errors.New("no answer")
	case mishap == 3: // it hangs, and may have started something
		if w.oneIn(2) {
			w.spawn(r)
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(w.intN(20)) * time.Second):
		}
		return host.StartOutcome{}, errors.New("no answer in time")
	}
	w.spawn(r)
	if w.oneIn(10) {
		w.spawn(r) // a proxy repeated it at another server
	}
	return host.StartOutcome{ServerID: "s", Among: w.oneIn(2), Worker: host.WorkerState{Phase: host.WorkerStarting, ServerID: "s"}}, nil
}

// Cancel kills, unless the server is out of reach.
func (w *life) Cancel(_ context.Context, _ string, id host.RunID, n uint32, _ time.Duration, _ bool) (host.WorkerState, error) {
	if w.oneIn(4) {
		return host.WorkerState{}, errors.New("out of reach")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.processes {
		if p.run == id && p.attempt == n {
			p.dead = true
		}
	}
	return host.WorkerState{Phase: host.WorkerEnded}, nil
}

// Attempt says whether a process lives, unless the server is out of reach.
func (w *life) Attempt(_ context.Context, _ string, id host.RunID, n uint32) (host.WorkerState, error) {
	if w.oneIn(4) {
		return host.WorkerState{}, &host.Error{Code: host.Unavailable, Reason: []string{"LOCATION_CALL", "SERVER_UNREACHABLE"}[w.intN(2)], Message: "out of reach"}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	state := host.WorkerState{Phase: host.WorkerUnknown}
	for _, p := range w.processes {
		switch {
		case p.run != id || p.attempt != n:
		case !p.dead:
			return host.WorkerState{Phase: host.WorkerRunning}, nil
		default:
			state.Phase = host.WorkerEnded
		}
	}
	return state, nil
}

// everybody is all processes that ever were.
func (w *life) everybody() []*process {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.processes)
}

// live are the processes that live.
func (w *life) live() (all []*process) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.processes {
		if !p.dead {
			all = append(all, p)
		}
	}
	return all
}

func (w *life) attach(p *process) {
	d := p.definition
	s, err := w.sessions.Attach(w.t.Context(), p.token, &workerv1.Hello{
		RunId: string(p.run), Attempt: p.attempt, WorkerId: p.id, WantGrant: !p.granted, Handle: p.id,
		DefinitionDigest: d[:], LastSeq: uint64(len(p.made)),
	})
	switch {
	case err == nil:
		p.streams = append(p.streams, &stream{Session: s})
	case !w.store.down():
		w.t.Fatalf("attach %s: %v", p.id, err)
	}
}

// deliver brings to the process what its stream holds.
func (w *life) deliver(p *process, s *stream) {
	out, last := s.Take()
	for _, m := range out {
		switch {
		case m.GetWelcome() != nil:
			s.welcomed = true
			p.acked = max(p.acked, m.GetWelcome().GetAckedSeq())
		case m.GetGrant() != nil:
			w.grant(p, m.GetGrant().GetRun())
		case m.GetAck() != nil:
			p.acked = max(p.acked, m.GetAck().GetSeq())
		case m.GetCancel() != nil:
			p.told = true
		case m.GetDenied() != nil:
			p.over = true // it ends, and says no more
			w.kill(p)
		}
	}
	if last {
		p.closeStream(s)
	}
}

// grant lets user code start.
func (w *life) grant(p *process, spec *workerv1.RunSpec) {
	if spec.GetRunId() != string(p.run) || spec.GetAttempt() != p.attempt {
		w.t.Fatalf("%s of attempt %d of %s was granted attempt %d of %s", p.id, p.attempt, p.run, spec.GetAttempt(), spec.GetRunId())
	}
	for _, other := range w.everybody() {
		if other != p && other.run == p.run && other.attempt == p.attempt && other.granted {
			w.t.Fatalf("user code of attempt %d of %s started in %s and in %s", p.attempt, p.run, other.id, p.id)
		}
	}
	p.granted = true
}

func (w *life) kill(p *process) {
	w.mu.Lock()
	p.dead = true
	w.mu.Unlock()
	for len(p.streams) > 0 {
		p.closeStream(p.streams[0])
	}
}

func (p *process) closeStream(s *stream) {
	s.Close()
	for i := range p.streams {
		if p.streams[i] == s {
			p.streams = append(p.streams[:i:i], p.streams[i+1:]...)
			return
		}
	}
}

// say makes an event.
func (p *process) say(e *workerv1.Event) {
	data, err := proto.Marshal(e)
	if err != nil {
		panic(err)
	}
	p.made = append(p.made, data)
}

// end makes the last event.
func (p *process) end(o workerv1.Outcome) {
	p.over = true
	end := &workerv1.RunFinished{Outcome: o}
	if o == workerv1.Outcome_OUTCOME_FAILURE {
		end.Failure = &workerv1.Failure{Reason: "op_failure", Message: "by chance"}
	}
	p.say(&workerv1.Event{Kind: "run_finished", Detail: &workerv1.Event_RunFinished{RunFinished: end}})
}

// tag makes an event that gives its run tags, one of which is refused.
func (p *process) tag() {
	p.say(&workerv1.Event{Kind: "tags_added", Detail: &workerv1.Event_TagsAdded{TagsAdded: &workerv1.TagsAdded{Tags: []*tagv1.Tag{
		{Key: "events", Value: fmt.Sprint(len(p.made))}, {Key: "penstock/max_retries", Value: "100"},
	}}}})
}

// send sends events over a stream, and ends it as the host does when it makes an error.
func (w *life) send(p *process, s *stream, first, last int) {
	err := s.Receive(w.t.Context(), &workerv1.AttachRequest{Message: &workerv1.AttachRequest_Events{
		Events: &workerv1.EventBatch{FirstSeq: uint64(first), Events: p.made[first-1 : last]},
	}})
	if err == nil {
		return
	}
	if host.ReasonOf(err) != "EVENT_GAP" && !w.store.down() {
		w.t.Fatalf("events %d to %d of %s: %v", first, last, p.id, err)
	}
	if w.oneIn(2) {
		w.deliver(p, s) // what the host said before counts, also when it crashes now
	}
	p.closeStream(s)
}

// finish is a worker's last word.
func (w *life) finish(p *process, s *stream) {
	err := s.Receive(w.t.Context(), &workerv1.AttachRequest{Message: &workerv1.AttachRequest_Finished{
		Finished: &workerv1.Finished{LastSeq: uint64(len(p.made))},
	}})
	if err != nil {
		if host.ReasonOf(err) != "WORKER_STREAM" && !w.store.down() { // what another stream stored, this one may not know
			w.t.Fatalf("the last word of %s: %v", p.id, err)
		}
		p.closeStream(s)
	}
}
